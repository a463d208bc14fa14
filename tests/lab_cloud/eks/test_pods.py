"""Pods of a real cluster through the official Python client, kubectl and HTTP."""

import urllib.request
from typing import Any

import pytest

from tests.lab_cloud.eks.place import KUBECTL, EksPlace
from tests.lab_cloud.eks.test_nodegroups_api import Group
from tests.waiting import until

pytest_needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")


class Pods:
    """A cluster with two nodes."""

    def __init__(self, place: EksPlace) -> None:
        self.place = place
        self.group = Group(place, scalingConfig={"minSize": 1, "maxSize": 2, "desiredSize": 2})
        self.core = self.group.core
        until(lambda: self.group.ready(2), 30)

    def apps(self) -> Any:
        import kubernetes

        return kubernetes.client.AppsV1Api(self.core.api_client)

    def kubectl(self, *words: str, code: int = 0, stdin: str = "") -> str:
        return self.place.kubectl(*words, code=code, stdin=stdin, cluster=self.group.cluster)

    def of(self, app: str) -> list[Any]:
        return list(self.core.list_namespaced_pod("default", label_selector=f"app={app}").items)

    def ready(self, app: str, count: int) -> list[Any]:
        def found() -> list[Any]:
            pods = [each for each in self.of(app) if each.metadata.deletion_timestamp is None]
            ready = [each for each in pods if _is_ready(each)]
            return ready if len(ready) == len(pods) == count else []

        return until(found, 20)


def _is_ready(pod: Any) -> bool:
    return any(each.type == "Ready" and each.status == "True" for each in pod.status.conditions or ())


def web(name: str, replicas: int = 3, **container: Any) -> dict[str, Any]:
    own = {
        "name": "web",
        "image": "public.ecr.aws/nginx/nginx:latest",
        "ports": [{"containerPort": 8080}],
        "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}},
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}},
        **container,
    }
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [own]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


@pytest.fixture(scope="module")
def pods(eks: EksPlace) -> Pods:
    return Pods(eks)


def test_a_deployment_runs_on_both_nodes_answers_and_ends(pods: Pods) -> None:
    pods.apps().create_namespaced_deployment("default", web("hello"))
    found = pods.ready("hello", 3)
    assert len({each.spec.node_name for each in found}) == 2
    assert len({each.status.pod_ip for each in found}) == 3
    for each in found:
        with urllib.request.urlopen(f"http://{each.status.pod_ip}:8080/", timeout=5) as answer:
            assert b"written for this\ncourse" in answer.read()
    name = found[0].metadata.name
    assert "GET / " in until(lambda: pods.core.read_namespaced_pod_log(name, "default"))
    pods.apps().patch_namespaced_deployment_scale("hello", "default", {"spec": {"replicas": 1}})
    pods.ready("hello", 1)
    until(lambda: len(pods.of("hello")) == 1)
    pods.apps().delete_namespaced_deployment("hello", "default")
    until(lambda: not pods.of("hello"))


def test_what_no_node_has_room_for_waits_and_says_why(pods: Pods) -> None:
    pods.apps().create_namespaced_deployment("default", web("huge", 1, resources={"requests": {"cpu": "64"}}))

    def told() -> Any:
        found = pods.core.list_namespaced_event("default", field_selector="reason=FailedScheduling").items
        return next((each for each in found if each.involved_object.name.startswith("huge-")), None)

    event = until(told)
    assert event.message.startswith("0/2 nodes are available: 2 Insufficient cpu. ")
    assert event.source.component == "default-scheduler"
    condition = pods.of("huge")[0].status.conditions[0]
    assert (condition.type, condition.status, condition.reason) == ("PodScheduled", "False", "Unschedulable")
    pods.apps().delete_namespaced_deployment("huge", "default")


@pytest_needs_kubectl
def test_kubectl_shows_what_a_pod_does(pods: Pods) -> None:
    code = "import sys, time; print('to stdout'); print('to stderr', file=sys.stderr); time.sleep(0.3); sys.exit(2)"
    crash = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "crash"},
        "spec": {"containers": [{"name": "main", "image": "python:3.12-alpine", "command": ["python3", "-uSc", code]}]},
    }  # fmt: skip
    pods.core.create_namespaced_pod("default", crash)
    until(lambda: (pods.core.read_namespaced_pod("crash", "default").status.container_statuses or ())[0].restart_count)
    assert sorted(pods.kubectl("logs", "crash", "--previous").split("\n")) == ["", "to stderr", "to stdout"]
    assert "to std" in pods.kubectl("logs", "crash", "--tail=1", "-f")
    described = pods.kubectl("describe", "pod", "crash")
    assert "Successfully assigned default/crash to ip-" in described
    assert "Last State:     Terminated" in described
    assert "Exit Code:    2" in described
    pods.kubectl("delete", "pod", "crash", "--grace-period=0", "--force")
    assert "NotFound" in pods.kubectl("get", "pod", "crash", code=1)


def test_a_command_runs_in_a_container(pods: Pods) -> None:
    import kubernetes
    from kubernetes.stream import stream

    pods.apps().create_namespaced_deployment("default", web("inside", 1))
    name = pods.ready("inside", 1)[0].metadata.name
    core = kubernetes.client.CoreV1Api(kubernetes.client.ApiClient(pods.core.api_client.configuration))
    asked = {"stderr": True, "stdin": False, "stdout": True, "tty": False}
    session = stream(
        core.connect_get_namespaced_pod_exec, name, "default", command=["echo", "here"], _preload_content=False, **asked
    )
    session.run_forever(timeout=20)
    assert session.read_all() == "here\n"
    session.sock.shutdown()
    if KUBECTL is not None:
        assert pods.kubectl("exec", name, "--", "sh", "-c", "echo $HOSTNAME").strip() == name
        assert "exit code 3" in pods.kubectl("exec", name, "--", "sh", "-c", "exit 3", code=3)
        assert "runs commands without -i and -t" in pods.kubectl("exec", "-i", name, "--", "sh", code=1)
        assert "forwards no ports" in pods.kubectl("port-forward", name, "8080", code=1)
    pods.apps().delete_namespaced_deployment("inside", "default")


@pytest_needs_kubectl
def test_a_rollout_to_an_image_that_is_not_there_keeps_the_old_pods(pods: Pods) -> None:
    pods.apps().create_namespaced_deployment("default", web("shop", 2))
    before = {each.metadata.name for each in pods.ready("shop", 2)}
    pods.kubectl("set", "image", "deployment/shop", "web=nginx:misspelt")

    def pulls() -> bool:
        states = [each.status.container_statuses[0].state.waiting for each in pods.of("shop")]
        return any(each is not None and each.reason in ("ErrImagePull", "ImagePullBackOff") for each in states)

    until(pulls, 20)
    assert before & {each.metadata.name for each in pods.of("shop") if _is_ready(each)}
    assert "ImagePull" in pods.kubectl("get", "pods")  # ErrImagePull or ImagePullBackOff, in turn
    pods.kubectl("rollout", "undo", "deployment/shop")
    pods.kubectl("rollout", "status", "deployment/shop", "--timeout=30s")
    pods.ready("shop", 2)
    pods.apps().delete_namespaced_deployment("shop", "default")
    until(lambda: not pods.of("shop"))
