"""The official client of Kubernetes and kubectl, against a cluster of a real cloud."""

import json
import subprocess
import threading
from typing import Any

import pytest
import yaml

from tests.lab_cloud.eks.place import KUBECTL, EksPlace, token
from tests.waiting import until

kubernetes = pytest.importorskip("kubernetes")
with_kubectl = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: %(name)s}
spec:
  replicas: %(replicas)s
  selector: {matchLabels: {app: %(name)s}}
  template:
    metadata: {labels: {app: %(name)s}}
    spec:
      containers:
      - name: web
        image: nginxdemos/hello
        ports: [{containerPort: 80}]
"""


def manifest(name: str, replicas: int | str = 2) -> str:
    return MANIFEST % {"name": name, "replicas": replicas}


@pytest.fixture(scope="module")
def client(eks: EksPlace) -> Any:
    """The official client, as its kubeconfig would set it up."""
    eks.aws("eks", "update-kubeconfig", "--name", eks.shared)
    content = yaml.safe_load((eks.cloud.home / "kubeconfig").read_text(encoding="utf-8"))
    content["users"][0]["user"] = {"token": token(eks.cloud.session(), eks.shared, eks.cloud.endpoint)}
    return kubernetes.config.new_client_from_config_dict(content)


def test_the_official_client_creates_reads_changes_and_deletes(eks: EksPlace, client: Any) -> None:
    apps, core = kubernetes.client.AppsV1Api(client), kubernetes.client.CoreV1Api(client)
    name = eks.cloud.name("deployment")
    made = apps.create_namespaced_deployment("default", yaml.safe_load(manifest(name)))
    assert made.spec.replicas == 2
    assert apps.patch_namespaced_deployment_scale(name, "default", {"spec": {"replicas": 3}}).spec.replicas == 3
    listed = apps.list_namespaced_deployment("default", label_selector="!none", field_selector=f"metadata.name={name}")
    assert [each.spec.replicas for each in listed.items] == [3]
    apps.delete_namespaced_deployment(name, "default")
    with pytest.raises(kubernetes.client.ApiException) as caught:
        apps.read_namespaced_deployment(name, "default")
    assert (caught.value.status, json.loads(caught.value.body)["reason"]) == (404, "NotFound")
    assert {each.metadata.name for each in core.list_namespace().items} >= {"default", "kube-system"}
    assert kubernetes.client.VersionApi(client).get_code().git_version.startswith("v1.36.")


def test_the_official_client_watches(eks: EksPlace, client: Any) -> None:
    core, name = kubernetes.client.CoreV1Api(client), eks.cloud.name("config")
    version = core.list_namespaced_config_map("default").metadata.resource_version
    seen: list[tuple[str, str]] = []

    def look() -> None:
        stream = kubernetes.watch.Watch().stream(
            core.list_namespaced_config_map, "default", resource_version=version,
            field_selector=f"metadata.name={name}", timeout_seconds=20,
        )  # fmt: skip
        for event in stream:
            seen.append((event["type"], event["object"].metadata.name))
            if event["type"] == "DELETED":
                return

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    core.create_namespaced_config_map("default", {"metadata": {"name": name}, "data": {"a": "1"}})
    core.patch_namespaced_config_map(name, "default", {"data": {"a": "2"}})
    core.delete_namespaced_config_map(name, "default")
    until(lambda: not thread.is_alive(), 20)
    assert seen == [("ADDED", name), ("MODIFIED", name), ("DELETED", name)]


def test_the_dynamic_client_finds_its_way(eks: EksPlace, client: Any) -> None:
    dynamic = kubernetes.dynamic.DynamicClient(client)
    resource = dynamic.resources.get(api_version="apps/v1", kind="Deployment")
    name = eks.cloud.name("dynamic")
    body = yaml.safe_load(manifest(name))
    found = dynamic.server_side_apply(resource, body=body, name=name, namespace="default", field_manager="test")
    assert found.metadata.managedFields[0].manager == "test"
    resource.delete(name, "default")


@with_kubectl
def test_kubectl_comes_in_by_the_kubeconfig_of_aws(eks: EksPlace) -> None:
    eks.aws("eks", "update-kubeconfig", "--name", eks.shared)
    done = subprocess.run(
        [str(KUBECTL), "get", "namespaces"],
        env=eks.environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "kube-system" in done.stdout, done.stderr
    printed = eks.cloud.command("env", "--shell", "posix").stdout
    assert f"KUBECONFIG={eks.cloud.home / 'kubeconfig'}" in printed


@with_kubectl
def test_kubectl_applies_shows_changes_and_deletes(eks: EksPlace) -> None:
    name = eks.cloud.name("kubectl")
    assert "created (server dry run)" in eks.kubectl("apply", "--dry-run=server", "-f", "-", stdin=manifest(name))
    assert f"deployment.apps/{name} created" in eks.kubectl("apply", "-f", "-", stdin=manifest(name))
    assert "unchanged" in eks.kubectl("apply", "-f", "-", stdin=manifest(name))
    assert "replicas: 4" in eks.kubectl("diff", "-f", "-", stdin=manifest(name, 4), code=1)
    assert "configured" in eks.kubectl("apply", "-f", "-", stdin=manifest(name, 4))
    assert "0/4" in eks.kubectl("get", "deploy", name)
    assert "Replicas:               4 desired" in eks.kubectl("describe", "deploy", name)
    eks.kubectl("label", "deploy", name, "tier=front")
    assert name in eks.kubectl("get", "deploy", "-l", "tier in (front)", "-o", "name")
    eks.kubectl("annotate", "deploy", name, "note=here")
    eks.kubectl("scale", "deploy", name, "--replicas=1")
    eks.kubectl("set", "image", f"deploy/{name}", "web=nginx:2")
    assert "1 nginx:2" in eks.kubectl(
        "get", "deploy", name, "-o", "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image}"
    )
    eks.kubectl("patch", "deploy", name, "--type=json", "-p", '[{"op":"replace","path":"/spec/replicas","value":2}]')
    eks.kubectl("wait", "deploy", name, "--for=jsonpath={.spec.replicas}=2", "--timeout=10s")
    assert "deleted" in eks.kubectl("delete", "deploy", name)
    assert "NotFound" in eks.kubectl("get", "deploy", name, code=1)


@with_kubectl
def test_kubectl_goes_back_to_an_old_revision(eks: EksPlace) -> None:
    name = eks.cloud.name("history")
    eks.kubectl("apply", "-f", "-", stdin=manifest(name))
    revision = ("get", "deploy", name, "-o", r"jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}")
    until(lambda: eks.kubectl(*revision) == "1")
    eks.kubectl("set", "image", f"deploy/{name}", "web=nginx:2")
    until(lambda: eks.kubectl(*revision) == "2")
    assert "2 " in eks.kubectl("rollout", "history", "deploy", name)
    eks.kubectl("rollout", "undo", "deploy", name)
    until(lambda: eks.kubectl(*revision) == "3")
    sets = eks.kubectl("get", "rs", "-l", f"app={name}", "-o", "name").split()
    assert len(sets) == 2
    eks.kubectl("delete", "deploy", name)


@with_kubectl
def test_kubectl_applies_on_the_server(eks: EksPlace) -> None:
    name = eks.cloud.name("server-side")
    assert "serverside-applied" in eks.kubectl("apply", "--server-side", "-f", "-", stdin=manifest(name))
    eks.kubectl("scale", "deploy", name, "--replicas=7")
    told = eks.kubectl("apply", "--server-side", "-f", "-", stdin=manifest(name), code=1)
    assert "Apply failed with 1 conflict" in told
    assert ".spec.replicas" in told
    eks.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=manifest(name))
    eks.kubectl("delete", "deploy", name)


@with_kubectl
def test_kubectl_is_told_what_is_wrong(eks: EksPlace) -> None:
    wrong = manifest("wrong").replace("  replicas:", "  replica:")
    assert 'unknown field "spec.replica"' in eks.kubectl("apply", "-f", "-", stdin=wrong, code=1)
    assert "cannot unmarshal string" in eks.kubectl("apply", "-f", "-", stdin=manifest("wrong", '"two"'), code=1)
    without = manifest("wrong").replace("        image: nginxdemos/hello\n", "")
    assert "spec.template.spec.containers[0].image: Required value" in eks.kubectl(
        "apply", "-f", "-", stdin=without, code=1
    )
    old = manifest("wrong").replace("apps/v1", "apps/v1beta1")
    assert 'no matches for kind "Deployment" in version "apps/v1beta1"' in eks.kubectl(
        "apply", "-f", "-", stdin=old, code=1
    )
    assert "doesn't have a resource type" in eks.kubectl("get", "statefulsets", code=1)


@with_kubectl
def test_kubectl_creates_by_its_own_generators(eks: EksPlace) -> None:
    space = eks.cloud.name("space")
    eks.kubectl("create", "namespace", space)
    inside = ("-n", space)
    for words in (
        ("deployment", "web", "--image=nginx", "--port=80"),
        ("configmap", "config", "--from-literal=a=b"),
        ("secret", "generic", "secret", "--from-literal=a=b"),
        ("serviceaccount", "account"),
        ("service", "clusterip", "web", "--tcp=80:8080"),
        ("job", "job", "--image=busybox", "--", "true"),
        ("role", "reader", "--verb=get,list", "--resource=pods"),
        ("rolebinding", "readers", "--role=reader", "--user=ana"),
    ):
        assert "created" in eks.kubectl("create", *words, *inside)
    assert eks.kubectl("auth", "can-i", "list", "pods", *inside, "--as=ana").startswith("yes")
    assert eks.kubectl("auth", "can-i", "delete", "pods", *inside, "--as=ana", code=1).startswith("no")
    assert eks.kubectl("auth", "can-i", "*", "*").startswith("yes")
    assert "80/TCP" in eks.kubectl("get", "svc", "web", *inside)
    eks.kubectl("delete", "namespace", space)
    assert "NotFound" in eks.kubectl("get", "namespace", space, code=1)


@with_kubectl
def test_kubectl_explains(eks: EksPlace) -> None:
    assert "Number of desired pods" in eks.kubectl("explain", "deployment.spec.replicas")
    assert "-required-" in eks.kubectl("explain", "pod.spec.containers")
    assert "storageclasses" in eks.kubectl("api-resources", "--no-headers")
    assert "does not exist" in eks.kubectl("explain", "deployment.spec.none", code=1)
    assert "-eks-simulated" in eks.kubectl("version")
