"""Check the AWS signature (version 4) of a request.

Follows "Create a signed AWS API request" of the AWS IAM User Guide, seen from the server's side: the canonical
request is rebuilt from what arrived, signed again with the key pair that the caller claims to hold, and compared in
constant time.
"""

import calendar
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_SKEW_SECONDS = 15 * 60
UNSIGNED_BODIES = ("UNSIGNED-PAYLOAD", "STREAMING-")
SERVICES_WITH_PLAIN_PATHS = ("s3",)


@dataclass(frozen=True)
class Request:
    """What arrived, as far as a signature covers it.

    Parameters
    ----------
    method : str
        The HTTP method.
    path : str
        The path as it stood on the wire, still percent-encoded.
    query : str
        The query string as it stood on the wire, without the question mark.
    headers : Mapping[str, str]
        Header values by lower-case name.
    body : bytes
        The whole body.
    arrived : float
        When it came, in epoch seconds.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    arrived: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Signer:
    """Who signed, for which service and region, and with which session token."""

    access_key: str
    region: str
    service: str
    token: str = ""


class Refused(Exception):  # noqa: N818
    """The signature does not hold.

    Parameters
    ----------
    kind : str
        One of ``missing``, ``incomplete``, ``unknown-key``, ``expired``, ``mismatch``, ``expired-token``.
    message : str
        What to tell the caller.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


@dataclass(frozen=True)
class _Claim:
    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    expires: float
    token: str
    in_query: bool


def verify(request: Request, secret_of: Callable[[str], str | None], now: float, lasts: float | None = None) -> Signer:
    """Say who signed this request.

    Parameters
    ----------
    request : Request
        What arrived.
    secret_of : callable
        From an access key id to its secret key, or None when the key is unknown.
    now : float
        The time, in epoch seconds.
    lasts : float, optional
        How many seconds the signature holds, whatever a presigned URL says of itself.

    Returns
    -------
    Signer
        The holder of the key, and the scope of the signature.

    Raises
    ------
    Refused
        When there is no signature, or it does not hold.
    """
    claim = _claim(request)
    secret = secret_of(claim.access_key)
    if secret is None:
        raise Refused("unknown-key", "The security token included in the request is invalid.")
    _check_time(claim, now, claim.expires if lasts is None else lasts)
    canonical = _canonical_request(request, claim)
    scope = f"{claim.date}/{claim.region}/{claim.service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join((ALGORITHM, claim.timestamp, scope, digest))
    key = _hmac(f"AWS4{secret}".encode(), claim.date)
    for part in (claim.region, claim.service, "aws4_request"):
        key = _hmac(key, part)
    expected = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, claim.signature):
        raise Refused(
            "mismatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        )
    return Signer(claim.access_key, claim.region, claim.service, claim.token)


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _claim(request: Request) -> _Claim:
    header = request.headers.get("authorization", "")
    if header:
        return _header_claim(request, header)
    query = _pairs(request.query)
    if query.get("X-Amz-Algorithm") == ALGORITHM:
        return _query_claim(query)
    raise Refused("missing", "Missing Authentication Token")


def _header_claim(request: Request, header: str) -> _Claim:
    kind, _, rest = header.partition(" ")
    if kind != ALGORITHM:
        raise Refused("incomplete", "Authorization header requires the AWS4-HMAC-SHA256 algorithm.")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    timestamp = request.headers.get("x-amz-date", "")
    return _build_claim(
        credential=fields.get("Credential", ""),
        signed=fields.get("SignedHeaders", ""),
        signature=fields.get("Signature", ""),
        timestamp=timestamp,
        expires=MAX_SKEW_SECONDS,
        token=request.headers.get("x-amz-security-token", ""),
        in_query=False,
    )


def _query_claim(query: Mapping[str, str]) -> _Claim:
    try:
        expires = float(query.get("X-Amz-Expires", "900"))
    except ValueError:
        raise Refused("incomplete", "X-Amz-Expires should be a number") from None
    return _build_claim(
        credential=query.get("X-Amz-Credential", ""),
        signed=query.get("X-Amz-SignedHeaders", ""),
        signature=query.get("X-Amz-Signature", ""),
        timestamp=query.get("X-Amz-Date", ""),
        expires=min(expires, 7 * 86400),
        token=query.get("X-Amz-Security-Token", ""),
        in_query=True,
    )


def _build_claim(
    *, credential: str, signed: str, signature: str, timestamp: str, expires: float, token: str, in_query: bool
) -> _Claim:
    scope = credential.split("/")
    if len(scope) < 5 or scope[-1] != "aws4_request" or not signed or not signature or not timestamp:
        raise Refused(
            "incomplete",
            "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters, "
            "and the existence of either a 'X-Amz-Date' or a 'Date' header.",
        )
    date, region, service = scope[-4], scope[-3], scope[-2]
    headers = tuple(signed.lower().split(";"))
    if "host" not in headers:
        raise Refused("incomplete", "'Host' must be a 'SignedHeader' in the AWS Authorization.")
    key = "/".join(scope[:-4])
    return _Claim(key, date, region, service, headers, signature, timestamp, expires, token, in_query)


def _check_time(claim: _Claim, now: float, lasts: float) -> None:
    try:
        signed_at = calendar.timegm(time.strptime(claim.timestamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise Refused("incomplete", f"Date must be in ISO-8601 'basic format'. Got '{claim.timestamp}'.") from None
    if not claim.timestamp.startswith(claim.date):
        raise Refused("incomplete", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date.")
    if now > signed_at + lasts or signed_at > now + MAX_SKEW_SECONDS:
        raise Refused("expired", f"Signature expired: {claim.timestamp} is too far from this computer's clock.")


def _canonical_request(request: Request, claim: _Claim) -> str:
    path = request.path or "/"
    if claim.service not in SERVICES_WITH_PLAIN_PATHS:
        path = quote(_without_dots(path), safe="/~")
    query = _canonical_query(request.query, claim.in_query)
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in claim.signed_headers)
    return "\n".join(
        (
            request.method,
            path,
            query,
            headers,
            ";".join(claim.signed_headers),
            _body_hash(request, claim.service, claim.in_query),
        )
    )


def _without_dots(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    end = "/" if path.endswith("/") and parts else ""
    return "/" + "/".join(parts) + end


def _body_hash(request: Request, service: str, in_query: bool) -> str:
    claimed = request.headers.get("x-amz-content-sha256", "")
    if claimed.startswith(UNSIGNED_BODIES):
        return claimed
    if in_query and service in SERVICES_WITH_PLAIN_PATHS:
        return "UNSIGNED-PAYLOAD"
    actual = hashlib.sha256(request.body).hexdigest()
    if claimed and claimed != actual:
        raise Refused("mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
    return actual


def _pairs(query: str) -> dict[str, str]:
    found = {}
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            found[unquote(name)] = unquote(value)
    return found


def _canonical_query(query: str, in_query: bool) -> str:
    pairs = []
    for part in query.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        if in_query and unquote(name) == "X-Amz-Signature":
            continue
        pairs.append((quote(unquote(name), safe="-_.~"), quote(unquote(value), safe="-_.~")))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
