"""The head of a request as the target gets it: host, URL and headers of the load balancer's own.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
"""

import asyncio
import re
from typing import TYPE_CHECKING

import httptools

from . import messages, rules
from .model import HeaderChanges, Rewrite

if TYPE_CHECKING:
    from .exchange import Exchange

KEEP, OFFER = b"Connection: keep-alive\r\n\r\n", b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
GROUP = re.compile(rb"\$(\d)")
FIT_URL = re.compile(rb"/[!-~\x80-\xff]*")
FIT_HOST = re.compile(rb"[A-Za-z0-9._-]+(:\d+)?")


class RewriteFailed(Exception):  # noqa: N818
    """A transform made something that is no host or no URL; AWS answers 500."""


def request_head(exchange: "Exchange") -> bytes:
    """The head that goes to the target.

    Raises
    ------
    RewriteFailed
        When a rule's transform fails.
    """
    head, client = exchange.head, exchange.client
    listening = client.door.listening
    url = exchange.url
    host = head.host if head.host is not None else b"127.0.0.1"
    if not listening.preserve_host:
        host = client.door.host_for_target(host)
    if exchange.rewrites:
        url, host = rewritten(exchange.rewrites, url, host)
    lines = [b"%b %b HTTP/1.1\r\nHost: %b\r\n" % (exchange.method, url, host)]
    lines += head.lines
    if head.length is not None:
        lines.append(b"Content-Length: %d\r\n" % head.length)
    elif head.chunked:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    chain = client.forwarded_for(head.forwarded_for)
    if chain:
        lines.append(b"X-Forwarded-For: %b\r\n" % chain)
    if listening.tls_headers and listening.scheme == b"https":
        lines.append(tls_lines(client.transport, listening.headers))
    lines.append(
        b"X-Forwarded-Proto: %b\r\nX-Forwarded-Port: %d\r\nX-Amzn-Trace-Id: %b\r\n%b"
        % (listening.scheme, listening.port, messages.trace_id(head.trace), OFFER if head.websocket else KEEP)
    )
    return b"".join(lines)


def tls_lines(transport: asyncio.Transport, changes: HeaderChanges) -> bytes:
    """The version and the cipher suite that were agreed on, as OpenSSL names them."""
    connection = transport.get_extra_info("ssl_object")
    cipher = connection.cipher() if connection is not None else None
    if cipher is None:
        return b""
    lines = f"{changes.tls_version}: {connection.version()}\r\n{changes.tls_cipher}: {cipher[0]}\r\n"
    return lines.encode()


def origin_form(exchange: "Exchange") -> None:
    """Turn ``http://host/path`` into a host and a path, as RFC 9112 asks of a server."""
    if exchange.url == b"*":
        return
    parsed = httptools.parse_url(exchange.url)
    if parsed.host is not None:
        exchange.head.host = parsed.host if parsed.port is None else b"%b:%d" % (parsed.host, parsed.port)
    exchange.url = (parsed.path or b"/") + (b"?" + parsed.query if parsed.query else b"")


def rewritten(rewrites: tuple[Rewrite, ...], url: bytes, host: bytes) -> tuple[bytes, bytes]:
    """The URL (path and query) and the host after a rule's transforms; what does not match stays as it is.

    Raises
    ------
    RewriteFailed
        When what comes out is no URL, or no host name.
    """
    for one in rewrites:
        pattern = rules.regular(one.regex, ignore_case=one.kind == "host-header-rewrite")
        if one.kind == "host-header-rewrite":
            host = _replaced(pattern, one.replace, host, FIT_HOST)
        else:
            url = _replaced(pattern, one.replace, url, FIT_URL)
    return url, host


def _replaced(pattern: "re.Pattern[bytes]", template: str, value: bytes, fit: "re.Pattern[bytes]") -> bytes:
    def expanded(found: "re.Match[bytes]") -> bytes:
        return GROUP.sub(lambda number: found[int(number[1])] or b"", template.encode())

    try:
        made = pattern.sub(expanded, value, count=1)
    except IndexError:
        raise RewriteFailed(f"The replacement {template} names a group that the expression does not have.") from None
    if made != value and not fit.fullmatch(made):
        raise RewriteFailed(f"The replacement {template} does not make a valid value.")
    return made
