"""What stands where kube-proxy stands on a real node: connections to a Service's loopback port go to one of its pods.

References
----------
https://kubernetes.io/docs/reference/networking/virtual-ips/
"""

import asyncio
import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from ...network.addresses import AddressBook
from ..controllers.client import Client
from ..controllers.events import Recorder
from ..controllers.watching import Seen
from ..kubernetes.status import ApiError
from .doors import ANSWERS_AT, LOOPBACK, DoorPlan, Key, answers_at, decide, prefix_of

PIECE = 65536
CONNECT_SECONDS = 5.0
SAYS = (
    "Simulated by the embedded cloud: on this machine the Service answers at {} (its port = address). Its cluster IP "
    "and its DNS name do not work here; pods find it by {}_SERVICE_HOST and {}_SERVICE_PORT."
)
Spawn = Callable[[Callable[[], Coroutine[Any, Any, None]]], None]


class Door:
    """The loopback port of one port of one Service.

    Parameters
    ----------
    plan : DoorPlan
        Where it leads.
    book : AddressBook
        Where pods' addresses really lead.
    spawn : callable
        Runs a coroutine function on the loop, from any thread.
    """

    def __init__(self, plan: DoorPlan, book: AddressBook, spawn: Spawn) -> None:
        self.plan = plan
        self._book = book
        self._spawn = spawn
        self._turn = itertools.count()
        self._sock = _bound(plan.node_port)
        self.port: int = self._sock.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._closed = False
        spawn(self._open)

    def close(self) -> None:
        """Let nobody in any more; who is in may finish. From any thread."""
        self._closed = True
        self._spawn(self._close)

    async def _open(self) -> None:
        if not self._closed:
            self._server = await asyncio.start_server(self._serve, sock=self._sock)
            if self._closed:  # meanwhile
                self._server.close()

    async def _close(self) -> None:
        if self._server is None:
            self._sock.close()
        else:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            found = await self._connect()
            if found is None:  # as on a real node, where the connection is refused
                writer.transport.abort()
                return
            await asyncio.gather(_pipe(reader, found[1]), _pipe(found[0], writer))
            found[1].close()
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A connection to the pod whose turn it is, or to the next that takes it."""
        targets = self.plan.targets
        turn = 0 if self.plan.sticky else next(self._turn)
        for place in range(len(targets)):
            address, port = targets[(turn + place) % len(targets)]
            known = port if address == LOOPBACK else self._book.lookup(address, port)
            if known is None:
                continue
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await asyncio.open_connection(LOOPBACK, known)
        return None


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


def _bound(wanted: int) -> socket.socket:
    """A listening socket on loopback: on the wanted port where it is free."""
    try:
        sock = socket.create_server((LOOPBACK, wanted))
    except OSError:
        if not wanted:
            raise
        sock = socket.create_server((LOOPBACK, 0))
    sock.setblocking(False)
    return sock


def _says(places: str, name: str) -> str:
    prefix = prefix_of(name)
    return SAYS.format(places.replace(",", ", "), prefix, prefix)


class ServiceProxy:
    """All doors of one cluster; a controller as the others are.

    Parameters
    ----------
    client : Client
        The cluster's API.
    book : AddressBook
        Where addresses really lead; the nodes' own ports are added to it.
    spawn : callable
        Runs a coroutine function on the loop, from any thread.
    """

    watches = ("services", "endpointslices", "nodes")

    def __init__(self, client: Client, book: AddressBook, spawn: Spawn) -> None:
        self._client = client
        self._recorder = Recorder(client, "kube-proxy")
        self._book = book
        self._spawn = spawn
        self._doors: dict[Key, Door] = {}
        self._closed = False
        self._lock = threading.Lock()
        self._places: dict[tuple[str, int], int] = {}

    def sync(self, seen: Seen, now: float) -> float | None:
        """Open, change and close what the Services ask for."""
        services = seen.all("services")
        with self._lock:
            if self._closed:
                return None
            self._keep(services, seen)
        for each in services:
            with contextlib.suppress(ApiError):
                self._tell(each, now)
        return None

    def _keep(self, services: list[dict[str, Any]], seen: Seen) -> None:
        wanted = decide(services, seen.all("endpointslices"))
        for key, door in list(self._doors.items()):
            if key not in wanted or wanted[key].node_port != door.plan.node_port:
                self._doors.pop(key).close()
        for key, plan in wanted.items():
            known = self._doors.get(key)
            if known is None:
                self._doors[key] = Door(plan, self._book, self._spawn)
            else:
                known.plan = plan
        self._know(seen.all("nodes"))

    def close(self) -> None:
        """Close all doors, and open none any more; from any thread."""
        with self._lock:
            self._closed = True
            for door in self._doors.values():
                with contextlib.suppress(RuntimeError):  # the loop is gone already
                    door.close()
            for place in self._places:
                self._book.remove(*place)

    def _know(self, nodes: Iterable[Mapping[str, Any]]) -> None:
        """A NodePort answers on every node's address."""
        addresses = [
            str(each["address"])
            for node in nodes
            for each in (node.get("status") or {}).get("addresses") or ()
            if each.get("type") == "InternalIP"
        ]
        ports = {door.plan.node_port: door.port for door in self._doors.values() if door.plan.node_port}
        wanted = {(address, port): loopback for address in addresses for port, loopback in ports.items()}
        for place in self._places.keys() - wanted.keys():
            self._book.remove(*place)
        for (address, port), loopback in wanted.items():
            if self._places.get((address, port)) != loopback:
                self._book.add(address, port, loopback)
        self._places = wanted

    def _tell(self, service: Mapping[str, Any], now: float) -> None:
        metadata = service["metadata"]
        place = metadata["namespace"], metadata["name"]
        text = answers_at({key[2]: door.port for key, door in self._doors.items() if key[:2] == place})
        if (metadata.get("annotations") or {}).get(ANSWERS_AT, "") != text:
            patch = {"metadata": {"annotations": {ANSWERS_AT: text or None}}}
            self._client.merge(f"/api/v1/namespaces/{place[0]}/services/{place[1]}", patch)
            if text:
                self._recorder.tell(service, "AnswersAt", _says(text, place[1]), now)
