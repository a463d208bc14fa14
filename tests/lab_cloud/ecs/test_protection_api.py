from tests.lab_cloud.ecs.test_tasks_api import FOREVER, refused
from tests.stage import Place
from tests.waiting import until


def test_a_busy_task_survives_scaling_in(place: Place) -> None:
    service = place.serve(place.program(FOREVER), 2)
    place.until_steady(service)
    busy, idle = place.tasks(service)
    ecs = place.ecs
    made = ecs.update_task_protection(
        cluster=place.name, tasks=[busy, "0" * 32], protectionEnabled=True, expiresInMinutes=60
    )
    assert [each["protectionEnabled"] for each in made["protectedTasks"]] == [True]
    assert made["failures"][0]["reason"] == "MISSING"
    ecs.update_service(cluster=place.name, service=service, desiredCount=0)
    place.until_task(idle, "STOPPED")
    assert place.tasks(service) == [busy]
    ecs.update_task_protection(cluster=place.name, tasks=[busy], protectionEnabled=False)
    place.until_task(busy, "STOPPED")
    place.ecs.delete_service(cluster=place.name, service=service)


def test_what_cannot_be_protected(place: Place) -> None:
    task = place.run(place.program(FOREVER))["taskArn"]
    until(lambda: place.task(task)["lastStatus"] == "RUNNING")
    update = place.ecs.update_task_protection
    answer = update(cluster=place.name, tasks=[task], protectionEnabled=True)
    assert answer["failures"][0]["reason"] == "TASK_NOT_VALID"
    refused(
        update, "InvalidParameterException", "between 1 and 2880", cluster=place.name, tasks=[task],
        protectionEnabled=True, expiresInMinutes=0,
    )  # fmt: skip
    assert place.ecs.get_task_protection(cluster=place.name, tasks=[task])["protectedTasks"] == []
    place.ecs.stop_task(cluster=place.name, task=task)
