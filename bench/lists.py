"""How long one page of each list call of ECS takes with 1,000 tasks in the cluster."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.report import Report
from tests.lab_cloud.ecs.test_capacity_api import associate, provider
from tests.stage import Place, RunningCloud

TASKS, SERVICES, DEFINITIONS, A_CALL = 1_000, 20, 200, 10
PAGE_GOAL_MS = 50


def run(report: Report, rounds: int) -> None:
    """Measure and print."""
    report.section(f"One page of each list call, with {TASKS:,} tasks")
    with tempfile.TemporaryDirectory() as folder:
        cloud = RunningCloud(Path(folder) / "lab")
        cloud.command("up")
        try:
            place = Place(cloud)
            tasks = _fill(place)
            for name, call in _calls(place, tasks).items():
                figures = [_milliseconds(call) for _ in range(rounds)]
                report.figure(name, figures, "ms", most=PAGE_GOAL_MS)
        finally:
            cloud.command("down")


def _fill(place: Place) -> list[str]:
    # tasks that wait for an instance of an Auto Scaling group are in every list, and need no process
    name = provider(place)
    strategy = ({"capacityProvider": name, "weight": 1},)
    associate(place, name, strategy=strategy)
    definition = place.definition()
    common = {"cluster": place.name, "taskDefinition": definition, "networkConfiguration": place.network(public=False)}
    tasks = []
    for _ in range((TASKS - SERVICES) // A_CALL):
        tasks += [each["taskArn"] for each in place.ecs.run_task(count=A_CALL, **common)["tasks"]]
    for number in range(SERVICES):
        place.ecs.create_service(serviceName=f"service-{number}", desiredCount=1, **common)
    for _ in range(DEFINITIONS):
        place.definition()
    return tasks


def _calls(place: Place, tasks: list[str]) -> dict[str, Callable[[], Any]]:
    ecs, here = place.ecs, {"cluster": place.name}
    token = ecs.list_tasks(**here)["nextToken"]
    services = [f"service-{number}" for number in range(10)]
    return {
        "ListTasks, first page": lambda: ecs.list_tasks(**here),
        "ListTasks, second page": lambda: ecs.list_tasks(**here, nextToken=token),
        "ListTasks of one service": lambda: ecs.list_tasks(**here, serviceName="service-1"),
        "DescribeTasks, 100 of them": lambda: ecs.describe_tasks(**here, tasks=tasks[:100], include=["TAGS"]),
        "ListServices": lambda: ecs.list_services(**here, maxResults=100),
        "DescribeServices, 10 of them": lambda: ecs.describe_services(**here, services=services),
        "DescribeClusters, with statistics": lambda: ecs.describe_clusters(
            clusters=[place.name], include=["STATISTICS"]
        ),
        "ListTaskDefinitions": ecs.list_task_definitions,
        "ListTaskDefinitionFamilies": ecs.list_task_definition_families,
    }


def _milliseconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000
