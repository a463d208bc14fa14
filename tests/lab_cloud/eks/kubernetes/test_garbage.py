"""How objects end."""

from typing import Any

from tests.lab_cloud.eks.kubernetes.server import (
    CONFIG_MAPS,
    PODS,
    REPLICA_SETS,
    SERVICES,
    Server,
    config,
    deployment,
    pod,
)


def owned(name: str, owner: dict[str, Any], **more: Any) -> dict[str, Any]:
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"]}
    reference |= {"uid": owner["metadata"]["uid"], **more}
    made = pod(name)
    made["metadata"]["ownerReferences"] = [reference]
    return made


def test_what_is_owned_goes_with_its_owner(server: Server) -> None:
    owner = server.made(REPLICA_SETS, {**deployment(), "kind": "ReplicaSet"})
    server.made(PODS, owned("a", owner))
    server.made(PODS, pod("b"))
    code, found = server.ask("DELETE", f"{REPLICA_SETS}/web")
    assert (code, found["status"], found["details"]["name"]) == (200, "Success", "web")
    assert [each["metadata"]["name"] for each in server.get(PODS)["items"]] == ["b"]


def test_orphans_stay(server: Server) -> None:
    owner = server.made(REPLICA_SETS, {**deployment(), "kind": "ReplicaSet"})
    server.made(PODS, owned("a", owner))
    server.ask("DELETE", f"{REPLICA_SETS}/web", {"propagationPolicy": "Orphan"})
    assert "ownerReferences" not in server.get(f"{PODS}/a")["metadata"]


def test_an_owner_waits_for_what_it_owns_in_the_foreground(server: Server) -> None:
    owner = server.made(REPLICA_SETS, {**deployment(), "kind": "ReplicaSet"})
    server.made(PODS, owned("a", owner, blockOwnerDeletion=True))
    server.ask("POST", f"{PODS}/a/binding", {"target": {"name": "node"}})
    code, found = server.ask("DELETE", f"{REPLICA_SETS}/web", query="propagationPolicy=Foreground")
    assert (code, found["metadata"]["finalizers"]) == (200, ["foregroundDeletion"])
    assert "deletionTimestamp" in server.get(f"{PODS}/a")["metadata"]
    server.ask("DELETE", f"{PODS}/a", query="gracePeriodSeconds=0")
    assert server.ask("GET", f"{REPLICA_SETS}/web")[0] == 404


def test_a_pod_on_a_node_has_its_grace(server: Server) -> None:
    server.made(PODS, pod())
    assert server.ask("POST", f"{PODS}/one/binding", {"target": {"name": "node"}})[0] == 201
    found = server.get(f"{PODS}/one")
    assert found["spec"]["nodeName"] == "node"
    assert [each["type"] for each in found["status"]["conditions"]] == ["PodScheduled"]
    assert server.ask("POST", f"{PODS}/one/binding", {"target": {"name": "other"}})[0] == 409
    code, found = server.ask("DELETE", f"{PODS}/one")
    assert (code, found["metadata"]["deletionGracePeriodSeconds"]) == (200, 30)
    assert found["metadata"]["deletionTimestamp"] == "2023-11-14T22:13:50Z"
    gone = server.ask("DELETE", f"{PODS}/one", query="gracePeriodSeconds=0")[1]
    assert (gone["kind"], gone["metadata"]["name"]) == ("Pod", "one"), "what the official client reads"
    assert server.ask("GET", f"{PODS}/one")[0] == 404


def test_a_deletion_answers_what_the_published_paths_say(server: Server) -> None:
    for path, kind in (("services", "Service"), ("serviceaccounts", "ServiceAccount"), ("configmaps", "Status")):
        where = f"/api/v1/namespaces/default/{path}"
        server.made(
            where, {"metadata": {"name": "one"}, **({"spec": {"ports": [{"port": 80}]}} if kind == "Service" else {})}
        )
        assert server.ask("DELETE", f"{where}/one")[1]["kind"] == kind


def test_finalizers_hold(server: Server) -> None:
    made = config()
    made["metadata"]["finalizers"] = ["example.com/hold"]
    server.made(CONFIG_MAPS, made)
    assert "deletionTimestamp" in server.ask("DELETE", f"{CONFIG_MAPS}/one")[1]["metadata"]
    assert server.patch(f"{CONFIG_MAPS}/one", {"metadata": {"finalizers": ["example.com/more"]}})[0] == 422
    server.patch(f"{CONFIG_MAPS}/one", {"metadata": {"finalizers": None}})
    assert server.ask("GET", f"{CONFIG_MAPS}/one")[0] == 404


def test_preconditions_and_collections(server: Server) -> None:
    for name in ("a", "b"):
        server.made(CONFIG_MAPS, {**config(name), "metadata": {"name": name, "labels": {"which": name}}})
    assert server.ask("DELETE", f"{CONFIG_MAPS}/a", {"preconditions": {"uid": "other"}})[0] == 409
    assert server.ask("DELETE", f"{CONFIG_MAPS}/a", {"propagationPolicy": "Sideways"})[0] == 422
    code, found = server.ask("DELETE", CONFIG_MAPS, query="labelSelector=which%3Da")
    assert (code, len(found["items"])) == (200, 1)
    assert [each["metadata"]["name"] for each in server.get(CONFIG_MAPS)["items"]] == ["b"]


def test_a_namespace_goes_with_all_that_is_in_it(server: Server) -> None:
    server.made("/api/v1/namespaces", {"metadata": {"name": "gone"}})
    inside = "/api/v1/namespaces/gone"
    assert server.get(f"{inside}/serviceaccounts/default")["metadata"]["name"] == "default"
    server.made(f"{inside}/pods", pod())
    server.ask("POST", f"{inside}/pods/one/binding", {"target": {"name": "node"}})
    assert server.ask("DELETE", inside)[1]["status"]["phase"] == "Terminating"
    code, found = server.ask("POST", f"{inside}/configmaps", config())
    assert (code, "being terminated" in found["message"]) == (403, True)
    server.ask("DELETE", f"{inside}/pods/one", query="gracePeriodSeconds=0")
    assert server.ask("GET", inside)[0] == 404
    assert server.ask("DELETE", "/api/v1/namespaces/default")[0] == 403


def test_an_eviction_deletes_the_pod(server: Server) -> None:
    server.made(PODS, pod())
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "one"}}
    assert server.ask("POST", f"{PODS}/one/eviction", body)[0] == 201
    assert server.ask("GET", f"{PODS}/one")[0] == 404


def test_the_service_of_the_api_server_comes_back(server: Server) -> None:
    before = server.get(f"{SERVICES}/kubernetes")
    server.ask("DELETE", f"{SERVICES}/kubernetes")
    after = server.get(f"{SERVICES}/kubernetes")
    assert before["spec"]["clusterIP"] == after["spec"]["clusterIP"] == "10.100.0.1"
    assert before["metadata"]["uid"] != after["metadata"]["uid"]
