"""HTTP heads and generated answers, as bytes.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
"""

import random
import time
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

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
    """

    lines: list[bytes]
    host: bytes | None = None
    length: int | None = None
    chunked: bool = False
    expects: bool = False
    websocket: bool = False
    forwarded_for: bytes = b""
    trace: bytes = b""


def read_head(headers: list[Header]) -> RequestHead:
    """Sort a request's headers into what the load balancer acts on and what it passes on.

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
        meaning = MEANING.get(name.lower())
        if meaning is None:
            lines.append(b"%b: %b\r\n" % (name, value))
        elif meaning == HOST:
            if head.host is not None:
                raise BadRequest("The request names two hosts.")
            head.host = value
        elif meaning == CONNECTION:
            named += value.lower().split(b",")
        elif meaning == LENGTH:
            if head.length is not None or head.chunked or not value.isdigit():
                raise BadRequest("The request's Content-Length is not one number.")
            head.length = int(value)
        elif meaning == ENCODING:
            if head.length is not None or head.chunked or value.strip().lower() != b"chunked":
                raise BadRequest("The request's Transfer-Encoding is not chunked, or stands beside another length.")
            head.chunked = True
        elif meaning == EXPECT:
            head.expects = value.lower() == b"100-continue"
        elif meaning == FORWARDED_FOR:
            head.forwarded_for += (b", " if head.forwarded_for else b"") + value
        elif meaning == TRACE:
            head.trace = value
        elif meaning == UPGRADE:
            head.websocket = value.lower() == b"websocket"
    if named:
        named = [name.strip() for name in named]
        head.lines = _without(lines, named)
    head.websocket = head.websocket and b"upgrade" in named
    return head


def _without(lines: list[bytes], named: list[bytes]) -> list[bytes]:
    # headers that the Connection header names belong to this hop only
    hop = set(named) - {b"close", b"keep-alive", b"upgrade", b""}
    return [line for line in lines if line.partition(b":")[0].lower() not in hop] if hop else lines


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
    status: int, content_type: bytes, body: bytes, more: bytes = b"", *, keep_alive: bool, head_only: bool = False
) -> bytes:
    """A whole answer that the load balancer makes itself; `more` are further header lines."""
    bodiless = status in (204, 304)
    lines = [
        b"HTTP/1.1 %d %b\r\nServer: %b\r\nDate: %b\r\n" % (status, phrase(status).encode(), SERVER, date()),
        b"" if bodiless else b"Content-Type: %b\r\nContent-Length: %d\r\n" % (content_type, len(body)),
        more,
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
