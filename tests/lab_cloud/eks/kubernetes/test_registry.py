"""Update, patch and scale."""

from typing import Any

import pytest

from tests.lab_cloud.eks.kubernetes.server import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    JSON_PATCH,
    MERGE,
    PODS,
    SERVICES,
    STRATEGIC,
    Server,
    config,
    deployment,
    pod,
)


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


def test_a_new_node_brings_its_status_and_nothing_else_does(server: Server) -> None:
    status = {"conditions": [{"type": "Ready", "status": "True"}]}
    made = server.made("/api/v1/nodes", {"metadata": {"name": "one"}, "status": status})
    assert made["status"] == status
    assert server.made(DEPLOYMENTS, {**deployment(), "status": {"replicas": 3}}).get("status") != {"replicas": 3}
    assert server.patch("/api/v1/nodes/one", {"status": {"conditions": []}})[1]["status"] == status


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
