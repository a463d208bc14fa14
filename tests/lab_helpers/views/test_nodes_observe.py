"""What the Kubernetes API says of nodes and pods, turned into a picture."""

from typing import Any

import pytest

from lab_helpers.views.nodes_observe import amount, node_of, pod_of, status_of
from lab_helpers.views.nodes_state import Deployment, Node, Nodes, Service, glyph, in_words, look


def pod(name: str = "web-1", node: str = "", phase: str = "Running", **status: Any) -> dict[str, Any]:
    container = {"name": "web", "image": "nginx", "resources": {"requests": {"cpu": "250m", "memory": "64Mi"}}}
    spec: dict[str, Any] = {"containers": [container]}
    if node:
        spec["nodeName"] = node
    metadata: dict[str, Any] = {"name": name, "labels": {"app": "web"}}
    return {"metadata": metadata, "spec": spec, "status": {"phase": phase, **status}}


def state(ready: bool = False, restarts: int = 0, **state: Any) -> dict[str, Any]:
    return {"ready": ready, "restartCount": restarts, "state": state}


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (pod(phase="Pending"), "Pending"),
        (pod(phase="Pending", containerStatuses=[state(waiting={"reason": "ContainerCreating"})]), "ContainerCreating"),
        (pod(containerStatuses=[state(True, running={})]), "Running"),
        (pod(containerStatuses=[state(running={})]), "NotReady"),
        (pod(containerStatuses=[state(waiting={"reason": "CrashLoopBackOff"})]), "CrashLoopBackOff"),
        (pod(containerStatuses=[state(terminated={"reason": "Error"})]), "Error"),
        (pod(phase="Failed", reason="Evicted"), "Evicted"),
        ({**pod(), "metadata": {"name": "x", "deletionTimestamp": "2026-11-25T12:00:00Z"}}, "Terminating"),
    ],
)
def test_a_pod_has_the_word_that_kubectl_shows(found: dict[str, Any], word: str) -> None:
    assert status_of(found) == word
    assert glyph(word)
    assert look(word) in ("runs", "starts", "leaves", "done", "wrong")


@pytest.mark.parametrize(
    ("quantity", "number"),
    [
        ("250m", 0.25),
        ("2", 2),
        (1, 1),
        ("64Mi", 2**26),
        ("3639296Ki", 3639296 * 1024),
        ("1.5Gi", 1.5 * 2**30),
        ("?", 0),
    ],
)
def test_quantities_are_read(quantity: object, number: float) -> None:
    assert amount(quantity) == number


def test_a_pod_says_what_holds_it_back() -> None:
    held = {"type": "PodScheduled", "status": "False", "message": "0/2 nodes are available"}
    assert pod_of(pod(phase="Pending", conditions=[held])).why == "0/2 nodes are available"
    pulls = pod(containerStatuses=[state(waiting={"reason": "ErrImagePull", "message": "not found"})])
    assert pod_of(pulls).why == "not found"
    assert pod_of(pod(containerStatuses=[state(True, 3, running={})])).restarts == 3


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        ({"eks.amazonaws.com/nodegroup": "DemoNodeGroup"}, "DemoNodeGroup"),
        ({"eks.amazonaws.com/compute-type": "fargate"}, "Fargate"),
        ({"own": "yes"}, "self-managed"),
    ],
)
def test_a_node_tells_its_kind_and_adds_up_its_pods(labels: dict[str, str], kind: str) -> None:
    ready = {"type": "Ready", "status": "True"}
    found = node_of(
        {
            "metadata": {"name": "one", "labels": labels},
            "spec": {"unschedulable": True},
            "status": {"conditions": [ready], "allocatable": {"cpu": "1930m", "memory": "2Gi", "pods": "17"}},
        },
        [pod("a", "one"), pod("b", "one"), pod("c", "two")],
    )
    assert (found.kind, found.state, len(found.pods)) == (kind, "Ready,SchedulingDisabled", 2)
    assert (found.cpu_requested, found.memory_requested) == (0.5, 128)
    assert (found.cpu, found.memory, found.room) == (1.93, 2048, 17)


def test_the_picture_in_words() -> None:
    node = Node("ip-1", "DemoNodeGroup", "t3.medium", "us-east-1a", True, False, 2, 4096, 17, (pod_of(pod(node="x")),))
    waiting = pod_of(pod(phase="Pending", conditions=[{"type": "PodScheduled", "status": "False", "message": "full"}]))
    found = Nodes(
        "DemoEKS", "demo", "ACTIVE", nodes=(node,), waiting=(waiting,),
        services=(Service("web", "LoadBalancer", "port 80", 1, 2, "x.elb.amazonaws.com"),),
        deployments=(Deployment("web", 2, 1, 2),),
    )  # fmt: skip
    told = in_words(found)
    assert "Node 1 (DemoNodeGroup, t3.medium, us-east-1a): Ready, 0.25 of 2.00 vCPU" in told
    assert "pod of web: Pending: full" in told
    assert "Deployment web: 1 of 2 pods ready" in told
    assert "1 of 2 pods ready behind a load balancer" in told
    assert in_words(Nodes("x", "demo", "UNREACHABLE", problem="No answer.")) == "Cluster x: unreachable. No answer."
