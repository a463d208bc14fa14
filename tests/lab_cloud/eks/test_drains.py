"""Nodes are emptied before their instances go."""

from typing import Any

import pytest

from lab_cloud.eks.drains import LEAST_BLOCKED_SECONDS, LEAST_SECONDS, left, patience, stays
from tests.lab_cloud.eks.place import EksPlace
from tests.lab_cloud.eks.test_nodegroups_api import Group
from tests.waiting import until


def pod(node: str, phase: str = "Running", owner: str = "ReplicaSet") -> dict[str, Any]:
    metadata = {"name": "one", "ownerReferences": [{"kind": owner, "controller": True}]}
    return {"metadata": metadata, "spec": {"nodeName": node}, "status": {"phase": phase}}


def test_which_pods_have_to_go() -> None:
    assert not stays(pod("a"))
    assert stays(pod("a", owner="DaemonSet"))
    assert stays(pod("a", phase="Succeeded"))
    pods = [pod("a"), pod("b"), pod("a", owner="DaemonSet")]
    assert left(pods, "a") == [pods[0]]


def test_a_drain_may_take_as_long_as_pods_need() -> None:
    from lab_cloud.clock import Clock

    assert patience(Clock(60)) == LEAST_SECONDS
    assert patience(Clock(60), ending=False) == 15
    assert patience(Clock(600), ending=False) == LEAST_BLOCKED_SECONDS
    assert patience(Clock(1)) == 900


@pytest.fixture(scope="module")
def group(eks: EksPlace) -> Group:
    made = Group(eks, capacityType="SPOT", scalingConfig={"minSize": 1, "maxSize": 3, "desiredSize": 2})
    made.becomes("ACTIVE")
    return made


def test_nodes_of_spot_groups_are_spot_instances(group: Group) -> None:
    ids = [each.spec.provider_id.rpartition("/")[2] for each in group.nodes()]
    found = group.place.cloud.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
    assert {one["InstanceLifecycle"] for each in found for one in each["Instances"]} == {"spot"}
    assert group.nodes()[0].metadata.labels["eks.amazonaws.com/capacityType"] == "SPOT"


def running(group: Group) -> dict[str, str]:
    found = group.core.list_namespaced_pod("default", label_selector="app=web").items
    return {
        each.metadata.name: each.spec.node_name
        for each in found
        if each.status.phase == "Running" and each.metadata.deletion_timestamp is None
    }


def test_pods_move_before_an_instance_is_scaled_in_or_replaced(group: Group) -> None:
    import kubernetes

    container = {
        "name": "web",
        "image": "nginx",
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
    }
    spread = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    spread["labelSelector"] = {"matchLabels": {"app": "web"}}
    spec = {"containers": [container], "topologySpreadConstraints": [spread], "terminationGracePeriodSeconds": 1}
    labels = {"matchLabels": {"app": "web"}}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": spec}
    body = {"metadata": {"name": "web"}, "spec": {"replicas": 4, "selector": labels, "template": template}}
    apps: Any = kubernetes.client.AppsV1Api(group.core.api_client)
    apps.create_namespaced_deployment("default", body)
    until(lambda: len(set(running(group).values())) == 2 and len(running(group)) == 4, 30)
    which = {"clusterName": group.cluster, "nodegroupName": "workers"}
    group.place.api.update_nodegroup_config(**which, scalingConfig={"desiredSize": 1})
    until(lambda: len(group.nodes()) == 1, 40)
    left_over = group.nodes()[0].metadata.name
    until(lambda: set(running(group).values()) == {left_over} and len(running(group)) == 4, 30)
    messages = [each.message for each in group.core.list_namespaced_event("default").items]
    assert any("Killing" in each or "Stopping" in each for each in messages)
    # a budget that lets no pod go ends an update that is not forced; all stays as it was
    policy: Any = kubernetes.client.PolicyV1Api(group.core.api_client)
    budget = {"metadata": {"name": "all"}, "spec": {"minAvailable": 4, "selector": labels}}
    policy.create_namespaced_pod_disruption_budget("default", budget)
    group.becomes("ACTIVE")
    release = {"releaseVersion": "1.36.0-20261015"}
    made = group.place.api.update_nodegroup_version(**which, **release)["update"]
    about = {"name": group.cluster, "nodegroupName": "workers", "updateId": made["id"]}
    until(lambda: any(each.spec.unschedulable for each in group.nodes()), 20)
    assert len(running(group)) == 4
    until(lambda: group.place.api.describe_update(**about)["update"]["status"] == "Failed", 40)
    (error,) = group.place.api.describe_update(**about)["update"]["errors"]
    assert (error["errorCode"], error["resourceIds"]) == ("PodEvictionFailure", [left_over])
    assert group.becomes("ACTIVE")["releaseVersion"] != release["releaseVersion"]
    until(lambda: not any(each.spec.unschedulable for each in group.nodes()), 20)
    assert len(running(group)) == 4
    old = next(each.spec.provider_id for each in group.nodes() if each.metadata.name == left_over)
    group.place.api.update_nodegroup_version(**which, **release)
    policy.delete_namespaced_pod_disruption_budget("all", "default")
    group.becomes("ACTIVE")
    # by the instance: a new one may get the address of an old one, and so its node's name
    until(lambda: old not in {each.spec.provider_id for each in group.nodes()}, 20)
    until(lambda: len(running(group)) == 4, 30)
