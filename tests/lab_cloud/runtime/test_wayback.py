import logging
import socket
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from lab_cloud.runtime import link_local
from lab_cloud.runtime.wayback import DESKTOP, WayBack, open_way_back
from lab_cloud.system import LINUX

linux = pytest.mark.skipif(not LINUX, reason="elsewhere the engine lives in a virtual machine")


class Engine:
    """What an engine says about itself and its network; its bridge is a part of this machine's loopback."""

    def __init__(self, system: str = "Debian", options: tuple[str, ...] = (), network: dict[str, Any] | None = None):
        self._info = {"OperatingSystem": system, "SecurityOptions": list(options)}
        self._network = network

    def info(self) -> dict[str, Any]:
        return self._info

    def inspect_network(self, name: str) -> dict[str, Any]:
        if self._network is None:
            raise LookupError(name)
        return {"IPAM": {"Config": [self._network]}}


@pytest.fixture(autouse=True)
def address(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The engine gives no address that containers share, unless a test asks for one."""
    given: list[str] = []
    monkeypatch.setattr(link_local, "ensure", lambda api: bool(given))
    return given


BRIDGE = {"Subnet": "127.17.0.0/16"}


@linux
def test_the_second_door_is_on_the_bridge() -> None:
    with socket.create_server(("127.0.0.1", 0)) as own:
        port = own.getsockname()[1]
        way_back = open_way_back(Engine(network=BRIDGE), port)
        assert way_back is not None
        assert way_back.listener is not None
        with way_back.listener as listener:
            assert listener.getsockname() == ("127.17.0.1", port)
        assert way_back.mapped(f"http://127.0.0.1:{port}/v4/x", port) == f"http://127.17.0.1:{port}/v4/x"
        assert way_back.mapped("http://127.0.0.1:1/", port) == "http://127.0.0.1:1/"
        assert way_back.admits("127.17.0.9")
        assert not way_back.admits("127.17.0.1")
        assert not way_back.admits("192.168.0.7")


@linux
def test_the_third_door_is_on_the_address_for_credentials(
    address: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    without = open_way_back(Engine(network=BRIDGE), 0)
    assert without is not None
    assert (without.private_url, without.hosts, len(without.listeners)) == ("", ("127.17.0.1",), 1)
    assert "credentials of roles are in their environment" in caplog.text
    monkeypatch.setattr(link_local, "ADDRESS", "127.17.0.2")
    address.append("given")
    way_back = open_way_back(Engine(network=BRIDGE), 0)
    assert way_back is not None
    assert way_back.hosts == ("127.17.0.1", "127.17.0.2")
    assert [door.getsockname()[0] for door in way_back.listeners] == list(way_back.hosts)
    assert way_back.private_url == f"http://127.17.0.2:{way_back.listeners[1].getsockname()[1]}"
    assert not way_back.admits("127.17.0.2")
    for door in (*without.listeners, *way_back.listeners):
        door.close()


@linux
def test_a_port_that_is_taken_there() -> None:
    with socket.create_server(("127.17.0.1", 0)) as other:
        way_back = open_way_back(Engine(network={**BRIDGE, "Gateway": "127.17.0.1"}), other.getsockname()[1])
        assert way_back is not None
        assert way_back.listener is not None
        assert way_back.port != other.getsockname()[1]
        way_back.listener.close()


def test_docker_desktop_leads_to_loopback_by_itself() -> None:
    way_back = open_way_back(Engine("Docker Desktop"), 4000)
    assert way_back == WayBack(DESKTOP, 4000)
    assert not way_back.admits("127.0.0.1")


@linux
@pytest.mark.parametrize(
    "engine", [Engine(options=("name=rootless",)), Engine(), Engine(network={"Subnet": "fd00::/64"})]
)
def test_where_there_is_none_it_says_so(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert open_way_back(engine, 4000) is None
    assert "cannot reach the cloud's API" in caplog.text


@linux
@pytest.mark.parametrize(("second", "said"), [("127.17.0.1", True), ("127.18.0.1", False)])
def test_two_bridges_with_one_network_are_told(
    second: str, said: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bridges = {
        name: [SimpleNamespace(family=socket.AF_INET, address=address)]
        for name, address in (("docker0", "127.17.0.1"), ("other0", second))
    }
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: bridges)
    with caplog.at_level(logging.WARNING):
        way_back = open_way_back(Engine(network=BRIDGE), 0)
    assert way_back is not None
    assert way_back.listener is not None
    way_back.listener.close()
    assert ("is there 2 times (docker0, other0)" in caplog.text) is said
