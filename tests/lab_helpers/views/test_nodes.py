"""The live view of nodes and pods, and its still copy, without a cluster."""

from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from lab_helpers.views.nodes import NodesView
from lab_helpers.views.nodes_snapshot import NodesSnapshot
from lab_helpers.views.nodes_state import Deployment, Node, Nodes, Pod, Service
from tests.waiting import until

RUNNING = Pod("hello-1-abcde", "hello", "Running", "1/1", cpu=0.1, memory=64)
NODE = Node("ip-1.ec2.internal", "DemoNodeGroup", "t3.medium", "us-east-1a", True, False, 1.93, 3554, 17, (RUNNING,))
PICTURE = Nodes(
    "DemoEKS", "demo", "ACTIVE", at=1.0, nodes=(NODE,),
    services=(Service("hello", "LoadBalancer", "port 80", 1, 1, "a.elb.amazonaws.com"),),
    deployments=(Deployment("hello", 1, 1, 1),),
)  # fmt: skip


class Scene:
    """Stands where an observer stands; the test moves the actors."""

    cluster, namespace, pace = "DemoEKS", "demo", 0.01

    def __init__(self) -> None:
        self.now: Nodes | Exception = PICTURE

    def read(self) -> Nodes:
        if isinstance(self.now, Exception):
            raise self.now
        return self.now


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def view(scene: Scene) -> Iterator[NodesView]:
    view = NodesView(scene)
    yield view
    view.close()


def test_it_follows_pods_on_their_way(view: NodesView, scene: Scene) -> None:
    shown = view.state["nodes"][0]
    assert (shown["state"], shown["pods"][0]["look"], shown["pods"][0]["glyph"]) == ("Ready", "runs", "●")
    assert "at" not in view.state or view.state["at"] == 0
    crash = replace(RUNNING, status="CrashLoopBackOff", restarts=2)
    scene.now = replace(PICTURE, nodes=(replace(NODE, pods=(crash,)),), waiting=(replace(RUNNING, status="Pending"),))
    until(lambda: view.state["waiting"])
    assert view.state["nodes"][0]["pods"][0]["look"] == "wrong"
    assert "CrashLoopBackOff, restarted 2 times" in view.text()


def test_what_cannot_be_read_is_said(view: NodesView, scene: Scene) -> None:
    scene.now = OSError("nobody there")
    until(lambda: view.state["status"] == "UNREACHABLE")
    assert "nobody there" in view.state["problem"]


def test_a_saved_notebook_shows_words_and_a_still_picture(view: NodesView) -> None:
    data, _ = view._repr_mimebundle_()
    assert "data-still" in data["text/html"]
    assert "pod of hello: Running" in data["text/plain"]
    assert "data-still" in view.snapshot()._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(
    "found",
    [
        PICTURE,
        Nodes("DemoEKS", "demo", "ACTIVE"),
        replace(PICTURE, nodes=(NODE,) * 5, waiting=(replace(RUNNING, status="Pending", why="<full>"),)),
        replace(PICTURE, nodes=(replace(NODE, ready=False, cordoned=True, cpu=0.0, pods=()),)),
    ],
)
def test_the_still_picture_is_sound_and_says_it_in_words_too(found: Nodes) -> None:
    picture = ElementTree.fromstring(NodesSnapshot(found).svg())
    names = {one.tag.rpartition("}")[2]: one for one in picture}
    assert found.name in str(names["title"].text)
    assert f"{len(found.nodes)} node(s)" in str(names["desc"].text)
