"""What the API server does not take."""

from typing import Any

import pytest

from tests.lab_cloud.eks.kubernetes.server import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    PODS,
    SERVICES,
    Server,
    config,
    deployment,
    pod,
)


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


def test_a_claim_is_bound_once(server: Server) -> None:
    claims = "/api/v1/namespaces/default/persistentvolumeclaims"
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": "gp3", "resources": {"requests": {"storage": "1Gi"}}}
    server.made(claims, {"metadata": {"name": "data"}, "spec": spec})
    assert server.patch(f"{claims}/data", {"spec": {"volumeName": "pv-1"}})[0] == 200
    code, found = server.patch(f"{claims}/data", {"spec": {"volumeName": "pv-2"}})
    assert (code, found["reason"]) == (422, "Invalid")
    more = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    assert server.patch(f"{claims}/data", more)[0] == 403  # no class says that it can grow
    grows = {"metadata": {"name": "gp3"}, "provisioner": "ebs.csi.aws.com", "allowVolumeExpansion": True}
    server.made("/apis/storage.k8s.io/v1/storageclasses", grows)
    assert server.patch(f"{claims}/data", more)[0] == 200


def test_a_claim_names_its_class_once(server: Server) -> None:
    claims = "/api/v1/namespaces/default/persistentvolumeclaims"
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    server.made(claims, {"metadata": {"name": "data"}, "spec": spec})
    assert server.patch(f"{claims}/data", {"spec": {"storageClassName": "gp2"}})[0] == 200
    code, found = server.patch(f"{claims}/data", {"spec": {"storageClassName": "gp3"}})
    assert (code, found["reason"]) == (422, "Invalid")
    assert "spec is immutable after creation" in found["message"]
