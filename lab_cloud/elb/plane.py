"""The data plane: the listeners' ports on the server's asyncio loop, and the routing table behind each.

A port is bound the moment a listener is planned, on the reconciler's thread, so that its URL is true from then on;
serving begins on the loop a moment later and takes what has queued up.
"""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from .. import system
from ..network.addresses import AddressBook
from . import messages
from .flows import Flow
from .listening import Listening
from .proxy import ClientConnection
from .targets import Group, Target
from .tls import Tls
from .upstream import Pool

BACKLOG = 1024
HANDSHAKE_SECONDS = 10.0
SWEEP_SECONDS = 0.5
Client = ClientConnection | Flow
Spawn = Callable[[Callable[[], Coroutine[Any, Any, None]]], None]


class Door:
    """One listener's loopback port.

    Parameters
    ----------
    key : str
        Stands for the listener across restarts: region, load balancer's name and port.
    sock : socket
        Bound and listening.
    listening : Listening
        What happens with a request; replaced whole.
    tls : Tls, optional
        The certificates of an HTTPS listener.
    """

    def __init__(self, key: str, sock: socket.socket, listening: Listening, tls: Tls | None = None) -> None:
        self.key = key
        self.sock = sock
        self.port: int = sock.getsockname()[1]
        self.listening = listening
        self.tls = tls
        self.clients: set[Client] = set()
        self.server: asyncio.Server | None = None
        self.closed = False
        self._hosts: dict[bytes, bytes] = {}

    def change(self, listening: Listening) -> None:
        """Do something else with the next request."""
        self.listening = listening
        self._hosts = {}

    def host_for_target(self, host: bytes) -> bytes:
        """The Host that a target sees for the one that a client sent."""
        found = self._hosts.get(host)
        if found is None:
            listening = self.listening
            found = messages.host_for_target(host, listening.port, listening.dns_name, self.port)
            if len(self._hosts) < 256:
                self._hosts[host] = found
        return found


class DataPlane:
    """All doors, the pool of connections to targets, and what both need.

    Parameters
    ----------
    book : AddressBook
        From a target's address to its loopback port.
    spawn : callable
        Runs a coroutine function on the server's loop, from any thread.
    hint : callable
        Told of a target that refused a connection; called on the loop.
    """

    loop: asyncio.AbstractEventLoop
    pool: Pool

    def __init__(self, book: AddressBook, spawn: Spawn, hint: Callable[[Target], None]) -> None:
        self.book = book
        self.hint = hint
        self._spawn = spawn
        self.clients: set[Client] = set()  # of all doors, also of those that have closed
        self._pins: dict[tuple[str, str], Target] = {}  # by target group and client
        self._doors: set[Door] = set()  # touched on the loop only
        self._sweeping: asyncio.Task[None] | None = None

    def open(self, door: Door) -> None:
        """Begin to serve a door; from any thread."""
        self._spawn(lambda: self._open(door))

    def close(self, door: Door) -> None:
        """Stop serving a door; requests that have begun are finished. From any thread."""
        self._spawn(lambda: self._close(door))

    async def _open(self, door: Door) -> None:
        if self._sweeping is None:
            self.loop = asyncio.get_running_loop()
            self.pool = Pool(self.loop)
            self._sweeping = self.loop.create_task(self._sweep())
        if door.closed:
            return
        self._doors.add(door)
        server = await self.loop.create_server(
            lambda: self._client(door),
            sock=door.sock,
            backlog=BACKLOG,
            ssl=door.tls.context if door.tls is not None else None,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if door.tls is not None else None,
        )
        if door.closed:  # meanwhile
            server.close()
        else:
            door.server = server

    def _client(self, door: Door) -> Client:
        return ClientConnection(self, door) if door.listening.flows is None else Flow(self, door)

    def pinned(self, group: Group, client: str) -> Target | None:
        """The target for a new flow: that of the client's flow before, when the group is sticky and it still serves."""
        if group.config.stickiness is None:
            return group.choose()
        known = self._pins.get((group.config.arn, client))
        target = known if known is not None and known in group.ready else group.choose()
        if target is not None:
            self._pins[group.config.arn, client] = target
        return target

    async def _close(self, door: Door) -> None:
        self._shut(door)
        for client in list(door.clients):
            client.retire()

    def _shut(self, door: Door) -> None:
        door.closed = True
        if door.server is not None:
            door.server.close()
        elif door not in self._doors:
            door.sock.close()  # serving has not begun
        self._doors.discard(door)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = self.loop.time()
            self.pool.sweep(now)
            for client in list(self.clients):
                client.sweep(now)

    async def stop(self) -> None:
        """Close everything at once; on the loop."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self.pool.close()
        for door in list(self._doors):
            self._shut(door)
        for client in list(self.clients):
            client.transport.abort()


class Ports:
    """Which loopback port each listener has; remembered, so that a bookmark survives a restart.

    Parameters
    ----------
    home : Path or None
        The folder `.lab/`; None remembers nothing.
    file : str
        The file's name in it.
    """

    def __init__(self, home: Path | None, file: str = "elb-ports.json") -> None:
        self._file = home / file if home is not None else None
        self._ports = self._read()
        self._remembering = threading.Lock()

    def bind(self, key: str) -> socket.socket:
        """A listening socket on the port that this listener had before, or on a free one."""
        sock = _listen(self._ports.get(key, 0)) or _listen(0)
        if sock is None:
            raise OSError("no loopback port is free")
        port: int = sock.getsockname()[1]
        with self._remembering:
            if self._ports.get(key) != port:
                self._ports[key] = port
                self._write()
        return sock

    def _read(self) -> dict[str, int]:
        if self._file is None:
            return {}
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {key: port for key, port in found.items() if isinstance(port, int) and 1024 <= port <= 65535}

    def _write(self) -> None:
        if self._file is None:
            return
        try:
            system.write_private(self._file, json.dumps(self._ports, indent=2) + "\n")
        except OSError:
            self._file = None  # a port that cannot be remembered is no reason to refuse the listener


def _listen(port: int) -> socket.socket | None:
    try:
        sock = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    except (OSError, OverflowError):
        return None
    sock.setblocking(False)
    return sock
