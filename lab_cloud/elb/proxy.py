"""The client's side of a load balancer: connections to a listener, and the requests on each.

Everything happens in callbacks of the server's asyncio loop, one connection an object, without a task for each request:
that is where the speed comes from. Bodies stream both ways and are never held whole; who writes faster than the other
side reads is made to wait.
"""

import asyncio
import socket
import struct
from collections import deque
from typing import TYPE_CHECKING, cast

import httptools

from . import desync, messages
from .exchange import Exchange
from .messages import BadRequest, Header
from .upstream import HIGH_WATER

if TYPE_CHECKING:
    from .plane import DataPlane, Door

HEAD_LIMIT = 64 * 1024
LINE_LIMIT = 16 * 1024
LINGER_SECONDS = 1.0
BUSY, SLOW, OFFERED = 1, 2, 4
"""Why a client is not read from: an earlier request is still being answered; the target reads slowly; the target has
not said yet whether it takes the offer of a WebSocket."""


class ClientConnection(asyncio.Protocol):
    """One connection of a client to a listener."""

    __slots__ = (
        "_advancing", "_after", "_bad", "_began", "_body_follows", "_ended", "_head_size", "_headers", "_held",
        "_in_head", "_leaving", "_lines", "_offer", "_parsing", "_reading", "_resumes", "_url", "activity", "counters",
        "door", "exchanges", "loop", "parser", "peer", "plane", "transport", "tunnel", "writing_held",
    )  # fmt: skip

    def __init__(self, plane: "DataPlane", door: "Door") -> None:
        self.plane = plane
        self.door = door
        self.loop = plane.loop
        self.parser = httptools.HttpRequestParser(self)
        self.exchanges: deque[Exchange] = deque()  # the first is being answered
        self.activity = self._began = 0.0
        self.peer = (b"", 0)
        self._reading: Exchange | None = None
        self._url = b""
        self._headers: list[Header] = []
        self._head_size = 0
        self._lines = 0
        self._in_head = False
        self._held = 0
        self._bad: tuple[int, str] | None = None
        self._ended = False
        self._advancing = False
        self._leaving = False
        self._parsing = False
        self.writing_held = False
        self.tunnel: Exchange | None = None  # WebSocket
        self._offer: Exchange | None = None
        self._after = b""  # what came after the offer
        self._body_follows = False  # an offer of another protocol has a body, which the parser does not expect
        self._resumes = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let a client in, or turn it away."""
        self.transport = cast(asyncio.Transport, transport)
        if self.door.listening.refusal:
            reset(self.transport)
            return
        self.transport.set_write_buffer_limits(HIGH_WATER)
        address = transport.get_extra_info("peername") or ("", 0)
        self.peer = (str(address[0]).encode(), int(address[1]))
        self.activity = self._began = self.loop.time()
        self.counters = self.door.listening.counters
        self.counters.connections += 1
        self.counters.active += 1
        self.door.clients.add(self)
        self.plane.clients.add(self)

    def data_received(self, data: bytes) -> None:
        """Read requests as they come."""
        if self._leaving or self._bad is not None:
            return
        self.activity = self.loop.time()
        self.counters.received += len(data)
        if self.tunnel is not None:
            self.tunnel.tunnel(data)
            return
        if self._offer is not None:
            self._after += data
            return
        if self._reading is None:
            self._head_size += len(data)
        self._parsing = True
        self._parse(data)
        self._parsing = False
        if self._leaving:
            self._depart()
            return
        if self._bad is None and self._in_head and self._head_size > HEAD_LIMIT:
            self._bad = (400, "The request's head is too large.")
        if self._bad is not None:
            self._turn_down()

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.parser = httptools.HttpRequestParser(self)
            rest = data[upgrade.args[0] :]
            if self._body_follows:
                self._read_body_after_offer(rest)
                return
            if self._offer is not None and self._offer.alive:
                self._after = rest
                self.hold(OFFERED)
                return
            # an offer that is not taken; what follows is the next request
            self._offer = None
            if rest and self._bad is None:
                self._parse(rest)
        except httptools.HttpParserError as error:
            if self._bad is None:
                self._bad = (400, f"The request is not valid HTTP ({error}).")

    def _read_body_after_offer(self, rest: bytes) -> None:
        # the parser takes a request that offers another protocol for one without a body; a new one reads the body,
        # after a head of our own, or the body would be read as the next request
        self._body_follows = False
        if self._reading is None:
            return
        length = self._reading.head.length
        framing = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
        self._resumes = True
        self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n\r\n" % framing)
        if rest:
            self._parse(rest)

    def eof_received(self) -> bool:
        """The client has said all; it may still read."""
        self._ended = True
        if self.door.tls is not None:
            return False  # TLS has no half of a connection
        if self.tunnel is not None:
            return self.tunnel.end_tunnel()
        return not self._leaving and bool(self.exchanges) and self._reading is None

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        if self in self.door.clients:
            self.counters.active -= 1
        self.door.clients.discard(self)
        self.plane.clients.discard(self)
        exchanges, self.exchanges = list(self.exchanges), deque()
        for exchange in exchanges[:1]:
            exchange.cancel()

    def pause_writing(self) -> None:
        """The client reads slowly: let the target wait."""
        self.writing_held = True
        if self.exchanges and self.exchanges[0].upstream is not None:
            self.exchanges[0].upstream.transport.pause_reading()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self.writing_held = False
        if self.exchanges and self.exchanges[0].upstream is not None:
            self.exchanges[0].upstream.transport.resume_reading()

    # what the parser says

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url = b""
        self._headers = []
        self._lines = 0
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        self._url += url
        if len(self._url) > LINE_LIMIT:
            self._bad = (414, "The request's URL is too long.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which is not passed on."""
        if self._in_head:
            self._lines += len(name) + len(value) + 4
            if len(name) + len(value) > LINE_LIMIT or self._lines > HEAD_LIMIT:
                self._bad = (400, "The request's headers are too large.")
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """A request's head is whole: queue it, and begin if it is the first."""
        self._in_head = False
        if self._resumes:
            self._resumes = False
            return
        self._head_size = 0
        if self._bad is not None or self._leaving or self.transport.is_closing():
            return
        parser = self.parser
        modern = parser.get_http_version() == "1.1"
        listening = self.door.listening
        keep_alive = parser.should_keep_alive() and self.activity - self._began < listening.keep_alive
        exchange = Exchange(self, parser.get_method(), self._url, self._headers, modern, keep_alive)
        try:
            exchange.head = messages.read_head(self._headers, listening.drop_invalid)
            if not modern and parser.get_http_version() != "1.0":
                raise BadRequest("The request's HTTP version is not supported.", 505)
            if parser.should_upgrade():
                exchange.head.websocket &= modern and exchange.method == b"GET"
                self._body_follows = bool(exchange.head.length or exchange.head.chunked)
            else:
                exchange.head.websocket = False
            if exchange.head.doubtful or listening.desync == desync.STRICTEST:
                desync.judge(exchange, listening.desync)
            if modern and exchange.head.host is None:
                raise BadRequest("The request has no Host header.")
            if exchange.head.chunked and not modern:
                raise BadRequest("HTTP/1.0 has no chunks.")
            if exchange.method == b"CONNECT":
                raise BadRequest("A load balancer is no forward proxy.")
        except BadRequest as bad:
            self._bad = (bad.status, str(bad))
            return
        self._reading = exchange
        self._offer = exchange if exchange.head.websocket else None
        self.exchanges.append(exchange)
        if len(self.exchanges) == 1:
            exchange.begin()
        else:
            self.hold(BUSY)

    def on_body(self, data: bytes) -> None:
        """A piece of a request's body."""
        if self._reading is not None and self._bad is None:
            self._reading.feed(data)

    def on_message_complete(self) -> None:
        """A request is whole."""
        if self._body_follows:
            return
        exchange, self._reading = self._reading, None
        if exchange is not None and self._bad is None:
            exchange.end()
            if not exchange.alive:
                self._next()

    # turns

    def exchange_over(self, exchange: Exchange) -> None:
        """An answer is whole: the next request's turn, once this one has arrived wholly."""
        if not exchange.keep_alive:
            self._leave()
            return
        self.release(SLOW)  # what remains of the body is read and thrown away
        self._next()
        if exchange is self._offer and not self._parsing:
            rest, self._offer, self._after = self._after, None, b""
            self.release(OFFERED)
            if rest:
                self.data_received(rest)

    def switch(self, exchange: Exchange) -> None:
        """The target has taken the offer: bytes pass as they are."""
        rest, self._offer, self._after = self._after, None, b""
        self.tunnel = exchange
        self.release(OFFERED)
        if rest:
            exchange.tunnel(rest)
        if self._ended:
            exchange.end_tunnel()

    def _next(self) -> None:
        if self._advancing:
            return
        self._advancing = True
        exchanges = self.exchanges
        while exchanges and not exchanges[0].alive and exchanges[0].body_done:
            exchanges.popleft()
            self.activity = self.loop.time()
            if exchanges:
                exchanges[0].begin()
        self._advancing = False
        if exchanges:
            if len(exchanges) == 1:
                self.release(BUSY)
        elif self._bad is not None:
            self._turn_down()
        elif self._ended:
            self.transport.close()
        else:
            self.release(BUSY)

    def _turn_down(self) -> None:
        # a request that is not one: answered after those before it, and the connection is closed
        assert self._bad is not None
        broken, self._reading = self._reading, None
        if broken is not None and broken is self.exchanges[0]:  # bad in the middle of its body
            broken.spoil(*self._bad)
            return
        if broken is not None:
            self.exchanges.pop()
        if self.exchanges:
            return
        status, reason = self._bad
        self.counters.answered(status, by_target=False)
        body = messages.page(status, reason)
        changes = self.door.listening.headers
        self.reply(messages.answer(status, b"text/html", body, changes=changes, keep_alive=False))
        self._leave()

    def reply(self, data: bytes) -> None:
        """Send bytes to the client."""
        self.counters.sent += len(data)
        self.transport.write(data)

    def _leave(self) -> None:
        self._leaving = True
        if not self._parsing:
            self._depart()

    def _depart(self) -> None:
        # closing while the client still sends would reset the connection, and the client would lose its answer
        if self._reading is None and self._bad is None:
            self.transport.close()
            return
        self._held = 0
        if not self.transport.is_closing():
            self.transport.resume_reading()
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def sweep(self, now: float) -> None:
        """Give up what has not moved for the idle timeout."""
        if self.tunnel is not None and self.tunnel.target_gone:
            self.transport.close()
            return
        if now - self.activity < self.door.listening.idle_timeout:
            return
        self.activity = now
        if self.exchanges and self.exchanges[0].alive:
            self.exchanges[0].overdue()
        elif self._in_head:
            self._bad = (408, "The request did not arrive within the idle timeout.")
            self._turn_down()
        else:
            self.transport.close()

    def retire(self) -> None:
        """The listener has gone: finish what has begun."""
        if not self.exchanges or self.tunnel is not None:
            self.transport.close()
        for exchange in self.exchanges:
            exchange.keep_alive = False

    def forwarded_for(self, given: bytes) -> bytes:
        """The X-Forwarded-For for the target, as the load balancer's attributes say."""
        listening = self.door.listening
        if listening.forwarded_for == "remove":
            return b""
        if listening.forwarded_for == "preserve":
            return given
        own = b"%b:%d" % self.peer if listening.forwarded_for_port else self.peer[0]
        return given + b", " + own if given else own

    def hold(self, why: int = SLOW) -> None:
        """Read no more, for this reason."""
        if not self._held and not self.transport.is_closing():
            self.transport.pause_reading()
        self._held |= why

    def release(self, why: int = SLOW) -> None:
        """This reason is over."""
        if self._held & why:
            self._held &= ~why
            if not self._held and not self.transport.is_closing():
                self.transport.resume_reading()


def reset(transport: asyncio.Transport) -> None:
    """Close a connection so that the client sees a reset, not an empty answer."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
