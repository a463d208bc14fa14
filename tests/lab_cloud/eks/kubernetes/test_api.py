"""From a request to its answer: create, read, list, and what containers said."""

import pytest

from tests.lab_cloud.eks.kubernetes.server import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    PODS,
    TABLE,
    Server,
    config,
    deployment,
    pod,
)


def test_an_object_gets_what_the_system_gives(server: Server) -> None:
    made = server.made(DEPLOYMENTS, {**deployment(), "status": {"replicas": 7}})
    metadata = made["metadata"]
    assert metadata["namespace"] == "default"
    assert metadata["generation"] == 1
    assert metadata["creationTimestamp"] == "2023-11-14T22:13:20Z"
    assert len(metadata["uid"]) == 36
    assert made["spec"]["replicas"] == 1
    assert made["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "Always"
    assert made["status"] == {}  # what was sent of it is dropped
    assert server.get(f"{DEPLOYMENTS}/web") == made


def test_a_name_is_made_from_its_beginning(server: Server) -> None:
    names = {server.made(PODS, {**pod(), "metadata": {"generateName": "a-"}})["metadata"]["name"] for _ in range(9)}
    assert len(names) == 9
    assert all(name.startswith("a-") and len(name) == 7 for name in names)


def test_what_is_there_twice_or_not_at_all(server: Server) -> None:
    server.made(CONFIG_MAPS, config())
    code, found = server.ask("POST", CONFIG_MAPS, config())
    assert (code, found["reason"]) == (409, "AlreadyExists")
    assert found["message"] == 'configmaps "one" already exists'
    code, found = server.ask("GET", f"{DEPLOYMENTS}/none")
    assert (code, found["message"]) == (404, 'deployments.apps "none" not found')
    assert found["details"] == {"name": "none", "group": "apps", "kind": "deployments"}
    code, found = server.ask("POST", "/api/v1/namespaces/none/configmaps", config())
    assert (code, found["message"]) == (404, 'namespaces "none" not found')


@pytest.mark.parametrize(
    "path",
    [
        *("/api/v2", "/apis/none.k8s.io/v1", "/apis/none.k8s.io/v1/things", "/api/v1/things", "/nothing"),
        *("/apis/apps/v1/namespaces/default/statefulsets", "/api/v1/pods/one", "/api/v1/nodes/one/proxy"),
        *("/api/v1/namespaces/default/nodes", "/openapi/v3/apis/none/v1"),
    ],
)
def test_what_is_not_here_is_not_found(server: Server, path: str) -> None:
    code, found = server.ask("GET", path)
    assert (code, found["kind"], found["reason"]) == (404, "Status", "NotFound")
    assert found["details"], "kubectl debug looks into them without asking"


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("apps/v1/namespaces/default/controllerrevisions", "apply its earlier manifest again"),
        ("apps/v1/namespaces/default/statefulsets", "no statefulsets: use a Deployment"),
        ("autoscaling/v2/namespaces/default/horizontalpodautoscalers", "use `kubectl scale`"),
        ("networking.k8s.io/v1/ingresses", "no ingresses: use a Service of type LoadBalancer"),
        ("scheduling.k8s.io/v1/priorityclasses", "`kubectl api-resources` lists"),
    ],
)
def test_a_kind_that_is_not_here_says_what_helps_instead(server: Server, path: str, hint: str) -> None:
    code, found = server.ask("POST", f"/apis/{path}", {})
    assert (code, hint in found["message"]) == (404, True), found["message"]


def test_a_verb_that_a_resource_does_not_have(server: Server) -> None:
    assert server.ask("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")[0] == 405
    assert server.ask("POST", f"{CONFIG_MAPS}/one", config())[0] == 405
    assert server.ask("POST", "/api/v1/configmaps", config())[0] == 405
    assert server.ask("DELETE", "/version")[0] == 405


def test_lists_are_selected_and_paged(server: Server) -> None:
    for i in range(5):
        server.made(PODS, {**pod(f"p{i}"), "metadata": {"name": f"p{i}", "labels": {"odd": str(i % 2)}}})
    code, found = server.ask("GET", "/api/v1/pods", query="labelSelector=odd%3D1&fieldSelector=status.phase%3DPending")
    assert code == 200
    assert found["kind"] == "PodList"
    assert [each["metadata"]["name"] for each in found["items"]] == ["p1", "p3"]
    names, token, left = [], "", []
    while True:
        _code, found = server.ask("GET", PODS, query=f"limit=2&continue={token}")
        names += [each["metadata"]["name"] for each in found["items"]]
        token = found["metadata"].get("continue", "")
        left.append(found["metadata"].get("remainingItemCount", 0))
        if not token:
            break
    assert names == [f"p{i}" for i in range(5)]
    assert left == [3, 1, 0]
    assert server.ask("GET", PODS, query="continue=nonsense")[0] == 400
    assert server.ask("GET", PODS, query="limit=many")[0] == 400


def test_a_table_has_kubectls_columns(server: Server) -> None:
    server.made(PODS, pod())
    code, found = server.ask("GET", PODS, accept=TABLE)
    assert (code, found["kind"]) == (200, "Table")
    shown = [each["name"] for each in found["columnDefinitions"] if each["priority"] == 0]
    assert shown == ["Name", "Ready", "Status", "Restarts", "Age"]
    assert found["rows"][0]["cells"][:5] == ["one", "0/1", "Pending", "0", "0s"]
    assert found["rows"][0]["object"]["kind"] == "PartialObjectMetadata"


def test_logs_of_a_pod_that_nobody_runs(server: Server) -> None:
    server.made(PODS, pod(containers=[{"name": "a", "image": "x"}, {"name": "b", "image": "x"}]))
    assert "a container name must be specified" in server.ask("GET", f"{PODS}/one/log")[1]["message"]
    assert "is not valid" in server.ask("GET", f"{PODS}/one/log", query="container=c")[1]["message"]
    assert "does not have a host" in server.ask("GET", f"{PODS}/one/log", query="container=a")[1]["message"]
    server.ask("POST", f"{PODS}/one/binding", {"target": {"name": "node"}})
    assert server.ask("GET", f"{PODS}/one/log", query="container=a")[0] == 503


@pytest.mark.parametrize("stream", ["attach", "exec", "portforward"])
def test_streams_into_containers_are_refused_with_what_helps(server: Server, stream: str) -> None:
    server.made(PODS, pod())
    code, found = server.ask("GET", f"{PODS}/one/{stream}")
    assert (code, found["reason"]) == (501, "NotImplemented")
    assert "The embedded cloud" in found["message"]
