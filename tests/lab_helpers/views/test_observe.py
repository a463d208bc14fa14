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
