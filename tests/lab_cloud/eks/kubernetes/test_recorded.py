"""Our answers beside those that real API servers gave (`recorded/`, with their sources)."""

import json
from pathlib import Path
from typing import Any

import pytest

from lab_cloud.eks.kubernetes.reading import told
from lab_cloud.eks.kubernetes.requests import Accepted, Request, resolve
from lab_cloud.eks.kubernetes.resources import group_versions
from tests.lab_cloud.eks.kubernetes.server import PODS, Server, pod

RECORDED = Path(__file__).resolve().parent.parent / "recorded"


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text(encoding="utf-8"))


LISTS = {each["groupVersion"]: each for each in recorded("resource_lists.json")}


@pytest.mark.parametrize("version", sorted(LISTS))
def test_discovery_says_of_each_resource_what_a_real_server_says(server: Server, version: str) -> None:
    found = server.get(f"/apis/{version}" if "/" in version else f"/api/{version}")
    real = {each["name"]: each for each in LISTS[version]["resources"]}
    assert found["kind"] == LISTS[version]["kind"]
    assert {each.name for each in group_versions()[version]} <= set(real)
    for each in found["resources"]:
        wanted = {key: value for key, value in real[each["name"]].items() if key != "storageVersionHash"}
        assert each == wanted


def test_a_name_that_is_taken(server: Server) -> None:
    code, found = server.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "default"}})
    real = recorded("namespace_already_exists.json")
    assert code == real["code"]
    assert {**found, "kind": "Status", "apiVersion": "v1"} == {**real, "kind": "Status", "apiVersion": "v1"}


def test_a_list_that_cannot_go_on(server: Server) -> None:
    for name in ("one", "two"):
        server.made(PODS, pod(name))
    token = server.ask("GET", PODS, query="limit=1")[1]["metadata"]["continue"]
    server.api.store._forgotten = server.api.store.revision + 1
    _code, found = server.ask("GET", PODS, query=f"limit=1&continue={token}")
    real = recorded("pods_410.json")
    assert {**found, "message": ""} == {**real, "message": ""}


def test_the_events_of_a_watch(server: Server) -> None:
    lines = (RECORDED / "watch_stream.json").read_text(encoding="utf-8").splitlines()
    real = [json.loads(line) for line in lines if line.strip()]
    info = resolve(Request("GET", PODS, "watch=1"))
    changes = server.watch(PODS)
    server.made(PODS, pod("php"))
    server.patch(f"{PODS}/php", {"metadata": {"labels": {"more": "1"}}})
    server.ask("DELETE", f"{PODS}/php")
    ours = [json.loads(told(each, info, Accepted(), server.now)) for each in changes]
    assert [each["type"] for each in ours] == [each["type"] for each in real]
    for own, other in zip(ours, real, strict=True):
        assert own.keys() == other.keys()
        assert own["object"].keys() == other["object"].keys()
        left = other["object"]["metadata"].keys() - own["object"]["metadata"].keys()
        assert left == {"selfLink"}  # which servers of today do not have any more
