"""The address of this machine that an engine's network gives it, with an engine that several clouds share."""

from types import SimpleNamespace
from typing import Any

import docker.errors
import pytest
from botocore.utils import ContainerMetadataFetcher

from lab_cloud.runtime import link_local
from lab_cloud.runtime.link_local import NETWORK, ensure, leave
from lab_cloud.system import LINUX

LABEL = "mine"
linux = pytest.mark.skipif(not LINUX, reason="only Linux has all of 127.0.0.0/8")


class Engine:
    """An engine with networks and containers; other clouds do something between two calls."""

    def __init__(self, *networks: str) -> None:
        self.found = list(networks)
        self.used = [False, False]
        self.refusals = 0

    def networks(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        assert filters == {"label": NETWORK}
        return [{"Id": name, "Name": name} for name in self.found]

    def create_network(self, name: str, *_: Any, **__: Any) -> dict[str, str]:
        if self.refusals:
            self.refusals -= 1
            raise docker.errors.APIError("Pool overlaps with other one on this address space")
        self.found.append(name)
        return {"Id": name}

    def remove_network(self, key: str) -> None:
        self.found.remove(key)

    def containers(self, **_: Any) -> list[str]:
        return ["other"] if self.used.pop(0) else []


def test_sdks_ask_there() -> None:
    asked: list[str] = []

    def send(request: Any) -> Any:
        asked.append(request.url)
        return SimpleNamespace(status_code=200, content=b"{}", text="{}")

    fetcher = ContainerMetadataFetcher(SimpleNamespace(send=send))
    fetcher.retrieve_full_uri(f"http://{link_local.ADDRESS}:4566/x")
    with pytest.raises(ValueError, match="Unsupported host"):
        fetcher.retrieve_full_uri("http://172.17.0.1:4566/x")
    assert asked == ["http://169.254.170.2:4566/x"]


@linux
def test_it_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_local, "ADDRESS", "127.17.0.2")
    engine = Engine()
    assert ensure(engine)
    assert ensure(engine)
    assert engine.found == [NETWORK]


@linux
def test_another_cloud_makes_or_removes_it_at_this_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    here = iter([False, False, True, False, True])
    monkeypatch.setattr(link_local, "_is_here", lambda: next(here))
    engine = Engine()
    engine.refusals = 2
    assert ensure(engine)
    assert ensure(Engine(NETWORK))  # it was being removed


def test_where_the_engine_gives_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_local, "ADDRESS", "192.0.2.77")
    monkeypatch.setattr(link_local, "_PATIENCE", 0.0)
    engine = Engine()
    assert not ensure(engine)  # made, and not on this machine
    assert engine.found == []
    engine.refusals = 100
    assert not ensure(engine)


@pytest.mark.parametrize(("used", "left"), [([False, False], []), ([True], [NETWORK]), ([False, True], [NETWORK])])
def test_the_last_one_removes_it(used: list[bool], left: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_local, "_is_here", lambda: True)
    engine = Engine(NETWORK)
    engine.used = used
    leave(engine, LABEL)
    assert engine.found == left


def test_networks_of_others_stay() -> None:
    engine = Engine("other")
    leave(engine, LABEL)
    assert engine.found == ["other"]
