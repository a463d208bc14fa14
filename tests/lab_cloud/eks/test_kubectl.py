"""kubectl and the official client against a cluster with two nodes: what a learner types in labs 09 and 10."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest

from tests.lab_cloud.eks.place import KUBECTL, EksPlace
from tests.waiting import until

pytestmark = [pytest.mark.kubectl, pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")]
kubernetes = pytest.importorskip("kubernetes")

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: %(name)s, labels: {app: %(name)s}}
spec:
  replicas: 2
  progressDeadlineSeconds: %(deadline)s
  selector: {matchLabels: {app: %(name)s}}
  template:
    metadata: {labels: {app: %(name)s}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: web, image: nginxdemos/hello, ports: [{containerPort: 80}]}
"""
SERVICE = """
---
apiVersion: v1
kind: Service
metadata: {name: %(name)s}
spec: {type: LoadBalancer, selector: {app: %(name)s}, ports: [{port: 80}]}
"""
PYTHON = "python:3.12-alpine"


@pytest.fixture(scope="module")
def workers(eks: EksPlace) -> Iterator[list[str]]:
    """The names of two nodes."""
    group = {"clusterName": eks.shared, "nodegroupName": eks.cloud.name("kubectl")}
    sizes = {"minSize": 0, "maxSize": 2, "desiredSize": 2}
    eks.api.create_nodegroup(**group, subnets=eks.subnets, nodeRole=eks.node_role(), scalingConfig=sizes)
    label = f"eks.amazonaws.com/nodegroup={group['nodegroupName']}"

    def ready() -> list[str]:
        nodes = json.loads(eks.kubectl("get", "nodes", "-l", label, "-o", "json"))["items"]
        shown = [each for each in nodes if {"type": "Ready", "status": "True"}.items() <= _ready(each).items()]
        return [each["metadata"]["name"] for each in shown]

    until(lambda: len(ready()) == 2, 30)
    yield ready()
    eks.api.delete_nodegroup(**group)


def _ready(node: dict[str, Any]) -> dict[str, Any]:
    return next((each for each in node["status"].get("conditions", ()) if each["type"] == "Ready"), {})


def get(eks: EksPlace, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(eks.kubectl("get", *words, "-o", "json"))
    return found


def applied(eks: EksPlace, text: str = DEPLOYMENT, **values: Any) -> str:
    name = eks.cloud.name("web")
    eks.kubectl("apply", "-f", "-", stdin=text % {"name": name, "deadline": 600, **values})
    eks.kubectl("rollout", "status", f"deploy/{name}", "--timeout=40s")
    return name


def test_a_service_answers_through_its_load_balancer(eks: EksPlace, workers: list[str]) -> None:
    name = applied(eks, DEPLOYMENT + SERVICE)
    until(lambda: get(eks, "svc", name)["status"]["loadBalancer"].get("ingress"))
    host = get(eks, "svc", name)["status"]["loadBalancer"]["ingress"][0]["hostname"]
    balancing = eks.cloud.client("elbv2")
    found = [each for each in balancing.describe_load_balancers()["LoadBalancers"] if each["DNSName"] == host]
    assert [(each["Type"], each["Scheme"]) for each in found] == [("network", "internet-facing")]
    groups = balancing.describe_target_groups(LoadBalancerArn=found[0]["LoadBalancerArn"])["TargetGroups"]

    def healthy() -> int:
        health = balancing.describe_target_health(TargetGroupArn=groups[0]["TargetGroupArn"])
        return [each["TargetHealth"]["State"] for each in health["TargetHealthDescriptions"]].count("healthy")

    until(lambda: healthy() == 2)
    with urlopen(eks.cloud.url(host), timeout=10) as answer:
        assert answer.status == 200
    shown = eks.kubectl("describe", "svc", name)
    assert "Ensured load balancer" in shown
    assert "on this machine the Service answers at 80=127.0.0.1:" in shown
    place = get(eks, "svc", name)["metadata"]["annotations"]["containers-on-aws.lab/answers-at"].partition("=")[2]
    with urlopen(f"http://{place}/", timeout=10) as answer:
        assert answer.status == 200
    assert '"GET / HTTP/1.1" 200' in eks.kubectl("logs", "-l", f"app={name}", "--tail=9")
    eks.kubectl("scale", "deploy", name, "--replicas=1")
    until(lambda: healthy() == 1)
    eks.kubectl("delete", "deploy,svc", name)
    left = [each["DNSName"] for each in balancing.describe_load_balancers()["LoadBalancers"]]
    assert host not in left


def test_pods_find_services_by_their_environment(eks: EksPlace, workers: list[str]) -> None:
    name = applied(eks, DEPLOYMENT + SERVICE.replace("LoadBalancer", "ClusterIP"))
    until(lambda: "annotations" in get(eks, "svc", name)["metadata"])
    until(lambda: "answers-at" in str(get(eks, "svc", name)["metadata"]["annotations"]))
    prefix = name.upper().replace("-", "_")
    code = (
        "import os,urllib.request as r;e=os.environ;"
        f"print(r.urlopen('http://'+e['{prefix}_SERVICE_HOST']+':'+e['{prefix}_SERVICE_PORT']).status)"
    )
    eks.kubectl("create", "job", name, f"--image={PYTHON}", "--", "python", "-c", code)
    eks.kubectl("wait", "--for=condition=complete", f"job/{name}", "--timeout=40s")
    assert eks.kubectl("logs", f"job/{name}").strip() == "200"
    assert "1/1" in eks.kubectl("get", "job", name)
    assert "Job completed" in eks.kubectl("describe", "job", name)
    eks.kubectl("delete", "deploy,svc,job", name)
    assert eks.kubectl("get", "pods", "-l", f"job-name={name}", "-o", "name") == ""


def test_a_rollout_goes_on_back_and_fails(eks: EksPlace, workers: list[str]) -> None:
    name = applied(eks, deadline=3)
    what = f"deploy/{name}"
    eks.kubectl("annotate", what, "kubernetes.io/change-cause=first")
    eks.kubectl("set", "image", what, "web=public.ecr.aws/nginx/nginx:latest")
    assert "successfully rolled out" in eks.kubectl("rollout", "status", what, "--timeout=40s")
    assert "first" in eks.kubectl("rollout", "history", what)
    eks.kubectl("rollout", "undo", what)
    eks.kubectl("rollout", "status", what, "--timeout=40s")
    sets = get(eks, "rs", "-l", f"app={name}")["items"]
    assert sorted(each["spec"]["replicas"] for each in sets) == [0, 2]
    eks.kubectl("set", "image", what, "web=nobody/has-this:1")
    told = eks.kubectl("rollout", "status", what, "--timeout=40s", code=1)
    assert "exceeded its progress deadline" in told
    pods = eks.kubectl("get", "pods", "-l", f"app={name}")
    assert "ErrImagePull" in pods or "ImagePullBackOff" in pods
    assert get(eks, what)["status"]["availableReplicas"] == 2
    eks.kubectl("delete", what)


def test_nodes_are_emptied_and_come_back(eks: EksPlace, workers: list[str]) -> None:
    name, (node, other) = applied(eks), workers
    eks.kubectl("create", "pdb", name, f"--selector=app={name}", "--min-available=1")
    assert "cordoned" in eks.kubectl("cordon", node)
    assert "Ready,SchedulingDisabled" in eks.kubectl("get", "node", node)
    assert "drained" in eks.kubectl("drain", node, "--ignore-daemonsets", "--force", "--timeout=40s")
    pods = get(eks, "pods", "-l", f"app={name}")["items"]
    assert {each["spec"].get("nodeName", other) for each in pods} == {other}
    assert "uncordoned" in eks.kubectl("uncordon", node)
    assert "tainted" in eks.kubectl("taint", "node", node, "only=me:NoSchedule")
    assert "only=me:NoSchedule" in eks.kubectl("describe", "node", node)
    assert "untainted" in eks.kubectl("taint", "node", node, "only-")
    assert "labeled" in eks.kubectl("label", "node", node, f"disk={name}")
    assert node in eks.kubectl("get", "nodes", "-l", f"disk={name}", "-o", "wide")
    eks.kubectl("delete", "deploy,pdb", name)


def test_a_daemon_set_is_on_every_node(eks: EksPlace, workers: list[str]) -> None:
    name = eks.cloud.name("agent")
    text = (DEPLOYMENT % {"name": name, "deadline": 600}).replace("kind: Deployment", "kind: DaemonSet")
    text = text.replace("  replicas: 2\n  progressDeadlineSeconds: 600\n", "")
    eks.kubectl("apply", "-f", "-", stdin=text)
    assert "successfully rolled out" in eks.kubectl("rollout", "status", f"ds/{name}", "--timeout=40s")
    pods = get(eks, "pods", "-l", f"app={name}")["items"]
    assert set(workers) <= {each["spec"]["nodeName"] for each in pods}
    eks.kubectl("delete", "ds", name)


def test_a_pod_that_crashes_says_so(eks: EksPlace, workers: list[str]) -> None:
    name = eks.cloud.name("crash")
    code = "print('about to fail');raise SystemExit(3)"
    eks.kubectl("run", name, f"--image={PYTHON}", "--", "python", "-c", code)
    until(lambda: "CrashLoopBackOff" in eks.kubectl("get", "pod", name), 30)
    assert "about to fail" in eks.kubectl("logs", name, "--previous")
    shown = eks.kubectl("describe", "pod", name)
    assert "Exit Code:    3" in shown
    assert "Back-off restarting failed container" in shown
    eks.kubectl("delete", "pod", name)


def test_what_is_refused(eks: EksPlace) -> None:
    name = eks.cloud.name("config")
    eks.kubectl("create", "configmap", name, "--from-literal=a=1")
    old = get(eks, "cm", name)
    eks.kubectl("patch", "cm", name, "--type=merge", "-p", '{"data": {"a": "2"}}')
    told = eks.kubectl("replace", "-f", "-", stdin=json.dumps(old), code=1)
    assert "the object has been modified; please apply your changes to the latest version" in told
    eks.kubectl("delete", "cm", name)
    text = DEPLOYMENT % {"name": name, "deadline": 600}
    eks.kubectl("apply", "-f", "-", stdin=text.replace("replicas: 2", "replicas: 0"))
    other = text.replace("{matchLabels: {app: " + name, "{matchLabels: {tier: " + name)
    assert "`selector` does not match" in eks.kubectl("apply", "-f", "-", stdin=other, code=1)
    moved = other.replace("metadata: {labels: {app: " + name, "metadata: {labels: {tier: " + name)
    assert "field is immutable" in eks.kubectl("apply", "-f", "-", stdin=moved, code=1)
    eks.kubectl("delete", "deploy", name)
    told = eks.kubectl("get", "pods", "--as=ana", code=1)
    assert 'User "ana" cannot list resource "pods"' in told
    assert eks.kubectl("auth", "can-i", "get", "pods", "--as=ana", code=1).startswith("no")
    assert "does not carry" in eks.kubectl("get", "--raw", "/api/v1/namespaces/default/pods/x/attach", code=1)


def test_the_official_client_runs_and_watches(eks: EksPlace, workers: list[str]) -> None:
    core = eks.core(eks.shared)
    batch, name = kubernetes.client.BatchV1Api(core.api_client), eks.cloud.name("sum")
    container = {"name": "sum", "image": PYTHON, "command": ["python", "-c", "print(40 + 2)"]}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    batch.create_namespaced_job("default", {"metadata": {"name": name}, "spec": {"template": template}})
    seen = []
    stream = kubernetes.watch.Watch().stream(
        core.list_namespaced_pod, "default", label_selector=f"job-name={name}", timeout_seconds=40
    )
    for event in stream:
        seen.append(event["object"].status.phase)
        if seen[-1] in ("Succeeded", "Failed"):
            break
    assert seen[-1] == "Succeeded", seen
    pod = core.list_namespaced_pod("default", label_selector=f"job-name={name}").items[0]
    assert core.read_namespaced_pod_log(pod.metadata.name, "default") == "42\n"
    until(lambda: batch.read_namespaced_job(name, "default").status.succeeded == 1)
    reasons = {each.reason for each in core.list_namespaced_event("default").items if each.involved_object.name == name}
    assert reasons >= {"SuccessfulCreate", "Completed"}
    batch.delete_namespaced_job(name, "default", propagation_policy="Foreground")
    until(lambda: core.list_namespaced_pod("default", label_selector=f"job-name={name}").items == [])
