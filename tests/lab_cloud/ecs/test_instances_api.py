"""Container instances through boto3: how they join, what they have, and how they go."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fleet import Fleet, instance_profile
from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.stage import Place, RunningCloud
from tests.waiting import until


@pytest.fixture(scope="module")
def place(cloud: RunningCloud) -> Place:
    return Place(cloud)


@pytest.fixture(scope="module")
def fleet(place: Place) -> Iterator[Fleet]:
    made = Fleet(place)
    made.create(desired=1)
    made.until_joined(1)
    yield made
    made.delete()


def resources(described: list[dict[str, Any]]) -> dict[str, Any]:
    return {one["name"]: one["integerValue"] or one.get("stringSetValue") for one in described}


def test_an_instance_joins_with_its_types_own_size(place: Place, fleet: Fleet) -> None:
    (one,) = fleet.joined()
    assert (one["status"], one["agentConnected"]) == ("ACTIVE", True)
    assert one["ec2InstanceId"] == fleet.members()[0]
    had = resources(one["registeredResources"])
    assert (had["CPU"], had["MEMORY"]) == (2048, 979)
    assert had["PORTS"] == ["22", "2375", "2376", "51678", "51679"]
    attributes = {each["name"]: each.get("value") for each in one["attributes"]}
    assert attributes["ecs.instance-type"] == "t3.micro"
    assert attributes["ecs.availability-zone"] == fleet.group()["Instances"][0]["AvailabilityZone"]
    assert attributes["ecs.ami-id"] == fleet.data["ImageId"]
    assert "ecs.capability.task-eni" in attributes
    assert attributes["embedded-cloud.capacity-record"] == "there is no virtual machine"
    cluster = place.ecs.describe_clusters(clusters=[place.name])["clusters"][0]
    assert cluster["registeredContainerInstancesCount"] == 1


def test_instances_are_listed_by_expression_and_status(place: Place, fleet: Fleet) -> None:
    listed = place.ecs.list_container_instances
    arns = listed(cluster=place.name, filter="attribute:ecs.instance-type =~ t3.* and not runningTasksCount > 0")
    assert len(arns["containerInstanceArns"]) == 1
    none = listed(cluster=place.name, filter="attribute:ecs.instance-type == m5.large")["containerInstanceArns"]
    assert none == listed(cluster=place.name, status="DRAINING")["containerInstanceArns"] == []
    refused(listed, "InvalidParameterException", "Invalid filter", cluster=place.name, filter="attribute:x like y")


def test_attributes_of_ones_own(place: Place, fleet: Fleet) -> None:
    (one,) = fleet.joined()
    arn = one["containerInstanceArn"]
    attribute = {"name": "stack", "value": "production", "targetType": "container-instance", "targetId": arn}
    place.ecs.put_attributes(cluster=place.name, attributes=[attribute])
    find = {"cluster": place.name, "targetType": "container-instance", "attributeName": "stack"}
    found = place.ecs.list_attributes(**find, attributeValue="production")["attributes"]
    assert [each["targetId"] for each in found] == [arn]
    assert place.ecs.list_container_instances(cluster=place.name, filter="attribute:stack == production")[
        "containerInstanceArns"
    ] == [arn]
    place.ecs.delete_attributes(cluster=place.name, attributes=[attribute])
    assert place.ecs.list_attributes(**find)["attributes"] == []


def test_an_agent_may_register_by_itself(place: Place, fleet: Fleet) -> None:
    document = json.dumps({"instanceId": fleet.members()[0]})
    again = place.ecs.register_container_instance(cluster=place.name, instanceIdentityDocument=document)
    assert again["containerInstance"]["ec2InstanceId"] == fleet.members()[0]
    assert len(fleet.joined()) == 1
    refused(
        place.ecs.register_container_instance, "ClientException", "does not exist",
        cluster=place.name, instanceIdentityDocument='{"instanceId": "i-0"}',
    )  # fmt: skip
    refused(place.ecs.register_container_instance, "ClientException", "instanceIdentityDocument", cluster=place.name)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"IamInstanceProfile": {"Name": "powerless"}}, "may not call ecs:RegisterContainerInstance"),
        ({"UserData": base64.b64encode(b"echo ECS_CLUSTER=nowhere >> x").decode()}, "there is no cluster nowhere"),
    ],
)
def test_what_keeps_an_instance_from_joining_is_written_on_it(place: Place, change: dict[str, Any], why: str) -> None:
    instance_profile(place.cloud, "powerless", policy="")
    fleet = Fleet(place, **change)
    fleet.create(desired=1)
    (instance,) = fleet.until_serving(1)

    def note() -> str:
        found = place.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["Tags"]
        return next((tag["Value"] for tag in found if tag["Key"] == "embedded-cloud-agent"), "")

    assert why in (until(note) or "")
    fleet.delete()


def test_an_instance_that_ends_is_part_of_the_cluster_no_more(cloud: RunningCloud) -> None:
    place = Place(cloud)
    fleet = Fleet(place)
    fleet.create(desired=1)
    (one,) = fleet.until_joined(1)
    fleet.delete()
    assert fleet.joined() == []
    (gone,) = place.ecs.describe_container_instances(
        cluster=place.name, containerInstances=[one["containerInstanceArn"]]
    )["containerInstances"]
    assert (gone["status"], gone["agentConnected"]) == ("INACTIVE", False)


def test_a_fargate_cluster_has_no_container_instances(cloud: RunningCloud) -> None:
    place = Place(cloud)
    ecs = place.ecs
    assert ecs.list_container_instances(cluster=place.name)["containerInstanceArns"] == []
    found = ecs.describe_container_instances(cluster=place.name, containerInstances=["i"])
    assert found["failures"] == [{"arn": "i", "reason": "MISSING"}]
    assert ecs.list_attributes(cluster=place.name, targetType="container-instance")["attributes"] == []
    definition = place.definition()
    started = ecs.start_task(
        cluster=place.name, taskDefinition=definition, containerInstances=["i"],
        networkConfiguration=place.network(public=False),
    )  # fmt: skip
    assert (started["tasks"], started["failures"][0]["reason"]) == ([], "MISSING")
    refused(ecs.list_container_instances, "ClusterNotFoundException", "Cluster not found", cluster="nowhere")


def test_no_instance_can_be_changed_that_is_not_there(cloud: RunningCloud) -> None:
    place = Place(cloud)
    ecs = place.ecs
    state = ecs.update_container_instances_state
    assert state(cluster=place.name, containerInstances=["i"], status="DRAINING")["failures"][0]["reason"] == "MISSING"
    refused(
        state, "InvalidParameterException", "ACTIVE or DRAINING",
        cluster=place.name, containerInstances=["i"], status="DEREGISTERING",
    )  # fmt: skip
    for call in (ecs.deregister_container_instance, ecs.update_container_agent):
        refused(call, "InvalidParameterException", "not found", cluster=place.name, containerInstance="i")
    for call in (ecs.put_attributes, ecs.delete_attributes):
        attribute = {"name": "stack", "value": "a", "targetId": "i"}
        refused(call, "TargetNotFoundException", "was not found", cluster=place.name, attributes=[attribute])
        refused(call, "InvalidParameterException", "targetId", cluster=place.name, attributes=[{"name": "stack"}])
        refused(call, "InvalidParameterException", "empty", cluster=place.name, attributes=[])
