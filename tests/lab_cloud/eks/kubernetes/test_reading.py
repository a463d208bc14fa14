"""Watches."""

import pytest

from lab_cloud.eks.kubernetes.status import ApiError
from lab_cloud.eks.kubernetes.store import Store
from tests.lab_cloud.eks.kubernetes.server import (
    CONFIG_MAPS,
    PODS,
    Server,
    config,
    pod,
)


def test_a_watch_tells_what_is_there_and_what_happens(server: Server) -> None:
    server.made(CONFIG_MAPS, config(a="1"))
    told = server.watch(CONFIG_MAPS)
    server.patch(f"{CONFIG_MAPS}/one", {"data": {"a": "2"}})
    server.made(PODS, pod())
    server.ask("DELETE", f"{CONFIG_MAPS}/one")
    assert [change.kind for change in told] == ["ADDED", "MODIFIED", "DELETED"]
    versions = [int(change.found["metadata"]["resourceVersion"]) for change in told]
    assert versions == sorted(set(versions))


def test_a_watch_of_selected_objects_sees_them_come_and_go(server: Server) -> None:
    told = server.watch(CONFIG_MAPS, "labelSelector=on")
    server.made(CONFIG_MAPS, config())
    server.patch(f"{CONFIG_MAPS}/one", {"metadata": {"labels": {"on": "yes"}}})
    server.patch(f"{CONFIG_MAPS}/one", {"metadata": {"labels": {"on": "still"}}})
    server.patch(f"{CONFIG_MAPS}/one", {"metadata": {"labels": {"on": None}}})
    assert [change.kind for change in told] == ["ADDED", "MODIFIED", "DELETED"]


def test_a_watch_goes_on_from_a_version(server: Server) -> None:
    first = server.made(CONFIG_MAPS, config("a"))["metadata"]["resourceVersion"]
    server.made(CONFIG_MAPS, config("b"))
    told = server.watch(CONFIG_MAPS, f"resourceVersion={first}")
    assert [change.found["metadata"]["name"] for change in told] == ["b"]
    with pytest.raises(ApiError) as caught:
        server.watch(CONFIG_MAPS, "resourceVersion=99999")
    assert caught.value.code == 410


def test_a_watch_can_begin_with_all_and_a_bookmark(server: Server) -> None:
    server.made(CONFIG_MAPS, config())
    told = server.watch(CONFIG_MAPS, "sendInitialEvents=true&resourceVersionMatch=NotOlderThan")
    assert [change.kind for change in told] == ["ADDED", "BOOKMARK"]
    assert told[1].found["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_the_past_is_forgotten_some_day(server: Server) -> None:
    from lab_cloud.eks.kubernetes.resources import core

    store = Store(kept=2)
    for i in range(4):
        store.put(core("configmaps"), {"metadata": {"name": str(i), "namespace": "default"}})
    assert [each.found["metadata"]["name"] for each in store.since(3)] == ["2", "3"]
    with pytest.raises(ApiError, match="too old resource version"):
        store.since(2)
