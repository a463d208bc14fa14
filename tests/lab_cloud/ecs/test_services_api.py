import os
import signal
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.lab_cloud.ecs.test_tasks_api import FOREVER, refused
from tests.stage import Place, RunningCloud
from tests.waiting import until


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


@contextmanager
def traffic(url: str) -> Iterator[Counter[Any]]:
    """Ask without pause from two threads, and count the answers."""
    counts: Counter[Any] = Counter()
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                counts[status_of(url)] += 1
            except OSError as error:
                counts[repr(error)] += 1

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield counts
    finally:
        done.set()
        for thread in threads:
            thread.join()


def events(place: Place, name: str) -> list[str]:
    return [event["message"] for event in place.service(name)["events"]]


def test_a_service_answers_through_its_load_balancer(place: Place) -> None:
    name, group = place.balancer()
    service = place.serve(place.definition(), 2, group)
    place.wait("services_stable", services=[service])
    place.until_steady(service)
    assert status_of(place.cloud.url(name)) == 200
    health = place.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert [each["TargetHealth"]["State"] for each in health] == ["healthy", "healthy"]
    told = events(place, service)
    assert told[0] == f"(service {service}) has reached a steady state."
    assert any("has started 2 tasks: (task " in event for event in told)
    assert any("registered 1 targets in (target-group arn:aws:elasticloadbalancing" in event for event in told)
    assert any("deployment completed." in event for event in told)
    place.ecs.delete_service(cluster=place.name, service=service, force=True)
    place.wait("services_inactive", services=[service])
    assert (place.service(service)["runningCount"], place.service(service)["status"]) == (0, "INACTIVE")


def test_a_killed_task_is_replaced(place: Place) -> None:
    name, group = place.balancer()
    service = place.serve(place.definition(), 1, group)
    place.until_steady(service)
    before = place.tasks(service)
    os.kill(place.process_of(before[0]), signal.SIGKILL)

    def replaced() -> bool:
        now = place.tasks(service)
        return len(now) == 1 and now != before and place.task(now[0])["lastStatus"] == "RUNNING"

    until(replaced, 10)
    until(lambda: status_of(place.cloud.url(name)) == 200, 5)
    dead = place.until_task(before[0], "STOPPED")
    assert dead["containers"][0]["exitCode"] == 137
    assert dead["stopCode"] == "EssentialContainerExited"
    place.ecs.delete_service(cluster=place.name, service=service, force=True)


def test_scaling_by_hand(place: Place) -> None:
    service = place.serve(place.program(FOREVER), 1)
    place.until_steady(service)
    place.ecs.update_service(cluster=place.name, service=service, desiredCount=3)
    assert place.until_steady(service)["runningCount"] == 3
    place.ecs.update_service(cluster=place.name, service=service, desiredCount=0)
    until(lambda: place.tasks(service) == [], 10)
    stopped = place.tasks(service, "STOPPED")
    assert "Scaling activity initiated by (deployment ecs-svc/" in place.task(stopped[0])["stoppedReason"]
    assert place.task(stopped[0])["stopCode"] == "ServiceSchedulerInitiated"
    place.ecs.delete_service(cluster=place.name, service=service)


def test_a_rolling_update_fails_no_request(place: Place) -> None:
    name, group = place.balancer()
    service = place.serve(place.definition("containers-on-aws/web:1"), 2, group)
    place.until_steady(service)
    url = place.cloud.url(name)
    with traffic(url) as counts:
        until(lambda: counts[200] > 20, 10)
        new = place.definition("containers-on-aws/web:2")
        place.ecs.update_service(cluster=place.name, service=service, taskDefinition=new)
        steady = place.until_steady(service)
        until(lambda: len(place.tasks(service, "STOPPED")) == 2, 20)
    assert set(counts) == {200}
    assert steady["taskDefinition"] == new
    history = place.ecs.list_service_deployments(cluster=place.name, service=service)["serviceDeployments"]
    assert [each["status"] for each in history] == ["SUCCESSFUL", "SUCCESSFUL"]
    place.ecs.delete_service(cluster=place.name, service=service, force=True)


def test_bad_deployments_are_rolled_back_and_fail_no_request(place: Place) -> None:
    name, group = place.balancer(HealthyThresholdCount=2, UnhealthyThresholdCount=2)
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    good = place.definition()
    service = place.serve(good, 2, group, deploymentConfiguration=breaker)
    place.until_steady(service)
    exits = place.program("raise SystemExit(1)")
    never_opens = place.program(FOREVER)
    with traffic(place.cloud.url(name)) as counts:
        until(lambda: counts[200] > 20, 10)
        place.ecs.update_service(cluster=place.name, service=service, taskDefinition=exits)
        until(lambda: any("rolling back to deployment ecs-svc/" in event for event in events(place, service)), 20)
        place.ecs.update_service(cluster=place.name, service=service, taskDefinition=never_opens)
        until(lambda: sum("rolling back to" in event for event in events(place, service)) == 2, 40)
        steady = place.until_steady(service)
    assert set(counts) == {200}
    assert steady["taskDefinition"] == good
    history = place.ecs.list_service_deployments(cluster=place.name, service=service)["serviceDeployments"]
    assert [each["status"] for each in history] == ["ROLLBACK_SUCCESSFUL", "ROLLBACK_SUCCESSFUL", "SUCCESSFUL"]
    arns = [history[0]["serviceDeploymentArn"]]
    detail = place.ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"][0]
    assert detail["deploymentCircuitBreaker"]["status"] == "TRIGGERED"
    assert detail["rollback"]["serviceRevisionArn"] == history[2]["targetServiceRevisionArn"]
    place.ecs.delete_service(cluster=place.name, service=service, force=True)


def test_a_task_that_fails_its_health_checks_is_replaced(place: Place) -> None:
    name, group = place.balancer(HealthCheckPath="/health", UnhealthyThresholdCount=2)
    service = place.serve(place.definition(), 1, group)
    place.until_steady(service)
    sick = place.tasks(service)[0]
    assert status_of(place.cloud.url(name) + "health/off") == 200
    dead = place.until_task(sick, "STOPPED", 20)
    assert dead["stoppedReason"] == f"Task failed ELB health checks in (target-group {group})"
    assert any("is unhealthy in (target-group" in event for event in events(place, service))
    place.until_steady(service)
    assert place.tasks(service) != [sick]
    place.ecs.delete_service(cluster=place.name, service=service, force=True)


def test_a_service_that_cannot_start_backs_off_and_says_so(place: Place) -> None:
    service = place.serve(place.program("raise SystemExit(1)"), 1)
    until(lambda: any("unable to consistently start tasks" in event for event in events(place, service)), 20)
    assert place.service(service)["deployments"][0]["failedTasks"] >= 3
    assert place.service(service)["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    place.ecs.delete_service(cluster=place.name, service=service, force=True)
    place.wait("services_inactive", services=[service])


def test_force_new_deployment_replaces_tasks(place: Place) -> None:
    service = place.serve(place.program(FOREVER), 1)
    place.until_steady(service)
    before = place.tasks(service)
    place.ecs.update_service(cluster=place.name, service=service, forceNewDeployment=True)
    until(lambda: place.tasks(service) not in ([], before) and len(place.tasks(service)) == 1, 15)
    place.ecs.delete_service(cluster=place.name, service=service, force=True)


def test_what_a_deleted_service_leaves(place: Place) -> None:
    service = place.serve(place.program(FOREVER), 1)
    place.until_steady(service)
    remove = place.ecs.delete_service
    refused(remove, "InvalidParameterException", "scaled above 0", cluster=place.name, service=service)
    remove(cluster=place.name, service=service, force=True)
    place.wait("services_inactive", services=[service])
    assert place.service(service)["status"] == "INACTIVE"
    refused(remove, "ServiceNotFoundException", "not found", cluster=place.name, service=service)
    update = place.ecs.update_service
    refused(update, "ServiceNotFoundException", "", cluster=place.name, service=service, desiredCount=1)
    again = place.cloud.name("again")
    assert again not in str(place.ecs.list_services(cluster=place.name)["serviceArns"])


def test_bad_input_is_refused_and_leaves_nothing(place: Place, cloud: RunningCloud) -> None:
    _, group = place.balancer()
    definition = place.definition()
    good = {
        "cluster": place.name, "serviceName": "bad", "taskDefinition": definition, "desiredCount": 1,
        "launchType": "FARGATE", "networkConfiguration": place.network(),
    }  # fmt: skip
    create = place.ecs.create_service

    def balanced(**changes: Any) -> dict[str, Any]:
        balancer = {"targetGroupArn": group, "containerName": "web", "containerPort": 80, **changes}
        return {**good, "loadBalancers": [balancer]}

    invalid = "InvalidParameterException"
    without = {key: value for key, value in good.items() if key != "networkConfiguration"}
    refused(create, invalid, "Network Configuration must be provided", **without)
    refused(create, "ClusterNotFoundException", "Cluster not found", **{**good, "cluster": "nowhere"})
    refused(create, "ClientException", "TaskDefinition not found", **{**good, "taskDefinition": "nothing"})
    refused(create, invalid, "container nobody does not exist", **balanced(containerName="nobody"))
    refused(create, invalid, "did not have a container port 81", **balanced(containerPort=81))
    missing = group.replace("targetgroup/", "targetgroup/x")
    refused(create, invalid, "target group", **balanced(targetGroupArn=missing))
    instances = place.elb.create_target_group(
        Name=cloud.name("inst"), Protocol="HTTP", Port=80, VpcId=place.vpc, TargetType="instance"
    )["TargetGroups"][0]["TargetGroupArn"]
    refused(create, invalid, "incompatible with the awsvpc network mode", **balanced(targetGroupArn=instances))
    lonely = place.elb.create_target_group(
        Name=cloud.name("lonely"), Protocol="HTTP", Port=80, VpcId=place.vpc, TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    refused(create, invalid, "does not have an associated load balancer", **balanced(targetGroupArn=lonely))
    refused(create, invalid, "grace period", **good, healthCheckGracePeriodSeconds=30)
    refused(create, invalid, "Invalid service name", **{**good, "serviceName": "a b"})
    refused(create, invalid, "can not be negative", **{**good, "desiredCount": -1})
    stuck = {"minimumHealthyPercent": 100, "maximumPercent": 100}
    refused(create, invalid, "no room to deploy", **good, deploymentConfiguration=stuck)
    strategy = {"strategy": "BLUE_GREEN"}
    refused(create, "UnsupportedFeatureException", "does not simulate", **good, deploymentConfiguration=strategy)
    assert place.ecs.describe_services(cluster=place.name, services=["bad"])["failures"][0]["reason"] == "MISSING"
    create(**good)
    refused(create, invalid, "not idempotent", **good)
    place.ecs.delete_service(cluster=place.name, service="bad", force=True)
