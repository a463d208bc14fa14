"""What ECS reports of its tasks: against what they reserve, and counts where Container Insights is on."""

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

from lab_cloud.ecs.collector import Measured, Reading, usage
from tests.stage import Place, RunningCloud
from tests.waiting import until

TASK = Measured("t", "us-east-1", "c", "s", False, 0.25, 512 << 20, ())


def test_percent_is_of_what_the_task_reserves() -> None:
    used = usage(TASK, Reading(1.0, 0, 100.0), Reading(1.1, 128 << 20, 101.0))
    assert used.cpu_percent == pytest.approx(40)
    assert used.cpu == pytest.approx(0.1)
    assert used.memory_percent == 25


def test_a_task_never_uses_more_than_it_has_nor_less_than_nothing() -> None:
    assert usage(TASK, Reading(1.0, 0, 100.0), Reading(2.0, 0, 101.0)).cpu_percent == 100
    assert usage(TASK, Reading(5.0, 0, 100.0), Reading(1.0, 0, 101.0)).cpu_percent == 0  # a container has ended


def latest(cloud: RunningCloud, namespace: str, name: str, dimensions: dict[str, str]) -> float | None:
    now = datetime.datetime.now(datetime.UTC)
    answer: dict[str, Any] = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - datetime.timedelta(minutes=1),
        EndTime=now,
        Period=60,
        Statistics=["Average"],
    )
    points = answer["Datapoints"]
    return float(max(points, key=lambda one: one["Timestamp"])["Average"]) if points else None


@pytest.fixture(scope="module")
def busy(cloud: RunningCloud, place: Place) -> Iterator[str]:
    name = place.serve(place.program("while True: pass"), 1)
    until(lambda: place.service(name)["runningCount"] == 1)
    yield name
    # It would take a part of a core for as long as this cloud lives, which other files share.
    place.ecs.delete_service(cluster=place.name, service=name, force=True)


def test_a_task_that_takes_all_it_can_get_stands_high(cloud: RunningCloud, place: Place, busy: str) -> None:
    where = {"ClusterName": place.name, "ServiceName": busy}
    until(lambda: (latest(cloud, "AWS/ECS", "CPUUtilization", where) or 0) > 50)
    memory = latest(cloud, "AWS/ECS", "MemoryUtilization", where)
    assert memory is not None
    assert 0 < memory < 20


def test_counts_come_with_container_insights_only(cloud: RunningCloud, place: Place, busy: str) -> None:
    where = {"ClusterName": place.name, "ServiceName": busy}
    assert latest(cloud, "ECS/ContainerInsights", "RunningTaskCount", where) is None
    place.ecs.update_cluster_settings(cluster=place.name, settings=[{"name": "containerInsights", "value": "enabled"}])
    until(lambda: latest(cloud, "ECS/ContainerInsights", "RunningTaskCount", where) == 1)
    assert latest(cloud, "ECS/ContainerInsights", "DesiredTaskCount", where) == 1
    assert latest(cloud, "ECS/ContainerInsights", "TaskCount", {"ClusterName": place.name}) is not None
    place.ecs.update_cluster_settings(cluster=place.name, settings=[{"name": "containerInsights", "value": "disabled"}])
