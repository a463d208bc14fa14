"""Doors that lead from a Service to its pods, with real connections."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from lab_cloud.eks.controllers.client import Loopback
from lab_cloud.eks.controllers.runner import Controllers
from lab_cloud.eks.controllers.watching import Seen
from lab_cloud.eks.services.doors import loopback_ports
from lab_cloud.eks.services.proxy import ServiceProxy
from lab_cloud.network.addresses import AddressBook
from tests.lab_cloud.eks.agents.hosts import end_loop
from tests.lab_cloud.eks.kubernetes.server import SERVICES, Server
from tests.waiting import until

SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"


class Echo:
    """A program that says its name and then what it hears."""

    def __init__(self, name: bytes) -> None:
        self._name = name
        self._sock = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._sock.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                found, _address = self._sock.accept()
            except OSError:
                return
            with found:
                heard = b""
                while piece := found.recv(4096):
                    heard += piece
                found.sendall(self._name + b":" + heard)

    def close(self) -> None:
        self._sock.close()


@pytest.fixture
def spawn() -> Iterator[Any]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(start: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(start(), loop)

    yield run
    end_loop(loop, thread)


@pytest.fixture
def pods() -> Iterator[list[Echo]]:
    made = [Echo(b"a"), Echo(b"b")]
    yield made
    for each in made:
        each.close()


def ask(port: int, text: bytes = b"hello") -> bytes:
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        sock.sendall(text)
        sock.shutdown(socket.SHUT_WR)
        heard = b""
        while piece := sock.recv(4096):
            heard += piece
        return heard


def endpoints(*addresses: str) -> dict[str, Any]:
    metadata = {"name": "web-1", "labels": {"kubernetes.io/service-name": "web"}}
    found = [{"addresses": [each], "conditions": {"ready": True}} for each in addresses]
    return {"metadata": metadata, "addressType": "IPv4", "ports": [{"name": "", "port": 80}], "endpoints": found}


def refused(port: int) -> bool:
    try:
        return ask(port) == b""
    except OSError:
        return True


def test_connections_go_to_pods_by_turns(server: Server, spawn: Any, pods: list[Echo]) -> None:
    book = AddressBook()
    for address, each in zip(("10.0.0.1", "10.0.0.2"), pods, strict=True):
        book.add(address, 80, each.port)
    proxy = ServiceProxy(Loopback(server.api, "kube-proxy"), book, spawn)
    controllers = Controllers(Loopback(server.api, "kube-proxy"), [proxy])
    controllers.start()
    try:
        status = {"addresses": [{"type": "InternalIP", "address": "172.31.0.9"}]}
        server.made("/api/v1/nodes", {"metadata": {"name": "n"}})
        server.patch("/api/v1/nodes/n/status", {"status": status})
        spec = {"type": "NodePort", "ports": [{"port": 80}]}
        made = server.made(SERVICES, {"metadata": {"name": "web"}, "spec": spec})
        until(lambda: loopback_ports(server.get(f"{SERVICES}/web")))
        port = loopback_ports(server.get(f"{SERVICES}/web"))[80]
        until(lambda: refused(port))
        server.made(SLICES, endpoints("10.0.0.1", "10.0.0.2", "10.0.0.3"))
        until(lambda: not refused(port))
        assert {ask(port) for _ in range(6)} == {b"a:hello", b"b:hello"}
        assert book.lookup("172.31.0.9", made["spec"]["ports"][0]["nodePort"]) == port
        server.patch(f"{SLICES}/web-1", {"endpoints": endpoints("10.0.0.2")["endpoints"]})
        until(lambda: {ask(port) for _ in range(3)} == {b"b:hello"})
        server.ask("DELETE", f"{SERVICES}/web")
        until(lambda: refused(port))
    finally:
        controllers.close()
        proxy.close()


def test_what_is_closed_opens_no_door_any_more(server: Server, spawn: Any) -> None:
    """Controllers end on their own thread, perhaps in the middle of a look."""
    client, seen = Loopback(server.api, "kube-proxy"), Seen(lambda: None)
    proxy = ServiceProxy(client, AddressBook(), spawn)
    ends = seen.watch(client, proxy.watches)
    server.made(SERVICES, {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}})
    proxy.close()
    proxy.sync(seen, 0.0)
    assert loopback_ports(server.get(f"{SERVICES}/web")) == {}
    for end in ends:
        end()
