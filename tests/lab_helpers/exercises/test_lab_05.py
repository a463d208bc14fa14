"""Each exercise of lab 05: untouched, wrong, right. The tests share one cloud; each makes what it needs."""

from collections.abc import Iterator
from typing import Any

import pytest

from lab_helpers import Lab
from lab_helpers.exercises import lab_05
from tests.lab_helpers.exercises.clouds import begun, said, solve, wait_done
from tests.waiting import until

CLUSTER = "DemoCluster"
GROUP = "DemoCluster-instances"
PROVIDER = "DemoCapacityProvider"
SLEEPER = {
    "name": "sleeper",
    "image": "public.ecr.aws/docker/library/python:3.12-alpine",
    "command": ["python", "-c", "import time; time.sleep(600)"],
    "cpu": 128,
    "memory": 128,
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    with begun(5) as lab:
        for family, change in {"sleeper-ec2": {}, "thumbnails": {"memory": 1024}}.items():
            recipe: dict[str, Any] = {**SLEEPER, **change}
            lab.client("ecs").register_task_definition(family=family, containerDefinitions=[recipe])
        yield lab


@pytest.fixture
def lab(shared: Lab) -> Iterator[Lab]:
    """The lab without services and tasks, at the end of each test too."""
    yield shared
    ecs = shared.client("ecs")
    for name in ecs.list_services(cluster=CLUSTER)["serviceArns"]:
        ecs.delete_service(cluster=CLUSTER, service=name, force=True)
        shared.wait(ecs, "services_inactive", cluster=CLUSTER, services=[name])
    for task in ecs.list_tasks(cluster=CLUSTER)["taskArns"]:
        ecs.stop_task(cluster=CLUSTER, task=task)
    scaling(shared, "ENABLED")


@pytest.fixture
def instances(lab: Lab) -> Lab:
    """The lab with two instances in the cluster, which nobody takes away."""
    scaling(lab, "DISABLED")
    lab.client("autoscaling").set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=2)
    ecs = lab.client("ecs")
    lab.wait(
        lambda: len(ecs.list_container_instances(cluster=CLUSTER, status="ACTIVE")["containerInstanceArns"]) == 2,
        "two instances",
        seconds=1800,
    )
    return lab


def empty(lab: Lab) -> Lab:
    """The lab without an instance."""
    ecs = lab.client("ecs")
    lab.client("autoscaling").set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=0)
    until(lambda: not ecs.list_container_instances(cluster=CLUSTER)["containerInstanceArns"], seconds=30)
    return lab


def scaling(lab: Lab, status: str) -> None:
    lab.client("ecs").update_capacity_provider(
        name=PROVIDER, autoScalingGroupProvider={"managedScaling": {"status": status, "targetCapacity": 100}}
    )


def thumbnails(lab: Lab) -> None:
    lab.client("ecs").create_service(
        cluster=CLUSTER, serviceName="thumbnails", taskDefinition="thumbnails:1", desiredCount=1, launchType="EC2"
    )


def guard(lab: Lab, **settings: Any) -> None:
    wanted = {"taskDefinition": "sleeper-ec2", "desiredCount": 2, "launchType": "EC2", **settings}
    lab.client("ecs").create_service(cluster=CLUSTER, serviceName="guard", **wanted)


def run(lab: Lab, **settings: Any) -> str:
    wanted = {"taskDefinition": "sleeper-ec2", "startedBy": "me", **settings}
    return str(lab.client("ecs").run_task(cluster=CLUSTER, **wanted)["tasks"][0]["taskArn"])


def test_05a_without_the_service(lab: Lab) -> None:
    assert said(lab, "05a")[0] == "not attempted"


def test_05a_untouched(instances: Lab) -> None:
    thumbnails(instances)
    kind, words = said(instances, "05a")
    assert kind == "not attempted"
    assert "1024 MiB" in words


def test_05a_with_still_too_much_memory(instances: Lab) -> None:
    thumbnails(instances)
    ecs = instances.client("ecs")
    made = ecs.register_task_definition(family="thumbnails", containerDefinitions=[{**SLEEPER, "memory": 1000}])
    revision = made["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(cluster=CLUSTER, service="thumbnails", taskDefinition=revision)
    kind, words = said(instances, "05a")
    assert kind == "not yet"
    assert "it asks for 1000 MiB now" in words


def test_05a_with_no_task_wanted(instances: Lab) -> None:
    thumbnails(instances)
    ecs = instances.client("ecs")
    made = ecs.register_task_definition(family="thumbnails", containerDefinitions=[{**SLEEPER, "memory": 256}])
    revision = made["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(cluster=CLUSTER, service="thumbnails", taskDefinition=revision, desiredCount=0)
    kind, words = said(instances, "05a")
    assert kind == "not yet"
    assert "0 are wanted" in words


def test_05a_right(instances: Lab) -> None:
    thumbnails(instances)
    solve(instances, "05a")
    wait_done(instances, "05a")


def test_05b_untouched(lab: Lab) -> None:
    assert said(lab, "05b")[0] == "not attempted"


def test_05b_a_wish_is_no_rule(instances: Lab) -> None:
    guard(instances, placementStrategy=[{"type": "spread", "field": "instanceId"}])
    kind, words = said(instances, "05b")
    assert kind == "not yet"
    assert "spread is a wish" in words


def test_05b_another_family_and_too_many(instances: Lab) -> None:
    guard(instances, taskDefinition="thumbnails:1", desiredCount=3)
    kind, words = said(instances, "05b")
    assert kind == "not yet"
    assert "yours is thumbnails:1" in words
    assert "3 are wanted" in words
    assert "forbids two tasks on one instance" in words


def test_05b_right(instances: Lab) -> None:
    solve(instances, "05b")
    wait_done(instances, "05b")


def test_05c_untouched(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_05, "STARTED_BY", "nobody")  # a stopped task of another test stays to be seen
    kind, words = said(lab, "05c")
    assert kind == "not attempted"
    assert "'nobody'" in words


def test_05c_with_a_launch_type(instances: Lab) -> None:
    run(instances, launchType="EC2")
    kind, words = said(instances, "05c")
    assert kind == "not yet"
    assert "yours names the launch type EC2" in words


def test_05c_while_it_waits_and_when_it_has_stopped(lab: Lab) -> None:
    scaling_of_group = lab.client("autoscaling")
    scaling_of_group.suspend_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["Launch"])  # so that it waits on
    task = run(empty(lab), capacityProviderStrategy=[{"capacityProvider": PROVIDER, "weight": 1}])
    kind, words = said(lab, "05c")
    assert kind == "not yet"
    assert "it is PROVISIONING and waits" in words
    ecs = lab.client("ecs")
    ecs.stop_task(cluster=CLUSTER, task=task, reason="enough")
    lab.wait(ecs, "tasks_stopped", cluster=CLUSTER, tasks=[task])
    scaling_of_group.resume_processes(AutoScalingGroupName=GROUP)
    kind, words = said(lab, "05c")
    assert kind == "not yet"
    assert "yours has stopped" in words


def test_05c_right(lab: Lab) -> None:
    solve(empty(lab), "05c")
    wait_done(lab, "05c")
