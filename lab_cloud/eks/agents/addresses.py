"""Pods' addresses: each pod has one of this machine's own loopback network, and its ports answer there.

A plain process cannot have an address of its own: its program listens on a loopback port that the runtime chose. So
the cloud listens at the pod's address, on the container's port, and carries the bytes. Where a system has only
``127.0.0.1`` (macOS), or lets nobody listen below port 1024, the address book still knows the way: load balancers and
services go by it.
"""

import asyncio
import contextlib
import itertools
import logging
import random
import threading
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

from ...elb.proxy import reset
from ...network.addresses import AddressBook

log = logging.getLogger(__name__)

CHUNK = 64 * 1024
Spawn = Callable[[Callable[[], Coroutine[Any, Any, None]]], None]


class Addresses:
    """The addresses of all pods.

    Parameters
    ----------
    book : AddressBook
        Where the cloud looks up what an address really leads to.
    spawn : callable
        Runs a coroutine on the server's loop.
    """

    def __init__(self, book: AddressBook, spawn: Spawn) -> None:
        self._book = book
        self._spawn = spawn
        self._second = random.randrange(64, 250)  # noqa: S311 - two clouds should not begin with the same one
        self._numbers = itertools.cycle(range(10, 250 * 250))
        self._used: set[str] = set()
        self._servers: dict[tuple[str, int], asyncio.Server | None] = {}
        self._lock = threading.Lock()

    def take(self) -> str:
        """An address that no pod has."""
        with self._lock:
            while True:
                third, fourth = divmod(next(self._numbers), 250)
                found = f"127.{self._second}.{third}.{fourth + 2}"
                if found not in self._used:
                    self._used.add(found)
                    return found

    def give_back(self, address: str) -> None:
        """A pod has gone."""
        for port in [port for (owner, port) in list(self._servers) if owner == address]:
            self.shut(address, port)
        with self._lock:
            self._used.discard(address)

    def open(self, address: str, ports: Mapping[int, int]) -> None:
        """Let the ports of an address lead to loopback ports."""
        for port, loopback in ports.items():
            self._book.add(address, port, loopback)
            if (address, port) in self._servers:
                continue
            self._servers[address, port] = None
            with contextlib.suppress(RuntimeError):  # the server's loop has ended
                self._spawn(lambda port=port: self._listen(address, port))  # type: ignore[misc]

    def shut(self, address: str, port: int) -> None:
        """Let a port of an address lead nowhere."""
        self._book.remove(address, port)
        if (address, port) in self._servers:
            server = self._servers.pop((address, port))
            if server is not None:
                with contextlib.suppress(RuntimeError):
                    self._spawn(lambda: _close(server))

    def close(self) -> None:
        """Listen nowhere any more."""
        for address, port in list(self._servers):
            self.shut(address, port)

    async def _listen(self, address: str, port: int) -> None:
        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._carry(address, port, reader, writer)

        try:
            server = await asyncio.start_server(carry, address, port)
        except OSError as error:
            log.info("nothing can listen at %s:%s here (%s); services still reach the pod", address, port, error)
            return
        if (address, port) in self._servers:
            self._servers[address, port] = server
        else:  # gone meanwhile
            server.close()

    async def _carry(self, address: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loopback = self._book.lookup(address, port)
        try:
            if loopback is None:
                raise ConnectionRefusedError
            there = await asyncio.open_connection("127.0.0.1", loopback)
        except OSError:
            reset(
                cast(asyncio.Transport, writer.transport)
            )  # nobody listens there: as a closed port, not as an empty answer
            return
        try:
            await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))
        except OSError:
            writer.transport.abort()
            there[1].transport.abort()
        finally:
            for each in (writer, there[1]):
                each.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _close(server: asyncio.Server) -> None:
    server.close()
