"""Bearer tokens of the Kubernetes API: ``k8s-aws-v1.`` and a presigned URL of STS.

``aws eks get-token`` makes one without asking anybody: it signs a GetCallerIdentity, with the cluster's name in a
header that the signature covers, so that a token for one cluster is none for another.

References
----------
https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

from ..wire.sigv4 import Refused, Request, Signer, verify

PREFIX = "k8s-aws-v1."
LASTS_SECONDS = 15 * 60
HEADER = "x-k8s-aws-id"
LONGEST = 16_384
PARAMETERS = {
    *("action", "version", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires"),
    *("x-amz-security-token", "x-amz-signature", "x-amz-signedheaders", "x-amz-user-agent"),
}
HERE = ("127.0.0.1", "localhost")


class BadToken(Exception):  # noqa: N818
    """Why a token is none; told to the log only."""


def signer(token: str, cluster: str, secret_of: Callable[[str], str | None], now: float) -> Signer:
    """Who signed a token.

    Parameters
    ----------
    token : str
        What stands behind ``Bearer``.
    cluster : str
        The cluster that it must be for.
    secret_of : callable
        From an access key id to its secret key, or None.
    now : float
        The time in epoch seconds.

    Raises
    ------
    BadToken
        When it is not valid.
    """
    if not token.startswith(PREFIX) or len(token) > LONGEST:
        raise BadToken(f"a token begins with {PREFIX}")
    url = _url(token.removeprefix(PREFIX))
    parts = urlsplit(url)
    host = parts.netloc
    _check_host(parts.scheme, parts.hostname or "")
    query = {name.lower(): values for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    if set(query) - PARAMETERS or any(len(values) != 1 for values in query.values()):
        raise BadToken("the URL has parameters that it should not")
    if query.get("action") != ["GetCallerIdentity"] or parts.path not in ("", "/"):
        raise BadToken("the URL is not that of GetCallerIdentity")
    if HEADER not in query.get("x-amz-signedheaders", [""])[0].split(";"):
        raise BadToken(f"the header {HEADER} is not signed")
    headers: Mapping[str, str] = {"host": host, HEADER: cluster}
    request = Request("GET", parts.path or "/", parts.query, headers, b"")
    try:
        found = verify(request, secret_of, now, LASTS_SECONDS)
    except Refused as refused:
        raise BadToken(refused.message) from refused
    if found.service != "sts":
        raise BadToken("the signature is not for STS")
    return found


def _url(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise BadToken("it is not base64") from error


def _check_host(scheme: str, host: str) -> None:
    if scheme == "https" and (
        host == "sts.amazonaws.com" or (host.startswith("sts.") and host.endswith(".amazonaws.com"))
    ):
        return
    if host not in HERE:
        raise BadToken(f"{host} is not STS")
