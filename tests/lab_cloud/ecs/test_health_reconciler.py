from typing import Any

from tests.lab_cloud.ecs.test_tasks_api import FOREVER
from tests.stage import Place
from tests.waiting import until


def check(code: str, **more: Any) -> dict[str, Any]:
    return {"command": ["CMD", "python", "-c", code], "interval": 15, "timeout": 5, "retries": 2, **more}


def stop(place: Place, task: str) -> None:
    place.ecs.stop_task(cluster=place.name, task=task)
    place.wait("tasks_stopped", tasks=[task])


def test_a_container_becomes_healthy(place: Place) -> None:
    task = place.run(place.program(FOREVER, healthCheck=check("pass")))["taskArn"]
    until(lambda: place.task(task)["healthStatus"] == "HEALTHY", 15)
    assert place.task(task)["containers"][0]["healthStatus"] == "HEALTHY"
    stop(place, task)


def test_a_container_becomes_unhealthy_and_a_task_alone_goes_on(place: Place) -> None:
    task = place.run(place.program(FOREVER, healthCheck=check("raise SystemExit(1)")))["taskArn"]
    until(lambda: place.task(task)["healthStatus"] == "UNHEALTHY", 20)
    assert place.task(task)["lastStatus"] == "RUNNING"
    stop(place, task)


def test_a_service_replaces_a_task_whose_check_fails(place: Place) -> None:
    service = place.serve(place.program(FOREVER, healthCheck=check("raise SystemExit(1)")), 1)
    until(lambda: place.tasks(service, "STOPPED"), 30)
    dead = place.task(place.tasks(service, "STOPPED")[0])
    assert dead["stoppedReason"] == "Task failed container health checks"
    told = [event["message"] for event in place.service(service)["events"]]
    assert any("failed container health checks." in event for event in told)
    place.ecs.delete_service(cluster=place.name, service=service, force=True)


def test_containers_start_in_the_order_of_their_dependencies(place: Place) -> None:
    def one(name: str, code: str, *depends: tuple[str, str], **more: Any) -> dict[str, Any]:
        waits = [{"containerName": other, "condition": kind} for other, kind in depends]
        command = ["python", "-c", code]
        return {"name": name, "image": "python:3.12", "command": command, "dependsOn": waits, **more}

    def register(*containers: dict[str, Any]) -> str:
        made = place.ecs.register_task_definition(
            family=place.cloud.name("order"), networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256",
            memory="512", containerDefinitions=list(containers),
        )  # fmt: skip
        return str(made["taskDefinition"]["taskDefinitionArn"])

    first = one("first", "import time; time.sleep(0.3)", essential=False)
    side = one("side", FOREVER, healthCheck=check("pass"), essential=False)
    main = one("main", "raise SystemExit(0)", ("first", "SUCCESS"), ("side", "HEALTHY"))
    task = place.run(register(first, side, main))["taskArn"]
    ended = place.until_task(task, "STOPPED", 30)
    assert {each["name"]: each["exitCode"] for each in ended["containers"]} == {"first": 0, "side": 143, "main": 0}

    failing = one("first", "raise SystemExit(3)", essential=False)
    task = place.run(register(failing, one("main", FOREVER, ("first", "SUCCESS"))))["taskArn"]
    ended = place.until_task(task, "STOPPED", 30)
    assert ended["stopCode"] == "TaskFailedToStart"
    assert "main waits for first to be SUCCESS" in ended["stoppedReason"]
    assert "exitCode" not in next(each for each in ended["containers"] if each["name"] == "main")
