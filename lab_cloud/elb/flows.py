"""What a Network Load Balancer does: carries the bytes of a TCP connection to a target and back, whatever they say.

A flow is one connection of a client with one connection to a target, chosen when the client connects. Bytes stream both
ways; who writes faster than the other side reads is made to wait. Each side may end its half of the connection while
the other goes on.

Every client of a loopback port comes from 127.0.0.1, and so does every connection to a target: a target sees that
address whether client addresses are preserved or not. What the setting changes here is which address the target's
security group has to admit. The header of the proxy protocol names the client's real port.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/introduction.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html
"""

import asyncio
import functools
import socket
import ssl
from typing import TYPE_CHECKING, cast

from .listening import Forward
from .proxy import reset
from .stickiness import pick
from .targets import Target
from .upstream import HIGH_WATER

if TYPE_CHECKING:
    from .plane import DataPlane, Door

CONNECT_SECONDS = 10.0
PROXY_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
PROXY_TCP4 = b"\x21\x11\x00\x0c"
"""Version 2, a proxied connection; TCP over IPv4; twelve bytes of addresses follow."""


class Flow(asyncio.Protocol):
    """One connection of a client to a listener, with its connection to a target."""

    __slots__ = (
        "_connecting", "_ended", "_other", "_over", "_pending", "_target", "_timer", "activity", "counters", "door",
        "plane", "transport",
    )  # fmt: skip

    def __init__(self, plane: "DataPlane", door: "Door") -> None:
        self.plane = plane
        self.door = door
        assert door.listening.flows is not None
        self.counters = door.listening.flows
        self.activity = 0.0
        self._other: _TargetSide | None = None
        self._target: Target | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._pending: list[bytes] = []
        self._ended = False  # the client has said all
        self._over = False

    # what the client's transport says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let a client in and choose its target, or turn it away."""
        self.transport = cast(asyncio.Transport, transport)
        if self.door.listening.refusal:
            self._over = True
            reset(self.transport)
            return
        self.transport.set_write_buffer_limits(HIGH_WATER)
        self.activity = self.plane.loop.time()
        self.door.clients.add(self)
        self.plane.clients.add(self)
        self.counters.opened += 1
        self.counters.open += 1
        self._begin()

    def data_received(self, data: bytes) -> None:
        """Pass bytes on to the target."""
        self.activity = self.plane.loop.time()
        self.counters.received += len(data)
        if self._other is not None:
            self._other.transport.write(data)
        else:
            self._pending.append(data)
            _pause(self.transport)  # until there is somebody to read it

    def eof_received(self) -> bool:
        """The client has said all; the target may still answer."""
        self._ended = True
        if self._other is not None:
            _end(self._other.transport)
            return not self._other.ended and _has_halves(self.transport)
        return (self._connecting is not None or self._timer is not None) and _has_halves(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone: so has the flow."""
        if exc is not None and not self._over:
            self.counters.client_resets += 1
        self._close(broken=exc is not None)

    def pause_writing(self) -> None:
        """The client reads slowly: let the target wait."""
        if self._other is not None:
            _pause(self._other.transport)

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self._other is not None:
            _resume(self._other.transport)

    # the target

    def _begin(self) -> None:
        action = self.door.listening.action
        group = pick(action) if isinstance(action, Forward) else None
        target = self.plane.pinned(group, self._client_address()[0]) if group is not None else None
        if target is None:
            self.give_up()
            return
        self._target = target
        target.in_flight += 1
        port = self.plane.book.lookup(target.ip, target.port)
        if port is None or target.barrier:
            # nothing answers at that address, or a security group drops the packets: on AWS the client waits in vain
            self._timer = self.plane.loop.call_later(CONNECT_SECONDS, self.give_up)
            return
        self._connecting = self.plane.loop.create_task(self._connect(port, target))

    async def _connect(self, port: int, target: Target) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                secure = to_targets() if target.group.config.protocol == "TLS" else None
                await self.plane.loop.create_connection(lambda: _TargetSide(self), "127.0.0.1", port, ssl=secure)
        except OSError:  # a timeout is one, too
            self._connecting = None
            target.group.counters.connection_errors += 1
            self.plane.hint(target)
            if not self._over:
                self.counters.target_resets += 1
                self._drop()

    def connected(self, other: "_TargetSide") -> None:
        """The connection to the target is there: carry what the client has said."""
        self._connecting = None
        if self._over:
            other.transport.abort()
            return
        self._other = other
        _resume(self.transport)
        assert self._target is not None
        if self._target.group.config.proxy_protocol:
            other.transport.write(proxy_header(self._client_address(), self.transport.get_extra_info("sockname")))
        if self._pending:
            other.transport.write(b"".join(self._pending))
            self._pending.clear()
        if self._ended:
            _end(other.transport)

    def said(self, data: bytes) -> None:
        """Pass bytes on to the client."""
        self.activity = self.plane.loop.time()
        self.counters.sent += len(data)
        self.transport.write(data)

    def target_ended(self) -> bool:
        """The target has said all; whether the client may still speak."""
        _end(self.transport)
        return not self._ended and _has_halves(self.transport)

    def target_lost(self, exc: Exception | None) -> None:
        """The target has gone: so has the flow."""
        if exc is not None and not self._over:
            self.counters.target_resets += 1
        if exc is not None:
            self._drop()
        else:
            self._close(broken=False)

    # ends

    def sweep(self, now: float) -> None:
        """Give up what has not moved for the idle timeout, and what its target group no longer carries."""
        if self._over:
            return
        if now - self.activity >= self.door.listening.idle_timeout or (
            self._target is not None and _cut_off(self._target)
        ):
            self.give_up()

    def retire(self) -> None:
        """The listener has gone; a flow that has begun is carried to its end."""

    def give_up(self) -> None:
        """End the flow as the load balancer's own decision: the client sees a reset."""
        self._timer = None
        if not self._over:
            self.counters.own_resets += 1
        self._drop()

    def _drop(self) -> None:
        self._close(broken=True)
        if not self.transport.is_closing():
            reset(self.transport)

    def _close(self, broken: bool) -> None:
        if self._over:
            return
        self._over = True
        self.counters.open -= 1
        self.door.clients.discard(self)
        self.plane.clients.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._target is not None:
            self._target.in_flight -= 1
        if self._other is not None and not self._other.transport.is_closing():
            if broken:
                reset(self._other.transport)
            else:
                self._other.transport.close()
        if not broken and not self.transport.is_closing():
            self.transport.close()

    def _client_address(self) -> tuple[str, int]:
        address = self.transport.get_extra_info("peername") or ("", 0)
        return str(address[0]), int(address[1])


class _TargetSide(asyncio.Protocol):
    """A flow's connection to its target."""

    __slots__ = ("ended", "flow", "transport")

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(HIGH_WATER)
        self.flow.connected(self)

    def data_received(self, data: bytes) -> None:
        self.flow.said(data)

    def eof_received(self) -> bool:
        self.ended = True
        return self.flow.target_ended()

    def connection_lost(self, exc: Exception | None) -> None:
        self.flow.target_lost(exc)

    def pause_writing(self) -> None:
        _pause(self.flow.transport)

    def resume_writing(self) -> None:
        _resume(self.flow.transport)


def proxy_header(client: tuple[str, int], own: tuple[str, int]) -> bytes:
    """The header of the proxy protocol, version 2, that goes before the client's bytes.

    Parameters
    ----------
    client, own : tuple
        Address and port of the client, and those that it connected to.
    """
    addresses = socket.inet_aton(client[0]) + socket.inet_aton(own[0])
    return PROXY_SIGNATURE + PROXY_TCP4 + addresses + client[1].to_bytes(2, "big") + own[1].to_bytes(2, "big")


def _cut_off(target: Target) -> bool:
    config = target.group.config
    if target.gone:
        return config.terminate_on_deregistration
    unhealthy = target.health.state == "unhealthy" and target not in target.group.ready
    return unhealthy and config.terminate_on_unhealthy


@functools.cache
def to_targets() -> ssl.SSLContext:
    """TLS to targets: their certificates are not validated, as on AWS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _has_halves(transport: asyncio.Transport) -> bool:
    return transport.can_write_eof()  # a TLS connection ends as a whole


def _end(transport: asyncio.Transport) -> None:
    if not transport.is_closing() and _has_halves(transport):
        transport.write_eof()


def _pause(transport: asyncio.Transport) -> None:
    if not transport.is_closing():
        transport.pause_reading()


def _resume(transport: asyncio.Transport) -> None:
    if not transport.is_closing():
        transport.resume_reading()
