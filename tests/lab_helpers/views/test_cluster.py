import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from lab_helpers.views import watching
from lab_helpers.views.cluster import ClusterView
from lab_helpers.views.state import Cluster
from tests.lab_helpers.views.pictures import cluster, service, task
from tests.waiting import until


class Scene:
    """Stands where an Observer stands; the test moves the actors."""

    cluster = "DemoCluster"
    pace = 0.01

    def __init__(self) -> None:
        self.now: Cluster | Exception = cluster(service(task(1)))
        self.reads = 0

    def read(self) -> Cluster:
        self.reads += 1
        if isinstance(self.now, Exception):
            raise self.now
        return self.now


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def view(scene: Scene) -> Iterator[ClusterView]:
    view = ClusterView(scene)
    yield view
    view.close()


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("view of")]


def test_it_shows_the_cluster_at_once(view: ClusterView) -> None:
    assert view.state["name"] == "DemoCluster"
    assert view.state["services"][0]["phase"] == "steady"
    assert view.watching


def test_it_follows_changes_by_itself(view: ClusterView, scene: Scene) -> None:
    scene.now = cluster(service(task(1), task(2, "PENDING", None), desired=2))
    until(lambda: len(view.state["services"][0]["tasks"]) == 2)
    assert "1 of 2 tasks running" in view.text()


def test_nothing_is_sent_while_nothing_changes(view: ClusterView, scene: Scene) -> None:
    sent: list[Any] = []
    view.observe(sent.append, "state")
    until(lambda: scene.reads > 5)
    scene.now = replace(cluster(service(task(1))), at=500.0)
    before = scene.reads
    until(lambda: scene.reads > before + 3)
    assert sent == []


def test_pause_and_watch_again(view: ClusterView, scene: Scene) -> None:
    view._handle_custom_msg({"watch": False}, [])
    until(lambda: not threads())
    assert not view.watching
    scene.now = cluster(service(task(1), task(2)))
    view._handle_custom_msg({"watch": True}, [])
    until(lambda: len(view.state["services"][0]["tasks"]) == 2)


def test_no_answer_is_shown_and_what_was_seen_stays(view: ClusterView, scene: Scene) -> None:
    scene.now = ConnectionError("Could not connect")
    until(lambda: view.state["status"] == "UNREACHABLE")
    assert "Could not connect" in view.state["problem"]
    assert view.state["services"][0]["name"] == "hello"
    scene.now = cluster(service(task(1)))
    until(lambda: view.state["status"] == "ACTIVE")


def test_it_gives_up_when_the_cluster_has_gone(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "GIVE_UP_AFTER", 0.05)
    view = ClusterView(scene)
    scene.now = Cluster("DemoCluster", "MISSING")
    until(lambda: not view.watching)
    until(lambda: not threads())
    view.close()


def test_it_ends_after_its_time(scene: Scene) -> None:
    view = ClusterView(scene, minutes=0.001)
    until(lambda: not view.watching)
    until(lambda: not threads())
    view.close()


def test_a_newer_view_of_the_same_cluster_takes_over(view: ClusterView, scene: Scene) -> None:
    newer = ClusterView(scene)
    until(lambda: not view.watching and len(threads()) == 1)
    newer.close()


def test_a_closed_view_leaves_no_thread(scene: Scene) -> None:
    ClusterView(scene).close()
    until(lambda: not threads())


def test_a_snapshot_is_of_now(view: ClusterView, scene: Scene) -> None:
    scene.now = cluster(service(task(1), task(2), task(3)))
    assert "3 of 3 tasks running" in view.snapshot().svg()


def test_without_a_kernel_it_says_what_it_is(view: ClusterView) -> None:
    data, _metadata = view._repr_mimebundle_()
    assert "Live view" in data["text/html"]
    assert "DemoCluster" in data["text/plain"]
