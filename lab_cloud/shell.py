"""What ``python -m lab_cloud env`` prints: variables for AWS clients, in the words of the shell that reads them."""

import shlex
import sys
from collections.abc import Mapping

SHELLS = ("posix", "powershell", "cmd")
HOW = {
    "posix": 'eval "$(python -m lab_cloud env)"',
    "powershell": "python -m lab_cloud env | Out-String | Invoke-Expression",
    "cmd": "for /f \"delims=\" %i in ('python -m lab_cloud env') do %i",
}
# What leads a client to another account or another address, whatever else is set.
IN_THE_WAY = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
HERE = ("127.0.0.1", "localhost")


def detect(surroundings: Mapping[str, str], windows: bool = sys.platform == "win32") -> str:
    """The shell that most likely started this program.

    Parameters
    ----------
    surroundings : mapping of str to str
        The environment.
    windows : bool
        Whether this is Windows.

    Returns
    -------
    str
        One of `SHELLS`.
    """
    if not windows or "SHELL" in surroundings:  # Git Bash and the like
        return "posix"
    return "cmd" if "PROMPT" in surroundings else "powershell"


def changes(
    surroundings: Mapping[str, str], endpoint: str, access_key: str, secret_key: str, region: str
) -> dict[str, str | None]:
    """What must be set (or, where it is None, taken away) for an AWS client to reach the cloud and nothing else.

    Parameters
    ----------
    surroundings : mapping of str to str
        The environment as it is.
    endpoint, access_key, secret_key, region : str
        The cloud's.

    Notes
    -----
    Names: https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
    """
    found: dict[str, str | None] = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_PAGER": "",  # version 2 of the command line would open a pager and wait for a key
    }
    own = [name for name in surroundings if name.startswith("AWS_ENDPOINT_URL_")]
    found |= {name: None for name in (*IN_THE_WAY, *sorted(own)) if name in surroundings}
    if any(surroundings.get(name) for name in PROXIES):
        for name in ("NO_PROXY", "no_proxy"):
            already = [one for one in surroundings.get(name, "").split(",") if one and one not in HERE]
            found[name] = ",".join([*HERE, *already])
    return found


def lines(wanted: Mapping[str, str | None], shell: str) -> list[str]:
    """One command a line.

    Parameters
    ----------
    wanted : mapping of str to str or None
        As `changes` gives it.
    shell : str
        One of `SHELLS`.
    """
    return [_line(name, value, shell) for name, value in wanted.items()]


def _line(name: str, value: str | None, shell: str) -> str:
    if shell == "powershell":
        if value is None:
            return f"Remove-Item Env:{name} -ErrorAction SilentlyContinue"
        return f"$Env:{name} = '{value.replace(chr(39), chr(39) * 2)}'"
    if shell == "cmd":
        return f'set "{name}={value or ""}"'
    return f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}"
