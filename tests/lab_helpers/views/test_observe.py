"""The observer reads a real cluster: what it says is what runs."""

import json
from collections.abc import Iterator

import psutil
import pytest

from lab_helpers import Lab
from lab_helpers.home import home
from lab_helpers.replay import replay
from lab_helpers.views.observe import Observer
from tests.lab_helpers.exercises.clouds import begun
from tests.waiting import until

CLUSTER = "DemoCluster"
SERVICE = "nginxdemos-hello"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with begun(3) as lab:
        replay(lab)
        yield lab


@pytest.fixture
def observer(lab: Lab) -> Observer:
    return Observer(lab.client("ecs"), lab.client("elbv2"), CLUSTER)


def test_a_cluster_that_is_not_there(lab: Lab) -> None:
    assert Observer(lab.client("ecs"), lab.client("elbv2"), "Nowhere").read().status == "MISSING"


def test_the_whole_way_from_the_listener_to_the_task(observer: Observer) -> None:
    seen = observer.read()
    (service,) = seen.services
    assert (service.name, service.desired, service.running, service.phase) == (SERVICE, 1, 1, "steady")
    (balancer,) = service.balancers
    assert (balancer.name, balancer.state, balancer.listeners) == ("DemoALBForECS", "active", ("HTTP 80",))
    assert (balancer.target_group, balancer.healthy) == ("tg-nginxdemos-hello", 1)
    (task,) = service.tasks
    assert task.status == "RUNNING"
    assert task.target is not None
    assert (task.target.address, task.target.state) == (task.address, "healthy")
    assert task.image == "nginxdemos/hello"
    assert task.started > 0


def test_events_are_short_and_newest_first(observer: Observer) -> None:
    (service,) = observer.read().services
    messages = [event.message for event in service.events]
    assert any(message.startswith("has reached a steady state") for message in messages)
    assert not any("arn:aws:elasticloadbalancing" in message or SERVICE + ")" in message[:30] for message in messages)
    assert [event.at for event in service.events] == sorted((event.at for event in service.events), reverse=True)


def test_a_stopped_task_stays_in_the_picture_with_its_reason(lab: Lab, observer: Observer) -> None:
    ecs = lab.client("ecs")
    (before,) = observer.read().services[0].tasks
    ecs.stop_task(cluster=CLUSTER, task=before.id, reason="seen to stop")
    stopped = until(lambda: observer.read().services[0].stopped)
    assert stopped[0].id == before.id
    assert "seen to stop" in stopped[0].stop_reason
    until(lambda: [task.status for task in observer.read().services[0].tasks] == ["RUNNING"])


def test_a_task_that_leaves_the_picture_has_no_process_any_more(lab: Lab, observer: Observer) -> None:
    cloud = psutil.Process(json.loads((home() / "cloud.json").read_text(encoding="utf-8"))["pid"])
    before = {child.pid for child in cloud.children(recursive=True)}
    (task,) = observer.read().services[0].tasks
    lab.client("ecs").stop_task(cluster=CLUSTER, task=task.id)
    until(lambda: before - {child.pid for child in cloud.children(recursive=True)})
    until(lambda: observer.read().services[0].running == 1)
    assert observer.read().services[0].tasks[-1].id != task.id


def test_a_task_in_no_service_has_its_own_place(lab: Lab, observer: Observer) -> None:
    ecs = lab.client("ecs")
    network = ecs.describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0]["networkConfiguration"]
    ecs.run_task(cluster=CLUSTER, taskDefinition=SERVICE, launchType="FARGATE", networkConfiguration=network)
    until(lambda: [task.status for task in observer.read().tasks] == ["RUNNING"])
    assert len(observer.read().services[0].tasks) == 1


def test_a_task_on_an_instance_has_its_target_by_the_host_port(lab: Lab) -> None:
    asked: list[list[str]] = []
    tasks = {
        "arn:task/a": {"hostPort": 32768},
        "arn:task/b": {"hostPort": 32769},
    }

    class Ecs:
        meta = lab.client("ecs").meta

        def describe_clusters(self, **_: object) -> dict[str, object]:
            return {"clusters": [{"clusterName": CLUSTER, "status": "ACTIVE"}]}

        def get_paginator(self, name: str) -> "Ecs":
            self.member = {"list_tasks": "taskArns", "list_services": "serviceArns"}[name]
            return self

        def paginate(self, desiredStatus: str = "RUNNING", **_: object) -> list[dict[str, object]]:  # noqa: N803
            found = {"taskArns": list(tasks), "serviceArns": ["web"]}[self.member]
            return [{self.member: found if desiredStatus == "RUNNING" else []}]

        def describe_services(self, **_: object) -> dict[str, object]:
            balancers = [{"targetGroupArn": "group"}]
            counts = {"desiredCount": 2, "runningCount": 2, "pendingCount": 0}
            return {"services": [{"serviceName": "web", "status": "ACTIVE", "loadBalancers": balancers, **counts}]}

        def describe_tasks(self, tasks: list[str], **_: object) -> dict[str, object]:  # the parameter, not the table
            return {"tasks": [described(arn) for arn in tasks]}

        def describe_container_instances(
            self,
            containerInstances: list[str],  # noqa: N803
            **_: object,
        ) -> dict[str, object]:
            asked.append(containerInstances)
            return {
                "containerInstances": [{"containerInstanceArn": "here", "ec2InstanceId": "i-1"}],
                "failures": [],
            }

    def described(arn: str) -> dict[str, object]:
        return {
            "taskArn": arn,
            "taskDefinitionArn": "web:1",
            "group": "service:web",
            "lastStatus": "RUNNING",
            "containerInstanceArn": "here",
            "containers": [{"networkBindings": [tasks[arn]]}],
        }

    class Elb:
        def describe_target_groups(self, **_: object) -> dict[str, object]:
            return {"TargetGroups": [{"TargetGroupName": "group", "LoadBalancerArns": []}]}

        def describe_target_health(self, **_: object) -> dict[str, object]:
            states = {32768: "draining", 32769: "healthy"}
            return {
                "TargetHealthDescriptions": [
                    {"Target": {"Id": "i-1", "Port": port}, "TargetHealth": {"State": state}}
                    for port, state in states.items()
                ]
            }

    observer = Observer(Ecs(), Elb(), CLUSTER)
    observer.read()
    seen = observer.read().services[0].tasks
    assert [(one.address, one.host_port) for one in seen] == [("i-1", 32768), ("i-1", 32769)]
    assert [one.target.state for one in seen if one.target] == ["draining", "healthy"]
    assert asked == [["here"]]  # what never changes is asked for once
