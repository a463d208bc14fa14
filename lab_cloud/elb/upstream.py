"""Connections to targets, kept open and used again."""

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, cast

import httptools

from . import routing
from .messages import HOP_BY_HOP, Header

if TYPE_CHECKING:
    from .exchange import Exchange

Place = tuple[int, bool]
"""Where a target is: its loopback port, and whether it speaks HTTPS."""
HIGH_WATER = 256 * 1024
HEAD_LIMIT = 32 * 1024
IDLE_SECONDS = 30.0
FRESH_SECONDS = 0.5
"""A request that must not be sent twice uses a kept connection only when that was used this recently."""
KEPT_PER_TARGET = 128


class Upstream(asyncio.Protocol):
    """One connection to a target; carries one exchange at a time."""

    __slots__ = (
        "_headers", "_lines", "_reason", "_received", "at_end", "done", "exchange", "head_seen", "idle_since",
        "keep_alive", "loop", "out", "parser", "place", "pool", "reused", "started", "transport", "tunnel",
    )  # fmt: skip

    def __init__(self, pool: "Pool", place: Place) -> None:
        self.pool = pool
        self.place = place
        self.loop = pool.loop
        self.reused = False
        self.tunnel = False  # WebSocket: bytes pass both ways as they are
        self.idle_since = 0.0
        self.exchange: Exchange | None = None
        self._reset()

    def _reset(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.out: list[bytes] = []
        self.started = False  # a byte of the answer has come
        self.head_seen = False
        self.done = False
        self.at_end = False  # the body ends where the connection ends
        self.keep_alive = False
        self._reason = b""
        self._headers: list[Header] = []
        self._received = 0
        self._lines = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready to carry an exchange."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(HIGH_WATER)

    def carry(self, exchange: "Exchange", head: bytes) -> None:
        """Send a request's head, and read its answer."""
        self.exchange = exchange
        self.transport.write(head)

    # what the transport says

    def data_received(self, data: bytes) -> None:
        """Pass the answer on as it comes."""
        exchange = self.exchange
        if exchange is None:  # a target that speaks unasked
            self.transport.abort()
            return
        if self.tunnel:
            exchange.pass_on((data,))
            return
        self.started = True
        if not self.head_seen:
            self._received += len(data)
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if self.tunnel:
                exchange.switch((*self.out, data[error.args[0] :]))
                self.out = []
                return
            if not self.done:
                self._broken(exchange, f"The target's answer is not valid HTTP ({error}).")
                return
            self.keep_alive = False
        if self._lines > HEAD_LIMIT or (not self.head_seen and self._received > 2 * HEAD_LIMIT):
            self._broken(exchange, "The head of the target's answer is too large.")
            return
        if self.out:
            exchange.pass_on(self.out)
            self.out = []
        if self.done:
            self._finish(exchange)

    def eof_received(self) -> bool:
        """The target has said all; close."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """End the exchange: completely, if its body was to end here."""
        self.pool.drop(self)
        exchange, self.exchange = self.exchange, None
        if exchange is None:
            return
        if self.tunnel:
            exchange.client.transport.close()
            return
        if self.at_end and exc is None:
            exchange.pass_on(exchange.last_chunk())
            exchange.answered(self)
        else:
            exchange.lost(self)

    def pause_writing(self) -> None:
        """The target reads slowly: let the client wait."""
        if self.exchange is not None:
            self.exchange.hold_client()

    def resume_writing(self) -> None:
        """The target has caught up."""
        if self.exchange is not None:
            self.exchange.release_client()

    # what the parser says

    def on_status(self, reason: bytes) -> None:
        """Keep the reason phrase."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; trailers are not passed on."""
        if not self.head_seen:
            self._lines += len(name) + len(value) + 4
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Pass the head on, framed for the client."""
        status = self.parser.get_status_code()
        exchange = self.exchange
        if status == 101 and exchange is not None and exchange.head.websocket:
            self.tunnel = self.head_seen = True
            lines = [b"%b: %b\r\n" % (name, value) for name, value in self._headers]
            self.out.append(b"".join((b"HTTP/1.1 101 %b\r\n" % self._reason, *lines, b"\r\n")))
            return
        if status < 200 or exchange is None or self.done:
            return
        self.head_seen = True
        bodiless = exchange.method == b"HEAD" or status in (204, 304)
        length_known = chunked = False
        kept: list[bytes] = []
        for name, value in self._headers:
            lower = name.lower()
            if lower in HOP_BY_HOP:
                chunked = chunked or lower == b"transfer-encoding"
                continue
            if lower == b"content-length":
                if status == 204:
                    continue
                length_known = True
            elif lower == b"location":
                value = routing.for_client(exchange, value)  # noqa: PLW2901
            kept.append(b"%b: %b\r\n" % (name, value))
        self.at_end = not (bodiless or length_known or chunked)
        self.keep_alive = not self.at_end and self.parser.should_keep_alive()
        self.out.append(exchange.begin_answer(status, self._reason, kept, sized=bodiless or length_known))
        if bodiless:
            self.done = True

    def on_body(self, data: bytes) -> None:
        """Pass a piece of the body on."""
        exchange = self.exchange
        if self.done or exchange is None:  # a body where none may be
            self.keep_alive = False
            return
        if exchange.rechunk:
            self.out += (b"%x\r\n" % len(data), data, b"\r\n")
        else:
            self.out.append(data)

    def on_message_complete(self) -> None:
        """The answer is whole; informational ones do not count."""
        if not self.head_seen:
            self._headers = []
            self._reason = b""
            return
        if not self.done:
            self.done = True
            if self.exchange is not None:
                self.out += self.exchange.last_chunk()

    # ends

    def _finish(self, exchange: "Exchange") -> None:
        self.exchange = None
        if self.keep_alive and exchange.body_done and not exchange.isolated and not self.transport.is_closing():
            self._reset()
            self.pool.keep(self)
        else:
            self.transport.close()
        exchange.answered(self)

    def _broken(self, exchange: "Exchange", reason: str) -> None:
        self.exchange = None
        self.transport.abort()
        exchange.broken(reason)

    def abandon(self) -> None:
        """Nobody waits for the answer any more."""
        self.exchange = None
        if self.tunnel:
            self.transport.close()  # what the client has said last still arrives
        else:
            self.transport.abort()


class Pool:
    """Open connections to targets that carry nothing now."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._idle: dict[Place, list[Upstream]] = defaultdict(list)

    def take(self, place: Place, repeatable: bool) -> Upstream | None:
        """A kept connection, the last used first; None when a new one has to be made."""
        idle = self._idle.get(place)
        if not idle:
            return None
        if not repeatable and self.loop.time() - idle[-1].idle_since > FRESH_SECONDS:
            return None
        upstream = idle.pop()
        upstream.reused = True
        return upstream

    def keep(self, upstream: Upstream) -> None:
        """Keep a connection for the next request."""
        idle = self._idle[upstream.place]
        if len(idle) >= KEPT_PER_TARGET:
            upstream.transport.close()
            return
        upstream.transport.resume_reading()
        upstream.idle_since = self.loop.time()
        idle.append(upstream)

    def drop(self, upstream: Upstream) -> None:
        """Forget a connection that has closed."""
        idle = self._idle.get(upstream.place)
        if idle and upstream in idle:
            idle.remove(upstream)
        if not idle:
            self._idle.pop(upstream.place, None)

    def sweep(self, now: float) -> None:
        """Close what has been idle for long."""
        for idle in list(self._idle.values()):
            for upstream in [one for one in idle if now - one.idle_since > IDLE_SECONDS]:
                upstream.transport.close()

    def close(self) -> None:
        """Close all."""
        for idle in list(self._idle.values()):
            for upstream in list(idle):
                upstream.transport.close()
        self._idle.clear()
