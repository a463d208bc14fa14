"""The API server from a request to its answer, without a port."""

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.eks.kubernetes.authorization import User
from lab_cloud.eks.kubernetes.status import ApiError
from lab_cloud.eks.kubernetes.store import Store
from tests.lab_cloud.eks.kubernetes.server import (
    APPLY,
    CONFIG_MAPS,
    DEPLOYMENTS,
    JSON_PATCH,
    MERGE,
    PODS,
    REPLICA_SETS,
    SERVICES,
    STRATEGIC,
    Server,
    config,
    deployment,
    pod,
)

SECRETS = "/api/v1/namespaces/default/secrets"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


# -- create, read, list -----------------------------------------------------------------------------------------------


def test_an_object_gets_what_the_system_gives(server: Server) -> None:
    made = server.made(DEPLOYMENTS, {**deployment(), "status": {"replicas": 7}})
    metadata = made["metadata"]
    assert metadata["namespace"] == "default"
    assert metadata["generation"] == 1
    assert metadata["creationTimestamp"] == "2023-11-14T22:13:20Z"
    assert len(metadata["uid"]) == 36
    assert made["spec"]["replicas"] == 1
    assert made["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "Always"
    assert "status" not in made
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
        *("/api/v1/namespaces/default/pods/one/exec", "/api/v1/namespaces/default/nodes", "/openapi/v3/apis/none/v1"),
    ],
)
def test_what_is_not_here_is_not_found(server: Server, path: str) -> None:
    code, found = server.ask("GET", path)
    assert (code, found["kind"], found["reason"]) == (404, "Status", "NotFound")


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


# -- what is forbidden ------------------------------------------------------------------------------------------------


def test_unknown_fields_are_refused_told_or_ignored(server: Server) -> None:
    body = deployment(replica=3)
    code, found = server.ask("POST", DEPLOYMENTS, body, "fieldValidation=Strict")
    assert (code, found["reason"]) == (400, "BadRequest")
    assert found["message"] == (
        'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: '
        'unknown field "spec.replica"'
    )
    answer = server.raw("POST", DEPLOYMENTS, body, "dryRun=All")
    assert (answer.code, answer.warnings) == (201, ('unknown field "spec.replica"',))
    answer = server.raw("POST", DEPLOYMENTS, body, "fieldValidation=Ignore")
    assert (answer.code, answer.warnings) == (201, ())
    assert "replica" not in server.get(f"{DEPLOYMENTS}/web")["spec"]
    twice = b'{"metadata": {"name": "a"}, "data": {"x": "1", "x": "2"}}'
    assert 'duplicate field "x"' in server.ask("POST", CONFIG_MAPS, twice, "fieldValidation=Strict")[1]["message"]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"replicas": "3"}, "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ({"replicas": 1.5}, "cannot unmarshal number into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ({"paused": "yes"}, "of type bool"),
        ({"template": []}, "cannot unmarshal array into Go struct field DeploymentSpec.spec.template of type"),
        ({"selector": {"matchLabels": {"a": 1}}}, "cannot unmarshal number into Go struct field"),
    ],
)
def test_a_value_of_another_type_is_refused(server: Server, spec: dict[str, Any], words: str) -> None:
    code, found = server.ask("POST", DEPLOYMENTS, deployment(**spec))
    assert code == 400
    assert words in found["message"]


@pytest.mark.parametrize(
    ("path", "body", "field", "words"),
    [
        (DEPLOYMENTS, deployment(template={}), "spec.template.spec.containers", "Required value"),
        (DEPLOYMENTS, {"metadata": {"name": "a"}, "spec": {}}, "spec.selector", "Required value"),
        (DEPLOYMENTS, deployment(selector={"matchLabels": {"x": "y"}}), "spec.template.metadata.labels", "not match"),
        (DEPLOYMENTS, deployment(replicas=-1), "spec.replicas", "greater than or equal to 0"),
        (PODS, pod("UPPER"), "metadata.name", "lowercase RFC 1123 subdomain"),
        (PODS, pod(restartPolicy="Sometimes"), "spec.restartPolicy", 'supported values: "Always"'),
        (PODS, pod(containers=[]), "spec.containers", "Required value"),
        (PODS, pod(containers=[{"name": "a"}]), "spec.containers[0].image", "Required value"),
        (PODS, pod(containers=[{"name": "a", "image": "b", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]),
         "spec.containers[0].volumeMounts[0].name", "Not found"),
        (SERVICES, {"metadata": {"name": "1a"}, "spec": {"ports": [{"port": 1}]}}, "metadata.name", "DNS-1035"),
        (SERVICES, {"metadata": {"name": "a"}, "spec": {}}, "spec.ports", "Required value"),
        (SERVICES, {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 70000}]}}, "spec.ports[0].port", "between"),
        (CONFIG_MAPS, {"data": {}}, "metadata.name", "name or generateName is required"),
        (CONFIG_MAPS, config(**{"a b": "c"}), "data[a b]", "valid config key"),
        (CONFIG_MAPS, {"metadata": {"name": "a", "labels": {"x": "no space"}}}, "metadata.labels", "valid label"),
    ],
)  # fmt: skip
def test_values_that_are_not_allowed(server: Server, path: str, body: Any, field: str, words: str) -> None:
    code, found = server.ask("POST", path, body)
    assert (code, found["reason"]) == (422, "Invalid"), found
    told = {cause["field"]: cause["message"] for cause in found["details"]["causes"]}
    assert words in told[field]
    assert field in found["message"]


def test_a_manifest_of_another_kind_version_or_namespace(server: Server) -> None:
    assert (
        "does not match the expected API version"
        in server.ask("POST", DEPLOYMENTS, {**deployment(), "apiVersion": "apps/v1beta1"})[1]["message"]
    )
    assert (
        "does not match the expected kind"
        in server.ask("POST", CONFIG_MAPS, {**config(), "kind": "Secret"})[1]["message"]
    )
    elsewhere = {**config(), "metadata": {"name": "a", "namespace": "elsewhere"}}
    assert "namespace" in server.ask("POST", CONFIG_MAPS, elsewhere)[1]["message"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"3", b"", b"\xff"])
def test_what_is_no_object_is_refused(server: Server, body: bytes) -> None:
    assert server.ask("POST", CONFIG_MAPS, body)[0] == 400


def test_a_body_of_another_type_is_refused(server: Server) -> None:
    assert server.ask("POST", CONFIG_MAPS, b"<a/>", content_type="text/xml")[0] == 415
    assert server.patch(f"{CONFIG_MAPS}/one", {}, "application/json")[0] == 415


# -- update -----------------------------------------------------------------------------------------------------------


def test_an_update_of_what_has_changed_since_conflicts(server: Server) -> None:
    made = server.made(CONFIG_MAPS, config(a="1"))
    assert server.ask("PUT", f"{CONFIG_MAPS}/one", {**made, "data": {"a": "2"}})[0] == 200
    code, found = server.ask("PUT", f"{CONFIG_MAPS}/one", {**made, "data": {"a": "3"}})
    assert (code, found["reason"]) == (409, "Conflict")
    assert "please apply your changes to the latest version and try again" in found["message"]
    assert server.get(f"{CONFIG_MAPS}/one")["data"] == {"a": "2"}


def test_an_update_without_a_change_is_no_write(server: Server) -> None:
    made = server.made(CONFIG_MAPS, config(a="1"))
    _code, found = server.ask("PUT", f"{CONFIG_MAPS}/one", made)
    assert found["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_generation_counts_changes_of_the_spec_only(server: Server) -> None:
    server.made(DEPLOYMENTS, deployment())
    assert server.patch(f"{DEPLOYMENTS}/web", {"metadata": {"labels": {"a": "b"}}})[1]["metadata"]["generation"] == 1
    assert server.patch(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 2}})[1]["metadata"]["generation"] == 2
    code, found = server.patch(f"{DEPLOYMENTS}/web/status", {"status": {"replicas": 2}, "spec": {"replicas": 9}})
    assert code == 200
    assert (found["status"], found["spec"]["replicas"]) == ({"replicas": 2}, 2)
    assert found["metadata"]["generation"] == 2
    assert server.patch(f"{DEPLOYMENTS}/web", {"status": {"replicas": 5}})[1]["status"] == {"replicas": 2}


@pytest.mark.parametrize(
    ("path", "made", "patch", "field"),
    [
        (DEPLOYMENTS, deployment(), {"spec": {"selector": {"matchLabels": {"app": "web", "x": "y"}},
         "template": {"metadata": {"labels": {"x": "y"}}}}}, "spec.selector"),
        (PODS, pod("web"), {"spec": {"restartPolicy": "Never"}}, "spec"),
        (SERVICES, {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 1}]}},
         {"spec": {"clusterIP": "10.100.9.9"}}, "spec.clusterIPs[0]"),
        (CONFIG_MAPS, {**config("web", a="1"), "immutable": True}, {"data": {"a": "2"}}, "data"),
    ],
)  # fmt: skip
def test_fields_that_may_not_change(server: Server, path: str, made: Any, patch: Any, field: str) -> None:
    server.made(path, made)
    code, found = server.patch(f"{path}/web", patch)
    assert (code, found["reason"]) == (422, "Invalid"), found
    assert field in [cause["field"] for cause in found["details"]["causes"]]


def test_the_three_patches(server: Server) -> None:
    server.made(DEPLOYMENTS, deployment())
    image = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "nginx:2"}]}}}}
    _code, found = server.patch(f"{DEPLOYMENTS}/web", image, STRATEGIC)
    container = found["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"], container["terminationMessagePath"]) == ("nginx:2", "/dev/termination-log")
    operations = [{"op": "replace", "path": "/spec/replicas", "value": 4}]
    assert server.patch(f"{DEPLOYMENTS}/web", operations, JSON_PATCH)[1]["spec"]["replicas"] == 4
    assert server.patch(f"{DEPLOYMENTS}/web", {"spec": {"replicas": None}}, MERGE)[1]["spec"]["replicas"] == 1


def test_scale(server: Server) -> None:
    server.made(DEPLOYMENTS, deployment())
    found = server.get(f"{DEPLOYMENTS}/web/scale")
    assert (found["kind"], found["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert found["status"]["selector"] == "app=web"
    code, found = server.ask("PUT", f"{DEPLOYMENTS}/web/scale", {**found, "spec": {"replicas": 3}})
    assert (code, found["spec"]) == (200, {"replicas": 3})
    assert server.patch(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 5}})[1]["spec"] == {"replicas": 5}
    assert server.get(f"{DEPLOYMENTS}/web")["spec"]["replicas"] == 5
    assert server.patch(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": "many"}})[0] == 400


def test_a_dry_run_changes_nothing(server: Server) -> None:
    assert server.ask("POST", CONFIG_MAPS, config(), "dryRun=All")[0] == 201
    assert server.ask("GET", f"{CONFIG_MAPS}/one")[0] == 404
    made = server.made(CONFIG_MAPS, config(a="1"))
    server.patch(f"{CONFIG_MAPS}/one", {"data": {"a": "2"}}, query="dryRun=All")
    server.apply(f"{CONFIG_MAPS}/two", config("two"), query="&dryRun=All")
    server.ask("DELETE", f"{CONFIG_MAPS}/one", query="dryRun=All")
    assert server.get(f"{CONFIG_MAPS}/one") == made
    assert server.ask("GET", f"{CONFIG_MAPS}/two")[0] == 404
    assert server.ask("POST", CONFIG_MAPS, config(), "dryRun=Some")[0] == 400


# -- server-side apply ------------------------------------------------------------------------------------------------


def test_apply_creates_changes_and_takes_back(server: Server) -> None:
    code, made = server.apply(f"{CONFIG_MAPS}/one", config(a="1", b="2"))
    assert code == 201
    code, found = server.apply(f"{CONFIG_MAPS}/one", config(a="1", b="2"))
    assert (code, found) == (200, made)
    assert server.apply(f"{CONFIG_MAPS}/one", config(a="3"))[1]["data"] == {"a": "3"}


def test_what_others_own_stays_and_conflicts(server: Server) -> None:
    server.apply(f"{DEPLOYMENTS}/web", deployment(replicas=1), "one")
    server.patch(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 3}})
    code, found = server.apply(f"{DEPLOYMENTS}/web", deployment(replicas=1), "one")
    assert (code, found["reason"]) == (409, "Conflict")
    assert found["details"]["causes"][0]["field"] == ".spec.replicas"
    assert found["message"] == (
        'Apply failed with 1 conflict: conflict with "test" with subresource "scale" using apps/v1: .spec.replicas'
    )
    code, found = server.apply(f"{DEPLOYMENTS}/web", deployment(), "one")
    assert (code, found["spec"]["replicas"]) == (200, 3)
    code, found = server.apply(f"{DEPLOYMENTS}/web", deployment(replicas=2), "one", "&force=true")
    assert (code, found["spec"]["replicas"]) == (200, 2)


def test_two_managers_share_what_they_agree_on(server: Server) -> None:
    server.apply(f"{CONFIG_MAPS}/one", config(a="1", b="2"), "first")
    server.apply(f"{CONFIG_MAPS}/one", config(a="1"), "second")
    assert server.apply(f"{CONFIG_MAPS}/one", config(b="2"), "first")[1]["data"] == {"a": "1", "b": "2"}
    assert server.apply(f"{CONFIG_MAPS}/one", config(), "second")[1]["data"] == {"b": "2"}


def test_an_apply_says_who_it_is_and_leaves_ownership_to_the_server(server: Server) -> None:
    assert server.patch(f"{CONFIG_MAPS}/one", config(), APPLY)[0] == 422
    made = config()
    made["metadata"]["managedFields"] = [{"manager": "me"}]
    assert server.apply(f"{CONFIG_MAPS}/one", made)[0] == 400


def test_ports_and_containers_are_applied_by_their_keys(server: Server) -> None:
    service = {"metadata": {"name": "web"}, "spec": {"ports": [{"name": "http", "port": 80}]}}
    server.apply(f"{SERVICES}/web", service, "one")
    more = {"metadata": {"name": "web"}, "spec": {"ports": [{"name": "https", "port": 443, "protocol": "TCP"}]}}
    found = server.apply(f"{SERVICES}/web", more, "two")[1]
    assert [port["port"] for port in found["spec"]["ports"]] == [80, 443]
    found = server.apply(f"{SERVICES}/web", {"metadata": {"name": "web"}, "spec": {}}, "two")[1]
    assert [port["port"] for port in found["spec"]["ports"]] == [80]


# -- delete -----------------------------------------------------------------------------------------------------------


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
    assert server.ask("DELETE", f"{PODS}/one", query="gracePeriodSeconds=0")[1]["status"] == "Success"
    assert server.ask("GET", f"{PODS}/one")[0] == 404


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


# -- services and claims ----------------------------------------------------------------------------------------------


def test_services_get_addresses_and_ports_of_their_own(server: Server) -> None:
    kinds = ["ClusterIP", "NodePort", "LoadBalancer"]
    made = [
        server.made(SERVICES, {"metadata": {"name": kind.lower()}, "spec": {"type": kind, "ports": [{"port": 80}]}})
        for kind in kinds
    ]
    assert len({each["spec"]["clusterIP"] for each in made}) == 3
    assert all(each["spec"]["clusterIP"].startswith("10.100.") for each in made)
    ports = [each["spec"]["ports"][0].get("nodePort") for each in made]
    assert ports[0] is None
    assert ports[1] != ports[2]
    taken = {"metadata": {"name": "x"}, "spec": {"type": "NodePort", "ports": [{"port": 1, "nodePort": ports[1]}]}}
    assert "already allocated" in server.ask("POST", SERVICES, taken)[1]["message"]
    outside = {"metadata": {"name": "x"}, "spec": {"clusterIP": "10.1.2.3", "ports": [{"port": 1}]}}
    assert server.ask("POST", SERVICES, outside)[0] == 422


def test_a_claim_gets_the_default_class(server: Server) -> None:
    marked = {"storageclass.kubernetes.io/is-default-class": "true"}
    classes = "/apis/storage.k8s.io/v1/storageclasses"
    server.made(classes, {"metadata": {"name": "gp3", "annotations": marked}, "provisioner": "ebs.csi.aws.com"})
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    made = server.made("/api/v1/namespaces/default/persistentvolumeclaims", {"metadata": {"name": "a"}, "spec": spec})
    assert made["spec"]["storageClassName"] == "gp3"
    assert made["status"]["phase"] == "Pending"
    _code, found = server.ask("GET", classes, accept=TABLE)
    assert found["rows"][0]["cells"][0] == "gp3 (default)"


def test_a_pod_needs_an_account_that_is_there(server: Server) -> None:
    code, found = server.ask("POST", PODS, pod(serviceAccountName="none"))
    assert (code, 'serviceaccount "none" not found' in found["message"]) == (403, True)


# -- watch ------------------------------------------------------------------------------------------------------------


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


# -- who may do what --------------------------------------------------------------------------------------------------


def test_nobody_comes_in_without_a_token(server: Server) -> None:
    for token in ("", "wrong"):
        code, found = server.ask("GET", PODS, token=token)
        assert (code, found["reason"], found["message"]) == (401, "Unauthorized", "Unauthorized")


def test_who_has_no_role_is_told_so(server: Server) -> None:
    code, found = server.ask("GET", PODS, token="nobody")
    assert (code, found["reason"]) == (403, "Forbidden")
    assert found["message"] == (
        'pods is forbidden: User "nobody" cannot list resource "pods" in API group "" in the namespace "default"'
    )
    assert "at the cluster scope" in server.ask("GET", "/api/v1/nodes", token="nobody")[1]["message"]
    assert server.ask("GET", "/api/v1", token="nobody")[0] == 200


def bind(server: Server, role: str, kind: str, subject: dict[str, Any], namespace: str = "") -> None:
    base = "/apis/rbac.authorization.k8s.io/v1"
    path = f"{base}/namespaces/{namespace}/rolebindings" if namespace else f"{base}/clusterrolebindings"
    server.made(path, {"metadata": {"name": "test"}, "roleRef": {"kind": kind, "name": role}, "subjects": [subject]})


def test_roles_allow_what_they_say_where_they_are_bound(server: Server) -> None:
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]
    server.made(
        "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles", {"metadata": {"name": "reader"}, "rules": rules}
    )
    bind(server, "reader", "Role", {"kind": "User", "name": "nobody"}, "default")
    assert server.ask("GET", PODS, token="nobody")[0] == 200
    assert server.ask("GET", "/api/v1/namespaces/kube-system/pods", token="nobody")[0] == 403
    assert server.ask("POST", PODS, pod(), token="nobody")[0] == 403
    assert server.ask("GET", f"{PODS}/one/status", token="nobody")[0] == 403


@pytest.mark.parametrize(
    ("role", "allowed", "refused"),
    [
        ("view", [("GET", PODS), ("GET", DEPLOYMENTS)], [("GET", SECRETS), ("DELETE", f"{PODS}/a")]),
        ("edit", [("DELETE", f"{PODS}/a"), ("GET", SECRETS)], [("GET", "/api/v1/nodes")]),
        ("cluster-admin", [("GET", "/api/v1/nodes"), ("DELETE", "/api/v1/nodes/a")], []),
    ],
)  # fmt: skip
def test_the_roles_of_every_cluster(server: Server, role: str, allowed: Any, refused: Any) -> None:
    server.users["member"] = User("member", ("team",))
    bind(server, role, "ClusterRole", {"kind": "Group", "name": "team"})
    assert [server.ask(*each, token="member")[0] for each in allowed] == [
        404 if each[1].endswith("/a") else 200 for each in allowed
    ]
    assert [server.ask(*each, token="member")[0] for each in refused] == [403] * len(refused)


def test_reviews(server: Server) -> None:
    base = "/apis/authorization.k8s.io/v1"
    asked = {"resourceAttributes": {"verb": "list", "resource": "pods", "namespace": "default"}}
    review = {"spec": asked}
    assert server.ask("POST", f"{base}/selfsubjectaccessreviews", review)[1]["status"] == {"allowed": True}
    found = server.ask("POST", f"{base}/selfsubjectaccessreviews", review, token="nobody")[1]
    assert found["status"] == {"allowed": False}
    other = {"spec": {**asked, "user": "nobody"}}
    assert server.ask("POST", f"{base}/subjectaccessreviews", other)[1]["status"] == {"allowed": False}
    assert server.ask("POST", f"{base}/subjectaccessreviews", review)[0] == 422
    found = server.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})[1]
    assert found["status"]["userInfo"]["username"] == "root"
    found = server.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": "nobody"}})[1]
    assert found["status"]["user"]["username"] == "nobody"


def test_speaking_for_somebody_else_needs_the_right_to(server: Server) -> None:
    assert server.ask("GET", PODS, impersonate_user="nobody")[0] == 403
    assert server.ask("GET", PODS, impersonate_user="any", impersonate_group="system:masters")[0] == 200
    found = server.ask("GET", PODS, token="nobody", impersonate_user="root")[1]
    assert 'cannot impersonate resource "users"' in found["message"]
    assert server.ask("GET", PODS, impersonate_group="system:masters")[0] == 400


# -- logs -------------------------------------------------------------------------------------------------------------


def test_logs_of_a_pod_that_nobody_runs(server: Server) -> None:
    server.made(PODS, pod(containers=[{"name": "a", "image": "x"}, {"name": "b", "image": "x"}]))
    assert "a container name must be specified" in server.ask("GET", f"{PODS}/one/log")[1]["message"]
    assert "is not valid" in server.ask("GET", f"{PODS}/one/log", query="container=c")[1]["message"]
    assert "does not have a host" in server.ask("GET", f"{PODS}/one/log", query="container=a")[1]["message"]
    server.ask("POST", f"{PODS}/one/binding", {"target": {"name": "node"}})
    assert server.ask("GET", f"{PODS}/one/log", query="container=a")[0] == 503


# -- protobuf ---------------------------------------------------------------------------------------------------------

# What kubectl 1.33 sends for `create configmap a --from-literal=x=y`, `create service clusterip s --tcp=80:8080` and
# `create deployment web --image=nginx:1 --replicas=2 --port=80`.
PROTOBUF = "application/vnd.kubernetes.protobuf"
CONFIG_MAP = base64.b64decode("azhzAAoPCgJ2MRIJQ29uZmlnTWFwEhsKEQoBYRIAGgAiACoAMgA4AEIAEgYKAXgSAXkaACIA")
SERVICE = base64.b64decode(
    "azhzAAoNCgJ2MRIHU2VydmljZRJjChsKAXMSABoAIgAqADIAOABCAFoICgNhcHASAXMSQAobCgc4MC04MDgwEgNUQ1AYUCIHCAAQkD8aACgAEggK"
    "A2FwcBIBcxoAIglDbHVzdGVySVA6AEIAUgBaAGAAaAAaAgoAGgAiAA=="
)
DEPLOYMENT = base64.b64decode(
    "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50EroBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEogBCAISDAoKCgNhcHASA3dlYhpu"
    "ChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEk4SMAoFbmdpbngSB25naW54OjEqADIKCgAQABhQIgAqAEIAagByAIABAIgBAJABAKIBABoA"
    "MgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAiAgoAKAA4ABoMCAAQABgAIAAoADgAGgAiAA=="
)


def test_protobuf_bodies_are_understood(server: Server) -> None:
    for path, body in ((CONFIG_MAPS, CONFIG_MAP), (SERVICES, SERVICE), (DEPLOYMENTS, DEPLOYMENT)):
        answer = server.raw("POST", path, body, "fieldValidation=Strict", content_type=PROTOBUF)
        assert answer.code == 201, answer.body
    assert server.get(f"{CONFIG_MAPS}/a")["data"] == {"x": "y"}
    port = server.get(f"{SERVICES}/s")["spec"]["ports"][0]
    assert (port["port"], port["targetPort"], port["protocol"]) == (80, 8080, "TCP")
    found = server.get(f"{DEPLOYMENTS}/web")
    assert (found["spec"]["replicas"], found["metadata"]["labels"]) == (2, {"app": "web"})
    container = found["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"], container["ports"][0]["containerPort"]) == ("nginx:1", 80)


SHARED = Server()


@given(st.binary(max_size=60))
def test_no_protobuf_body_breaks_the_server(rest: bytes) -> None:
    for start in (CONFIG_MAP[:4], CONFIG_MAP[:26]):
        assert SHARED.raw("POST", CONFIG_MAPS, start + rest, "dryRun=All").code < 500


# -- discovery and schemas --------------------------------------------------------------------------------------------


def test_discovery_in_pieces_and_in_one(server: Server) -> None:
    groups = [each["name"] for each in server.get("/apis")["groups"]]
    assert groups[0] == "apps"
    found = server.get("/api/v1")["resources"]
    pods = next(each for each in found if each["name"] == "pods")
    assert (pods["shortNames"], pods["categories"], pods["namespaced"]) == (["po"], ["all"], True)
    assert "pods/log" in [each["name"] for each in found]
    together = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    _code, found = server.ask("GET", "/apis", accept=together)
    assert [each["metadata"]["name"] for each in found["items"]] == groups


def test_every_group_has_a_schema_that_is_whole(server: Server) -> None:
    for path in server.get("/openapi/v3")["paths"]:
        found = server.get(f"/openapi/v3/{path}")
        known = found["components"]["schemas"]
        named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(found)))
        assert named <= set(known), path
    definitions = server.get("/openapi/v2")["definitions"]
    assert "description" in definitions["io.k8s.api.core.v1.Pod"]
    packed = server.raw("GET", "/openapi/v2", accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
