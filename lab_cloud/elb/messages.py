"""HTTP heads and generated answers, as bytes.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
"""

import random
import re
import time
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from .model import NO_CHANGES, HeaderChanges

Header = tuple[bytes, bytes]

SERVER = b"awselb/2.0"
HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)
IDEMPOTENT = frozenset((b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE"))
LOOPBACK_NAMES = frozenset((b"127.0.0.1", b"localhost", b"[::1]"))

# what a request's header means to the load balancer; every other one is passed on as it is
HOST, CONNECTION, LENGTH, ENCODING, EXPECT, FORWARDED_FOR, TRACE, UPGRADE, REPLACED, DROPPED = range(1, 11)
MEANING = {
    b"host": HOST,
    b"connection": CONNECTION,
    b"content-length": LENGTH,
    b"transfer-encoding": ENCODING,
    b"expect": EXPECT,
    b"x-forwarded-for": FORWARDED_FOR,
    b"x-amzn-trace-id": TRACE,
    b"x-forwarded-proto": REPLACED,
    b"x-forwarded-port": REPLACED,
    b"keep-alive": DROPPED,
    b"proxy-connection": DROPPED,
    b"te": DROPPED,
    b"trailer": DROPPED,
    b"upgrade": UPGRADE,
}


ORDINARY, INVALID, DOUBTFUL = 0, -1, -2
"""Other headers: with a name of letters, digits and hyphens; with another one; with one that looks like a length."""
PLAIN_NAME = re.compile(rb"[A-Za-z0-9-]+")
LENGTHS = (b"contentlength", b"transferencoding")
CODINGS = frozenset((b"gzip", b"x-gzip", b"deflate", b"compress", b"x-compress", b"br", b"identity"))
HOST_VALUE = re.compile(rb"[A-Za-z0-9._~:%!$&'()*+,;=\[\]-]*")
# what has been looked at before
_known: dict[bytes, int] = {}
_hosts: set[bytes] = set()


class BadRequest(Exception):  # noqa: N818
    """A request that is answered with 400, or the status given."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(slots=True)
class RequestHead:
    """What a request's head says.

    Attributes
    ----------
    lines : list of bytes
        Header lines that are passed on unchanged.
    length : int or None
        The Content-Length.
    chunked : bool
        Whether the body comes in chunks.
    expects : bool
        Whether the client waits for 100 Continue.
    websocket : bool
        Whether the client offers to go on with WebSocket, the one protocol to which a load balancer changes.
    doubtful : bool
        Whether a header could be taken for a length.
    """

    lines: list[bytes]
    host: bytes | None = None
    length: int | None = None
    chunked: bool = False
    expects: bool = False
    websocket: bool = False
    doubtful: bool = False
    forwarded_for: bytes = b""
    trace: bytes = b""


def read_head(headers: list[Header], drop_invalid: bool = False) -> RequestHead:
    """Sort a request's headers into what the load balancer acts on and what it passes on.

    Parameters
    ----------
    headers : list
        As sent.
    drop_invalid : bool
        Whether headers whose names are not of letters, digits and hyphens are left out.

    Raises
    ------
    BadRequest
        For two hosts, two lengths, a length beside chunks, or an encoding other than ``chunked``: shapes by which one
        request could be smuggled inside another.
    """
    lines: list[bytes] = []
    head = RequestHead(lines)
    named: list[bytes] = []
    for name, value in headers:
        meaning = _known.get(name)
        if meaning is None:
            meaning = _meaning_of(name)
        if not meaning:
            lines.append(b"%b: %b\r\n" % (name, value))
        elif meaning == HOST:
            if head.host is not None:
                raise BadRequest("The request names two hosts.")
            if value not in _hosts and not _is_host(value):
                raise BadRequest("The request's Host is no host.")
            head.host = value
        elif meaning == CONNECTION:
            named += value.lower().split(b",")
        elif meaning == LENGTH:
            value = value.strip(b" \t")  # noqa: PLW2901
            if head.length is not None or head.chunked or not value.isdigit():
                raise BadRequest("The request's Content-Length is not one number.")
            head.length = int(value)
        elif meaning == ENCODING:
            if head.length is not None or head.chunked or value.strip(b" \t").lower() != b"chunked":
                reason = "The request's Transfer-Encoding is not chunked, or stands beside another length."
                raise BadRequest(reason, 501 if _is_coding(value) else 400)
            head.chunked = True
        elif meaning == EXPECT:
            head.expects = value.lower() == b"100-continue"
        elif meaning == FORWARDED_FOR:
            head.forwarded_for += (b", " if head.forwarded_for else b"") + value
        elif meaning == TRACE:
            head.trace = value
        elif meaning == UPGRADE:
            head.websocket = value.lower() == b"websocket"
        elif meaning < 0:
            head.doubtful = head.doubtful or (meaning == DOUBTFUL and not drop_invalid)
            if not drop_invalid:
                lines.append(b"%b: %b\r\n" % (name, value))
    if named:
        named = [name.strip() for name in named]
        head.lines = _without(lines, named)
    head.websocket = head.websocket and b"upgrade" in named and not head.length and not head.chunked
    return head


def _meaning_of(name: bytes) -> int:
    lower = name.lower()
    meaning = MEANING.get(lower)
    if meaning is None:
        meaning = ORDINARY
        if not PLAIN_NAME.fullmatch(name):
            meaning = DOUBTFUL if re.sub(rb"[^a-z0-9]", b"", lower) in LENGTHS else INVALID
    if len(_known) < 1024 and len(name) <= 64:
        _known[name] = meaning
    return meaning


def _is_host(value: bytes) -> bool:
    if not HOST_VALUE.fullmatch(value):
        return False
    if len(_hosts) < 1024 and len(value) <= 256:
        _hosts.add(value)
    return True


def _is_coding(value: bytes) -> bool:
    # a coding that load balancers do not have, rather than a shape meant to confuse
    return {one.strip() for one in value.lower().split(b",")} <= CODINGS


def _without(lines: list[bytes], named: list[bytes]) -> list[bytes]:
    # headers that the Connection header names belong to this hop only
    hop = set(named) - {b"close", b"keep-alive", b"upgrade", b""}
    return [line for line in lines if line.partition(b":")[0].lower() not in hop] if hop else lines


def changed(lines: list[bytes], changes: HeaderChanges) -> list[bytes]:
    """An answer's header lines with what the listener adds, in place of those of the same names."""
    added = {name.lower().encode(): f"{name}: {value}\r\n".encode() for name, value in changes.added}
    return [line for line in lines if line.partition(b":")[0].lower() not in added] + list(added.values())


def trace_id(given: bytes) -> bytes:
    """The X-Amzn-Trace-Id for the target: a new root, or the client's own with this hop added."""
    own = b"1-%08x-%024x" % (int(time.time()), random.getrandbits(96))
    if not given:
        return b"Root=" + own
    return b"Self=" + own + b";" + given if b"Root=" in given else b"Root=" + own + b";" + given


def host_for_target(host: bytes, listener_port: int, own_name: bytes, loopback_port: int) -> bytes:
    """The Host that the target sees, as if the client had come to the load balancer's own name and port.

    Parameters
    ----------
    host : bytes
        What the client sent.
    listener_port : int
        The port that the listener has on AWS; 80 and 443 are not shown.
    own_name : bytes
        The load balancer's DNS name, which stands for this machine's loopback address.
    loopback_port : int
        The port that the listener really has here.
    """
    name, separator, port = host.rpartition(b":")
    if not separator or not port.isdigit():
        name, port = host, b""
    if name.lower() in LOOPBACK_NAMES:
        name = own_name
    if listener_port in (80, 443):
        return name
    if not port or port == b"%d" % loopback_port:
        port = b"%d" % listener_port
    return name + b":" + port


def page(status: int, reason: str = "") -> bytes:
    """The body of an answer that the load balancer makes itself."""
    title = f"{status} {phrase(status)}"
    note = f"<p>{reason}</p>\r\n" if reason else ""
    text = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n"
        f"<body>\r\n<center><h1>{title}</h1>\r\n{note}</center>\r\n</body>\r\n</html>\r\n"
    )
    return text.encode()


def answer(
    status: int,
    content_type: bytes,
    body: bytes,
    more: bytes = b"",
    *,
    changes: HeaderChanges = NO_CHANGES,
    keep_alive: bool,
    head_only: bool = False,
) -> bytes:
    """A whole answer that the load balancer makes itself; `more` are further header lines."""
    bodiless = status in (204, 304)
    lines = [
        b"HTTP/1.1 %d %b\r\n" % (status, phrase(status).encode()),
        b"Server: %b\r\n" % SERVER if changes.server else b"",
        b"Date: %b\r\n" % date(),
        b"" if bodiless else b"Content-Type: %b\r\nContent-Length: %d\r\n" % (content_type, len(body)),
        more,
        *changed([], changes),
        b"Connection: keep-alive\r\n\r\n" if keep_alive else b"Connection: close\r\n\r\n",
        b"" if bodiless or head_only else body,
    ]
    return b"".join(lines)


@lru_cache(maxsize=128)
def phrase(status: int) -> str:
    """The reason phrase of a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def date() -> bytes:
    """Now, as HTTP writes it."""
    return formatdate(usegmt=True).encode()
