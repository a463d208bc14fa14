"""One request, and how it comes to its answer: from a target, or from the load balancer itself.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
"""

import asyncio
import time
from typing import TYPE_CHECKING

from . import forwarding, messages, routing, stickiness
from .listening import Fixed, Forward
from .messages import Header, RequestHead
from .model import Rewrite
from .stickiness import Choice
from .targets import Target
from .tls import unverified
from .upstream import Place, Upstream

if TYPE_CHECKING:
    from .proxy import ClientConnection

REPLAY_LIMIT = 64 * 1024
PENDING_LIMIT = 64 * 1024
CONNECT_SECONDS = 10.0
MOST_FORWARDED = 30
NOBODY = Choice(None)


class Exchange:
    """One request and its answer."""

    __slots__ = (
        "_chosen", "_connecting", "_sent", "_sent_size", "_target", "_timer", "alive", "body_done", "client",
        "head", "headers", "isolated", "keep_alive", "method", "modern", "pending", "pending_size", "rechunk",
        "request", "retried", "rewrites", "seconds", "sent_at", "started", "status", "upstream", "url",
    )  # fmt: skip

    def __init__(
        self,
        client: "ClientConnection",
        method: bytes,
        url: bytes,
        headers: list[Header],
        modern: bool,
        keep_alive: bool,
    ) -> None:
        self.client = client
        self.headers = headers  # all, as sent
        self.rewrites: tuple[Rewrite, ...] = ()
        self.method = method
        self.url = url
        self.modern = modern  # HTTP/1.1
        self.keep_alive = keep_alive
        self.head: RequestHead
        self.sent_at = self.seconds = 0.0  # when the request went to the target, and how long its answer took to begin
        self.isolated = False  # passed on by itself: both connections end with it
        self.body_done = False
        self.pending: list[bytes] = []  # of the body, while there is no connection to send it on
        self.pending_size = 0
        self.started = False  # a byte of the answer has gone to the client
        self.status = 0
        self.rechunk = False
        self.alive = True
        self.retried = False
        self.request = b""
        self.upstream: Upstream | None = None
        self._sent: list[bytes] | None = None  # of the body, as long as it could be sent again
        self._sent_size = 0
        self._target: Target | None = None
        self._chosen = NOBODY
        self._connecting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    # the request

    def begin(self) -> None:
        """Its turn has come: do what the listener says."""
        if self.method == b"TRACE":
            self.refuse(405, "A load balancer does not pass TRACE on.")
            return
        if not self.url.startswith(b"/"):
            forwarding.origin_form(self)
        listening = self.client.door.listening
        deed = routing.deed_for(self) if listening.rules else listening.action
        if isinstance(deed, Forward):
            self._forward(deed)
        elif isinstance(deed, Fixed):
            self.client.counters.fixed += 1
            self._answer(deed.status, deed.content_type, deed.body)
        else:
            self.client.counters.redirects += 1
            where = b"Location: %b\r\n" % routing.location_of(self, deed)
            self._answer(deed.redirect.status, b"text/html", messages.page(deed.redirect.status), where)

    def feed(self, data: bytes) -> None:
        """A piece of the request's body."""
        if not self.alive:
            return  # answered already: what still comes is thrown away
        if self.head.chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._send(data)

    def end(self) -> None:
        """The request's body is whole."""
        self.body_done = True
        if self.alive and self.head.chunked:
            self._send(b"0\r\n\r\n")

    def _send(self, data: bytes) -> None:
        upstream = self.upstream
        if upstream is None:
            self.pending.append(data)
            self.pending_size += len(data)
            if self.pending_size > PENDING_LIMIT:
                self.hold_client()
            return
        if self._sent is not None:
            self._sent_size += len(data)
            self._sent.append(data)
            if self._sent_size > REPLAY_LIMIT:
                self._sent = None
        upstream.transport.write(data)

    # to a target

    def _forward(self, action: Forward) -> None:
        if self.head.forwarded_for.count(b",") >= MOST_FORWARDED:
            self.refuse(463, f"X-Forwarded-For names more than {MOST_FORWARDED} addresses.")
            return
        if action.limit and sum(one.in_flight for one in action.groups[0][0].ready) >= action.limit:
            self.refuse(429, f"All instances are busy: {action.limit} requests at once are answered at most.")
            return
        if stickiness.is_plain(action):
            target = action.groups[0][0].choose()
        else:
            self._chosen = stickiness.choose(action, self.headers, self.client.door.listening.scheme == b"https")
            target = self._chosen.target
        if target is None:
            self.refuse(503, "No target is registered in the target group.")
            return
        self._target = target
        target.in_flight += 1
        try:
            self.request = forwarding.request_head(self)
        except forwarding.RewriteFailed as failed:
            self.refuse(500, str(failed))
            return
        port = self.client.plane.book.lookup(target.ip, target.port)
        if port is None or target.barrier:
            # nothing answers at that address, or a security group drops the packets: on AWS the connection times out
            self._timer = self.client.loop.call_later(CONNECT_SECONDS, self._unreachable)
            return
        if self.head.expects and self.modern:
            self.client.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._connect((port, target.group.config.protocol == "HTTPS"), reuse=True)

    def _connect(self, place: Place, reuse: bool) -> None:
        reuse = reuse and not self.isolated
        upstream = self.client.plane.pool.take(place, self.method in messages.IDEMPOTENT) if reuse else None
        if upstream is not None:
            self._carry(upstream)
        else:
            self._connecting = self.client.loop.create_task(self._open(place))

    async def _open(self, place: Place) -> None:
        plane = self.client.plane
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _transport, upstream = await plane.loop.create_connection(
                    lambda: Upstream(plane.pool, place),
                    "127.0.0.1",
                    place[0],
                    ssl=unverified() if place[1] else None,
                )
        except TimeoutError:
            self._connecting = None
            self._unreachable()
            return
        except OSError:
            self._connecting = None
            self._refused()
            return
        self._connecting = None
        if self.alive:
            self._carry(upstream)
        else:
            upstream.transport.abort()

    def _carry(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.sent_at = time.perf_counter()
        pending, self.pending = self.pending, []
        replayable = upstream.reused and self.method in messages.IDEMPOTENT and self.pending_size <= REPLAY_LIMIT
        self._sent, self._sent_size = (list(pending), self.pending_size) if replayable else (None, 0)
        self.pending_size = 0
        upstream.carry(self, b"".join((self.request, *pending)) if pending else self.request)
        if self.client.writing_held:
            upstream.transport.pause_reading()
        self.release_client()

    # the answer

    def begin_answer(self, status: int, reason: bytes, kept: list[bytes], sized: bool) -> bytes:
        """The head of the target's answer, framed for this client."""
        self.status = status
        self.seconds = time.perf_counter() - self.sent_at
        framing = b""
        if not sized:
            if self.modern:
                self.rechunk = True
                framing = b"Transfer-Encoding: chunked\r\n"
            else:
                self.keep_alive = False
        chosen = self._chosen
        if chosen is not NOBODY:
            kept += chosen.cookies
            if chosen.awaited and stickiness.sets(kept, chosen.awaited):
                kept += chosen.promised
        changes = self.client.door.listening.headers
        if changes.added:
            kept = messages.changed(kept, changes)
        connection = b"Connection: keep-alive\r\n\r\n" if self.keep_alive else b"Connection: close\r\n\r\n"
        return b"".join((b"HTTP/1.1 %d %b\r\n" % (status, reason), *kept, framing, connection))

    def last_chunk(self) -> tuple[bytes, ...]:
        """What ends the body for this client."""
        return (b"0\r\n\r\n",) if self.rechunk else ()

    def pass_on(self, pieces: "list[bytes] | tuple[bytes, ...]") -> None:
        """Send pieces of the answer to the client."""
        data = b"".join(pieces)
        if data:
            self.started = True
            self.client.activity = self.client.loop.time()
            self.client.reply(data)

    def switch(self, pieces: tuple[bytes, ...]) -> None:
        """The target takes the offer: from here on bytes pass both ways as they are.

        The request counts as answered, so that it does not keep a target that is being deregistered.
        """
        self.status = 101
        self.seconds = time.perf_counter() - self.sent_at
        self.pass_on(pieces)
        self._count(by_target=True)
        self.client.switch(self)

    def tunnel(self, data: bytes) -> None:
        """Bytes of the client, after the switch."""
        if self.upstream is not None:
            self.upstream.transport.write(data)

    def end_tunnel(self) -> bool:
        """The client has said all; whether the target can be told, and goes on."""
        if self.upstream is None or not self.upstream.transport.can_write_eof():
            return False
        self.upstream.transport.write_eof()
        return True

    @property
    def target_gone(self) -> bool:
        """Whether the target has been deregistered, and its delay is over."""
        return self._target is not None and self._target.gone

    def answered(self, upstream: Upstream) -> None:
        """The target's answer is whole."""
        self.upstream = None
        self._close(by_target=True)

    def lost(self, upstream: Upstream) -> None:
        """The target closed the connection before its answer was whole."""
        self.upstream = None
        if upstream.started:
            self.broken("The target closed the connection before its answer was whole.")
        elif upstream.reused and self._sent is not None and not self.retried:
            self.retried = True
            self.pending, self._sent = self._sent, None
            self.pending_size = self._sent_size
            self._connect(upstream.place, reuse=False)
        else:
            self.broken("The target closed the connection without an answer.")

    def broken(self, reason: str) -> None:
        """The target's answer cannot be used."""
        self.upstream = None
        if self.started:
            self._count(by_target=True)
            self.client.transport.abort()  # the client must see that the answer is cut off
        else:
            self.refuse(502, reason)

    def refuse(self, status: int, reason: str) -> None:
        """Answer with an error page of the load balancer."""
        self._answer(status, b"text/html", messages.page(status, reason))

    def _refused(self) -> None:
        if self._target is not None:
            self._target.group.counters.connection_errors += 1
            self.client.plane.hint(self._target)
        if self.alive:
            self.refuse(502, "The target refused the connection.")

    def _unreachable(self) -> None:
        self._timer = None
        if self._target is not None:
            self._target.group.counters.connection_errors += 1
        if self.alive:
            self.refuse(504, "The target could not be reached within 10 seconds.")

    def _answer(self, status: int, content_type: bytes, body: bytes, more: bytes = b"") -> None:
        if self.head.expects and not self.body_done:
            self.keep_alive = False  # the client was not told to send its body, and may not
        self.status = status
        self.started = True
        self.client.reply(
            messages.answer(
                status,
                content_type,
                body,
                more,
                changes=self.client.door.listening.headers,
                keep_alive=self.keep_alive,
                head_only=self.method == b"HEAD",
            )
        )
        self._close(by_target=False)

    def overdue(self) -> None:
        """Nothing has moved for the idle timeout."""
        upstream, self.upstream = self.upstream, None
        if upstream is not None:
            upstream.abandon()
        if self.started:
            self._count(by_target=True)
            self.client.transport.abort()
        elif self.body_done:
            self.refuse(504, "The target did not answer within the idle timeout.")
        else:
            self.keep_alive = False
            self.refuse(408, "The request did not arrive within the idle timeout.")

    def spoil(self, status: int, reason: str) -> None:
        """The request's body turns out not to be HTTP."""
        upstream, self.upstream = self.upstream, None
        if upstream is not None:
            upstream.abandon()
        self.keep_alive = False
        if not self.alive:
            self.client.transport.close()
        elif self.started:
            self._count(by_target=True)
            self.client.transport.abort()
        else:
            self.refuse(status, reason)

    def cancel(self) -> None:
        """The client has gone; before an answer began, that is AWS's 460."""
        upstream, self.upstream = self.upstream, None
        if upstream is not None:
            upstream.abandon()
        if not self.started:
            self.status = 460
        self._count(by_target=self.started)

    def _close(self, by_target: bool) -> None:
        self._count(by_target)
        self.client.exchange_over(self)

    def _count(self, by_target: bool) -> None:
        if not self.alive:
            return
        self.alive = False
        self.pending = []
        if self._connecting is not None:
            self._connecting.cancel()
        if self._timer is not None:
            self._timer.cancel()
        target, status = self._target, self.status
        self.client.counters.answered(status, by_target)
        if target is None:
            return
        target.in_flight -= 1
        target.counters.answered(status, by_target)
        target.group.counters.answered(status, by_target)
        if by_target:
            target.group.counters.times.append((time.time(), self.seconds))

    # back-pressure

    def hold_client(self) -> None:
        """Read no more of the request for now."""
        self.client.hold()

    def release_client(self) -> None:
        """Read on."""
        self.client.release()
