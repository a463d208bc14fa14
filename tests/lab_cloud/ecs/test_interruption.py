import pytest

from tests.lab_cloud.ecs.test_services_api import events
from tests.lab_cloud.ecs.test_tasks_api import FOREVER
from tests.stage import Place, RunningCloud
from tests.waiting import until

SPOT = {"capacityProvider": "FARGATE_SPOT", "weight": 1}
POLITE = (
    "import signal, sys, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), sys.exit(7)))\n"
    "while True: time.sleep(0.1)"
)


@pytest.fixture(scope="module")
def spot(cloud: RunningCloud) -> Place:
    place = Place(cloud)
    place.ecs.put_cluster_capacity_providers(
        cluster=place.name, capacityProviders=["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy=[SPOT]
    )
    return place


def test_tasks_are_spread_and_say_where_they_run(spot: Place) -> None:
    strategy = [{"capacityProvider": "FARGATE", "base": 1}, SPOT]
    made = spot.ecs.run_task(
        cluster=spot.name, taskDefinition=spot.program(FOREVER), count=3, capacityProviderStrategy=strategy,
        networkConfiguration=spot.network(),
    )["tasks"]  # fmt: skip
    assert [each["capacityProviderName"] for each in made] == ["FARGATE", "FARGATE_SPOT", "FARGATE_SPOT"]
    assert {each["launchType"] for each in made} == {"FARGATE"}
    for each in made:
        spot.ecs.stop_task(cluster=spot.name, task=each["taskArn"])
    spot.wait("tasks_stopped", tasks=[each["taskArn"] for each in made])


def test_an_interrupted_task_is_warned_stopped_and_replaced(spot: Place) -> None:
    name = spot.cloud.name("service")
    _, group = spot.balancer()
    spot.ecs.create_service(
        cluster=spot.name, serviceName=name, taskDefinition=spot.definition(), desiredCount=2,
        networkConfiguration=spot.network(),
        loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 80}],
    )  # fmt: skip
    spot.until_steady(name)
    before = spot.tasks(name)
    assert {spot.task(each)["capacityProviderName"] for each in before} == {"FARGATE_SPOT"}
    said = spot.cloud.command("interrupt", before[0]).stdout
    assert "Simulated Spot interruption" in said
    assert "2 s here" in said
    warned = spot.task(before[0])
    assert (warned["desiredStatus"], warned["stopCode"]) == ("STOPPED", "SpotInterruption")
    stopped = spot.until_task(before[0], "STOPPED")
    assert stopped["stoppedReason"] == "Your Spot Task was interrupted."
    assert stopped["containers"][0]["exitCode"] is not None
    steady = spot.until_steady(name)
    after = spot.tasks(name)
    assert len(after) == 2
    assert before[0] not in after
    assert steady["deployments"][0]["failedTasks"] == 0
    assert any("has started 1 tasks" in message for message in events(spot, name))
    spot.ecs.delete_service(cluster=spot.name, service=name, force=True)


def test_a_program_has_time_to_end_well(spot: Place) -> None:
    task = _on_spot(spot, POLITE)
    spot.cloud.command("interrupt", task.rsplit("/", 1)[-1])
    assert spot.until_task(task, "STOPPED")["containers"][0]["exitCode"] == 7


def test_what_cannot_be_interrupted(spot: Place) -> None:
    assert "no task" in spot.cloud.command("interrupt", "0" * 32, code=1).stderr
    task = spot.run(spot.program(FOREVER))["taskArn"]
    refused = spot.cloud.command("interrupt", task, code=1).stderr
    assert "does not run on Fargate Spot" in refused
    assert "capacityProviderStrategy" in refused
    spot.ecs.stop_task(cluster=spot.name, task=task)
    other = _on_spot(spot, FOREVER)
    spot.ecs.stop_task(cluster=spot.name, task=other)
    assert "being stopped already" in spot.cloud.command("interrupt", other, code=1).stderr


def _on_spot(spot: Place, code: str) -> str:
    made = spot.ecs.run_task(cluster=spot.name, taskDefinition=spot.program(code), networkConfiguration=spot.network())[
        "tasks"
    ][0]["taskArn"]
    until(lambda: spot.task(made)["lastStatus"] == "RUNNING", 15)
    return str(made)
