"""Capacity providers that act, end to end: instances come for waiting tasks, and go when nobody needs them."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fleet import Fleet
from tests.lab_cloud.ecs.test_placer import definition
from tests.stage import Place, RunningCloud
from tests.waiting import until


class Provided:
    """A cluster whose capacity provider has a group without instances."""

    def __init__(self, cloud: RunningCloud, group: dict[str, Any] | None = None, **settings: Any) -> None:
        self.place = Place(cloud)
        self.fleet = Fleet(self.place)
        self.fleet.create(**(group or {}))
        self.name = cloud.name("provider")
        asked = {"autoScalingGroupArn": self.fleet.group()["AutoScalingGroupARN"], **settings}
        self.place.ecs.create_capacity_provider(name=self.name, autoScalingGroupProvider=asked)
        self.strategy = [{"capacityProvider": self.name, "weight": 1}]
        self.place.ecs.put_cluster_capacity_providers(
            cluster=self.place.name, capacityProviders=[self.name], defaultCapacityProviderStrategy=self.strategy
        )

    def run(self, task: str, count: int = 1) -> list[str]:
        answer = self.place.ecs.run_task(cluster=self.place.name, taskDefinition=task, count=count)
        return [one["taskArn"] for one in answer["tasks"]]

    def policies(self) -> list[dict[str, Any]]:
        answer = self.fleet.scaling.describe_policies(AutoScalingGroupName=self.fleet.name)
        return list(answer["ScalingPolicies"])

    def end(self) -> None:
        for name in self.place.ecs.list_services(cluster=self.place.name)["serviceArns"]:
            self.place.ecs.delete_service(cluster=self.place.name, service=name, force=True)
        for task in self.place.ecs.list_tasks(cluster=self.place.name)["taskArns"]:
            self.place.ecs.stop_task(cluster=self.place.name, task=task)
        self.fleet.delete()


@pytest.fixture(scope="module")
def provided(cloud: RunningCloud) -> Iterator[Provided]:
    made = Provided(cloud)
    yield made
    made.end()


def test_a_provider_brings_instances_for_waiting_tasks_and_lets_them_go(provided: Provided) -> None:
    place, fleet = provided.place, provided.fleet
    (policy,) = until(provided.policies) or ()
    assert policy["PolicyName"].startswith("ECSManagedAutoScalingPolicy-")
    metric = policy["TargetTrackingConfiguration"]["CustomizedMetricSpecification"]
    assert (metric["Namespace"], metric["MetricName"]) == ("AWS/ECS/ManagedScaling", "CapacityProviderReservation")
    assert policy["TargetTrackingConfiguration"]["TargetValue"] == 100
    tasks = provided.run(definition(place, memory=600), count=2)
    assert place.task(tasks[0])["lastStatus"] == "PROVISIONING"
    for task in tasks:
        assert place.until_task(task, "RUNNING", 30)["capacityProviderName"] == provided.name
    assert fleet.group()["DesiredCapacity"] == 2
    assert {one["capacityProviderName"] for one in fleet.joined()} == {provided.name}
    cause = next(one["Cause"] for one in fleet.activities() if one["Description"].startswith("Launching"))
    assert f"triggered policy {policy['PolicyName']} changing the desired capacity from 0 to 2." in cause
    place.ecs.stop_task(cluster=place.name, task=tasks[0])
    place.ecs.stop_task(cluster=place.name, task=tasks[1])
    assert until(lambda: fleet.group()["DesiredCapacity"] == 0 and not fleet.group()["Instances"], 60)


def test_a_provider_of_a_group_that_is_gone_says_so(cloud: RunningCloud) -> None:
    provided = Provided(cloud)
    task = definition(provided.place)
    provided.fleet.delete()

    def refused() -> str:
        try:
            provided.place.ecs.run_task(cluster=provided.place.name, taskDefinition=task)
        except ClientError as error:
            return str(error)
        return ""

    message = until(refused)
    assert message and "does not exist any more" in message


def test_busy_instances_are_protected_and_idle_ones_are_not(cloud: RunningCloud) -> None:
    provided = Provided(
        cloud,
        {"NewInstancesProtectedFromScaleIn": True, "desired": 2},
        managedTerminationProtection="ENABLED",
    )
    provided.fleet.until_joined(2)
    (task,) = provided.run(definition(provided.place))
    used = provided.place.until_task(task, "RUNNING")["containerInstanceArn"]
    host = next(one["ec2InstanceId"] for one in provided.fleet.joined() if one["containerInstanceArn"] == used)

    def protected() -> list[str]:
        return [one["InstanceId"] for one in provided.fleet.group()["Instances"] if one["ProtectedFromScaleIn"]]

    assert until(lambda: protected() == [host])
    provided.fleet.want(1)
    assert provided.fleet.until_serving(1) == [host]
    provided.end()


def test_protection_needs_a_group_that_protects(cloud: RunningCloud) -> None:
    with pytest.raises(ClientError, match="must have instance protection from scale in enabled"):
        Provided(cloud, managedTerminationProtection="ENABLED")


def test_an_instance_that_is_scaled_in_waits_until_its_tasks_have_moved(cloud: RunningCloud) -> None:
    provided = Provided(cloud, {"desired": 2}, managedScaling={"status": "DISABLED"})
    place, fleet = provided.place, provided.fleet
    fleet.until_joined(2)
    name = place.serve(
        definition(place), 2, launchType="EC2", networkConfiguration={},
        placementStrategy=[{"type": "spread", "field": "instanceId"}],
    )  # fmt: skip
    place.until_steady(name)
    take = fleet.scaling.terminate_instance_in_auto_scaling_group
    victim = fleet.members()[0]
    take(InstanceId=victim, ShouldDecrementDesiredCapacity=True)
    assert until(lambda: len(fleet.group()["Instances"]) == 1, 30)
    tasks = place.ecs.describe_tasks(cluster=place.name, tasks=place.tasks(name))["tasks"]
    assert len(tasks) == 2
    gone = place.ecs.list_tasks(cluster=place.name, serviceName=name, desiredStatus="STOPPED")["taskArns"]
    reasons = {one["stopCode"] for one in place.ecs.describe_tasks(cluster=place.name, tasks=gone)["tasks"]}
    assert reasons == {"ServiceSchedulerInitiated"}
    provided.end()


def test_a_type_too_small_for_a_task_is_told_and_brings_no_instance(cloud: RunningCloud) -> None:
    provided = Provided(cloud)
    place = provided.place
    name = place.cloud.name("large")
    place.ecs.create_service(
        cluster=place.name, serviceName=name, taskDefinition=definition(place, memory=1024), desiredCount=1
    )

    def told() -> bool:
        return any("even an empty t3.micro" in one["message"] for one in place.service(name)["events"])

    assert until(told)
    assert provided.fleet.group()["DesiredCapacity"] == 0
    provided.end()
