"""What a load is to do, checked before anything is sent."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from urllib.parse import SplitResult, urlsplit

from lab_helpers.errors import LoadRefused

MOST = 5_000.0  # requests a second: enough for any lab, and too few to do harm
LONGEST = 24 * 60.0  # minutes
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")  # an answer to HEAD does not tell the parser where it ends
OPTIONS = ("method", "headers", "body", "timeout")
SAFE = {"GET", "PUT", "DELETE"}  # may be sent again when a kept-alive connection has just been closed
OWN = {"host", "content-length", "transfer-encoding"}  # headers that follow from the rest


@dataclass(frozen=True)
class Plan:
    """One load, in words that its sender understands.

    Parameters
    ----------
    url : str
        The page that is asked for.
    address, port : str, int
        Where to connect.
    tls : bool
        Whether to speak TLS.
    method : str
        The HTTP method.
    message : str
        The whole request, one character a byte.
    rps : float
        Requests a second, at the beginning.
    seconds : float
        How long to send, in real seconds.
    timeout : float
        Seconds after which a request without a whole answer has failed.
    """

    url: str
    address: str
    port: int
    tls: bool
    method: str
    message: str
    rps: float
    seconds: float
    timeout: float

    @property
    def host(self) -> str:
        """The name that the server's certificate must carry."""
        return urlsplit(self.url).hostname or ""

    @property
    def repeatable(self) -> bool:
        """Whether a request may be sent again without harm."""
        return self.method in SAFE

    def line(self) -> str:
        """The plan as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, line: str) -> "Plan":
        """The plan that `line` wrote."""
        return cls(**json.loads(line))


def split(url: object) -> SplitResult:
    """The parts of a URL that can be asked for.

    Raises
    ------
    LoadRefused
        When it is none.
    """
    remedy = 'Give the address of your load balancer: lab.url("NAME").'
    if not isinstance(url, str):
        raise LoadRefused(f"A load needs a URL, not {type(url).__name__}.", remedy)
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it raises when it is no number
    except ValueError as error:
        raise LoadRefused(f"{url} is not a URL: {error}.", remedy) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise LoadRefused(f"{url or 'Nothing'} is not a URL that begins with http:// or https://.", remedy)
    if parts.username is not None:
        raise LoadRefused(
            "The URL holds a user and a password.", "Send them in a header: headers={'Authorization': ...}."
        )
    if any(character <= " " or character > "~" for character in url):
        raise LoadRefused(f"{url!r} holds a space or a letter that a URL cannot hold.", "Use urllib.parse.quote.")
    return parts


def rate(rps: object) -> float:
    """A rate that can be sent.

    Raises
    ------
    LoadRefused
        When it is none.
    """
    found = _number(rps, "rps", "Use load.stop() to end a load.")
    if found > MOST:
        raise LoadRefused(f"rps is {found:g}; a load sends at most {MOST:,.0f} requests a second.", "Ask for less.")
    return found


def plan(
    url: object,
    rps: object,
    minutes: object,
    speed: float,
    address: str = "",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | str = b"",
    timeout: float = 10.0,
) -> Plan:
    """Check what was asked for and make a plan of it.

    Parameters
    ----------
    url, rps, minutes
        As `Lab.load` has them.
    speed : float
        How many times shorter AWS's minutes are here.
    address : str
        Where to connect; the URL's own host when empty.
    method, headers, body, timeout
        As `Lab.load` has them.

    Raises
    ------
    LoadRefused
        When something of it makes no sense.
    """
    parts = split(url)
    length = _number(minutes, "minutes", "")
    if length > LONGEST:
        raise LoadRefused(f"minutes is {length:g}; a load lasts at most {LONGEST:,.0f}.", "Ask for less.")
    if method not in METHODS:
        raise LoadRefused(f"A load cannot send {method!r}.", f"Use one of {', '.join(METHODS)}.")
    content = body.encode() if isinstance(body, str) else bytes(body)
    tls = parts.scheme == "https"
    return Plan(
        url=str(url),
        address=address or parts.hostname or "",
        port=parts.port or (443 if tls else 80),
        tls=tls,
        method=method,
        message=_message(parts, method, headers or {}, content),
        rps=rate(rps),
        seconds=length * 60 / speed,
        timeout=_number(timeout, "timeout", ""),
    )


def _message(parts: SplitResult, method: str, headers: Mapping[str, str], body: bytes) -> str:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
    given = {name.lower() for name in headers}
    for name, value in {"User-Agent": "lab.load", "Accept": "*/*"}.items():
        if name.lower() not in given:
            lines.append(f"{name}: {value}")
    for name, value in headers.items():
        line = f"{name}: {value}"
        if name.lower() in OWN:
            raise LoadRefused(f"The header {name} follows from the URL and the body.", "Leave it out.")
        if not name or not line.isprintable() or any(one in name for one in ' :"(),/<=>?@[]{}') or not line.isascii():
            raise LoadRefused(f"{line!r} is not a header.", "Use plain letters in one line.")
        lines.append(line)
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]) + body.decode("latin-1")


def _number(value: object, name: str, remedy: str) -> float:
    """A number above 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise LoadRefused(f"{name} is {value!r}, which is no number.", remedy or f"Give {name} a number above 0.")
    if not math.isfinite(value) or value <= 0:
        raise LoadRefused(f"{name} is {value:g}; it must be above 0.", remedy or f"Give {name} a number above 0.")
    return float(value)
