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
    update = place.ecs.update_service
    refused(update, "ServiceNotActiveException", "not ACTIVE", cluster=place.name, service=service, desiredCount=1)
    place.wait("services_inactive", services=[service])
    assert place.service(service)["status"] == "INACTIVE"
    refused(remove, "ServiceNotFoundException", "not found", cluster=place.name, service=service)
    refused(update, "ServiceNotActiveException", "", cluster=place.name, service=service, desiredCount=1)
    refused(update, "ServiceNotFoundException", "", cluster=place.name, service="none", desiredCount=1)
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
    refused(create, invalid, "Invalid service name", **{**good, "serviceName": "a b"})
    refused(create, invalid, "can not be negative", **{**good, "desiredCount": -1})
    stuck = {"minimumHealthyPercent": 100, "maximumPercent": 100}
    refused(create, invalid, "no room to deploy", **good, deploymentConfiguration=stuck)
    unsupported = "UnsupportedFeatureException"
    refused(create, unsupported, "controller EXTERNAL", **good, deploymentController={"type": "EXTERNAL"})
    volume = {"name": "data", "managedEBSVolume": {"roleArn": "arn:aws:iam::123456789012:role/ecsInfrastructure"}}
    refused(create, invalid, "not configured at launch", **good, volumeConfigurations=[volume])
    refused(create, unsupported, "gateways", **good, gatewayConnectors=[{"portName": "http"}])
    refused(create, unsupported, "EXTERNAL", **{**good, "launchType": "EXTERNAL"})
    refused(create, invalid, "DAEMON", **{**good, "desiredCount": 0}, schedulingStrategy="DAEMON")
    spread = [{"type": "spread", "field": "attribute:ecs.availability-zone"}]
    refused(create, invalid, "Placement strategies", **good, placementStrategy=spread)
    refused(create, invalid, "Placement constraints", **good, placementConstraints=[{"type": "distinctInstance"}])
    refused(create, invalid, "both a launch type", **good, capacityProviderStrategy=[{"capacityProvider": "FARGATE"}])
    refused(create, invalid, "platform version must be null", **{**good, "launchType": "EC2"}, platformVersion="1.4.0")
    full = {"minimumHealthyPercent": 50, "maximumPercent": 100}
    refused(create, invalid, "rebalancing", **good, deploymentConfiguration=full, availabilityZoneRebalancing="ENABLED")
    refused(create, invalid, "kept for AWS", **good, tags=[{"key": "aws:x", "value": ""}])
    refused(create, "PlatformUnknownException", "9.9", **good, platformVersion="9.9")
    assert place.ecs.describe_services(cluster=place.name, services=["bad"])["failures"][0]["reason"] == "MISSING"
    create(**good)
    refused(create, invalid, "not idempotent", **good)
    place.ecs.delete_service(cluster=place.name, service="bad", force=True)


def test_other_deployment_strategies_are_kept_and_said_not_to_be_simulated(place: Place) -> None:
    hook = {
        "hookTargetArn": "arn:aws:lambda:us-east-1:123456789012:function:check",
        "roleArn": "arn:aws:iam::123456789012:role/hooks",
        "lifecycleStages": ["POST_SCALE_UP"],
    }
    connect = {"enabled": True, "namespace": place.cloud.name("space")}
    service = place.serve(
        place.program(FOREVER), 1, serviceConnectConfiguration=connect,
        deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5, "lifecycleHooks": [hook]},
    )  # fmt: skip
    shown = place.until_steady(service)
    assert shown["deploymentConfiguration"]["strategy"] == "BLUE_GREEN"
    assert shown["deploymentConfiguration"]["lifecycleHooks"] == [hook]
    assert shown["deployments"][0]["serviceConnectConfiguration"] == connect
    reason = shown["deployments"][0]["rolloutStateReason"]
    for text in (reason, "\n".join(events(place, service))):
        assert "not simulated: the deployment strategy BLUE_GREEN (tasks are replaced as with ROLLING)" in text
        assert "hooks" in text
        assert "Service Connect" in text
    listed = place.ecs.list_services_by_namespace(namespace=connect["namespace"])["serviceArns"]
    assert listed == [shown["serviceArn"]]
    assert place.ecs.list_services_by_namespace(namespace="other")["serviceArns"] == []
    place.ecs.delete_service(cluster=place.name, service=service, force=True)


def test_everything_that_can_be_updated_is(place: Place) -> None:
    service = place.serve(place.program(FOREVER), 1)
    before = place.until_steady(service)
    assert before["availabilityZoneRebalancing"] == "ENABLED"
    changes = {
        "healthCheckGracePeriodSeconds": 7,
        "enableECSManagedTags": True,
        "propagateTags": "SERVICE",
        "availabilityZoneRebalancing": "DISABLED",
    }
    after = place.ecs.update_service(cluster=place.name, service=service, **changes)["service"]
    assert {key: after[key] for key in changes} == changes
    assert [each["id"] for each in after["deployments"]] == [before["deployments"][0]["id"]]  # none of them deploys
    update = place.ecs.update_service
    without = {"cluster": place.name, "service": service, "enableExecuteCommand": True}
    refused(update, "InvalidParameterException", "a valid taskRoleArn is not being used", **without)
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    place.ecs.put_cluster_capacity_providers(
        cluster=place.name, capacityProviders=["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy=[]
    )
    asked = {"cluster": place.name, "service": service, "capacityProviderStrategy": strategy}
    refused(update, "InvalidParameterException", "must force a new deployment", **asked)
    moved = update(**asked, forceNewDeployment=True)["service"]
    assert moved["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
    place.until_steady(service)
    task = place.task(place.tasks(service)[0])
    assert task["capacityProviderName"] == "FARGATE_SPOT"
    back = update(**{**asked, "capacityProviderStrategy": []}, forceNewDeployment=True)["service"]
    assert back["launchType"] == "FARGATE"
    assert "capacityProviderStrategy" not in back
    place.until_steady(service)
    place.ecs.delete_service(cluster=place.name, service=service, force=True)
    until(lambda: place.service(service)["status"] != "ACTIVE", 5)
    assert service not in str(place.ecs.list_services(cluster=place.name)["serviceArns"])


def test_tags_reach_tasks_as_asked(place: Place) -> None:
    definition = place.program(FOREVER)
    place.ecs.tag_resource(resourceArn=definition, tags=[{"key": "from", "value": "definition"}])
    tags = [{"key": "from", "value": "service"}]

    def of_task(service: str) -> dict[str, str]:
        task = until(lambda: place.tasks(service), 10)[0]
        place.ecs.delete_service(cluster=place.name, service=service, force=True)
        return {tag["key"]: tag["value"] for tag in place.task(task)["tags"]}

    managed = place.serve(definition, 1, tags=tags, propagateTags="SERVICE", enableECSManagedTags=True)
    assert of_task(managed) == {
        "from": "service", "aws:ecs:clusterName": place.name, "aws:ecs:serviceName": managed,
    }  # fmt: skip
    assert of_task(place.serve(definition, 1, tags=tags, propagateTags="TASK_DEFINITION")) == {"from": "definition"}
    assert of_task(place.serve(definition, 1, tags=tags)) == {}
    task = place.run(definition, tags=tags, propagateTags="TASK_DEFINITION", enableECSManagedTags=True)
    shown = {tag["key"]: tag["value"] for tag in place.task(task["taskArn"])["tags"]}
    assert shown == {"from": "service", "aws:ecs:clusterName": place.name}
    place.ecs.stop_task(cluster=place.name, task=task["taskArn"])


def test_a_deployment_is_stopped_and_rolled_back_on_demand(place: Place) -> None:
    good = place.program(FOREVER)
    service = place.serve(good, 1)
    place.until_steady(service)
    stop, listing = place.ecs.stop_service_deployment, place.ecs.list_service_deployments
    first = listing(cluster=place.name, service=service)["serviceDeployments"][0]
    refused(stop, "ConflictException", "SUCCESSFUL", serviceDeploymentArn=first["serviceDeploymentArn"])
    place.ecs.update_service(cluster=place.name, service=service, taskDefinition=place.program("raise SystemExit(1)"))
    arn = place.service(service)["currentServiceDeployment"]
    refused(stop, "InvalidParameterException", "ROLLBACK", serviceDeploymentArn=arn, stopType="ABORT")
    assert stop(serviceDeploymentArn=arn)["serviceDeploymentArn"] == arn
    assert place.until_steady(service)["taskDefinition"] == good
    found = place.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]
    assert found["status"] == "ROLLBACK_SUCCESSFUL"
    assert found["deploymentCircuitBreaker"]["status"] == "DISABLED"
    missing = arn[:-3] + "xyz"
    refused(stop, "ServiceDeploymentNotFoundException", "not found", serviceDeploymentArn=missing)
    young = place.serve(place.program("raise SystemExit(1)"), 1)
    current = place.service(young)["currentServiceDeployment"]
    refused(stop, "ConflictException", "nothing to roll back", serviceDeploymentArn=current)
    for name in (service, young):
        place.ecs.delete_service(cluster=place.name, service=name, force=True)


def test_deployments_are_listed_by_status_and_time(place: Place) -> None:
    service = place.serve(place.program(FOREVER), 0)
    place.until_steady(service)

    def listed(**filters: Any) -> int:
        found = place.ecs.list_service_deployments(cluster=place.name, service=service, **filters)
        return len(found["serviceDeployments"])

    moment = place.service(service)["createdAt"]
    assert listed(status=["SUCCESSFUL"]) == 1
    assert listed(status=["IN_PROGRESS"]) == 0
    assert listed(createdAt={"after": moment.replace(year=2020)}) == 1
    assert listed(createdAt={"before": moment.replace(year=2020)}) == 0
    brief = place.ecs.list_service_deployments(cluster=place.name, service=service)["serviceDeployments"][0]
    arns = [brief["targetServiceRevisionArn"], "none"]
    found = place.ecs.describe_service_revisions(serviceRevisionArns=arns)
    assert found["serviceRevisions"][0]["taskDefinition"] == place.service(service)["taskDefinition"]
    assert found["serviceRevisions"][0]["launchType"] == "FARGATE"
    assert found["failures"] == [{"arn": "none", "reason": "MISSING"}]
    describe = place.ecs.describe_service_deployments
    refused(describe, "InvalidParameterException", "1 to 20", serviceDeploymentArns=["x"] * 21)
    place.ecs.delete_service(cluster=place.name, service=service)


def test_a_daemon_waits_for_instances(place: Place) -> None:
    service = place.cloud.name("daemon")
    asked = {"cluster": place.name, "serviceName": service, "taskDefinition": place.program(FOREVER)}
    asked |= {"launchType": "EC2", "schedulingStrategy": "DAEMON", "networkConfiguration": place.network(public=False)}
    create = place.ecs.create_service
    refused(create, "InvalidParameterException", "does not support a desired count", **asked, desiredCount=1)
    made = create(**asked, role="arn:aws:iam::123456789012:role/own")["service"]
    assert (made["schedulingStrategy"], made["desiredCount"]) == ("DAEMON", 0)
    assert made["deploymentConfiguration"]["maximumPercent"] == 100
    assert made["availabilityZoneRebalancing"] == "DISABLED"
    assert made["roleArn"].endswith("role/own")
    listing = place.ecs.list_services
    arns = listing(cluster=place.name, schedulingStrategy="DAEMON", launchType="EC2")["serviceArns"]
    assert arns == [made["serviceArn"]]
    assert made["serviceArn"] not in listing(cluster=place.name, schedulingStrategy="REPLICA")["serviceArns"]
    assert listing(cluster=place.name, resourceManagementType="ECS")["serviceArns"] == []
    place.ecs.delete_service(cluster=place.name, service=service)


def zones_of(place: Place, service: str) -> list[str]:
    tasks = place.ecs.describe_tasks(cluster=place.name, tasks=place.tasks(service))["tasks"]
    return sorted(each["availabilityZone"] for each in tasks if each["lastStatus"] == "RUNNING")


def test_tasks_are_spread_over_zones_and_balanced_again(place: Place) -> None:
    service = place.serve(place.program(FOREVER), 4)
    place.until_steady(service)
    first, second = sorted(set(zones_of(place, service)))
    assert zones_of(place, service) == [first, first, second, second]
    tasks = place.ecs.describe_tasks(cluster=place.name, tasks=place.tasks(service))["tasks"]
    busy = [each["taskArn"] for each in tasks if each["availabilityZone"] == first]
    protect = place.ecs.update_task_protection
    protect(cluster=place.name, tasks=busy, protectionEnabled=True)
    place.ecs.update_service(cluster=place.name, service=service, desiredCount=2)
    until(lambda: zones_of(place, service) == [first, first], 15)
    protect(cluster=place.name, tasks=busy, protectionEnabled=False)
    until(lambda: zones_of(place, service) == [first, second], 20)

    def told() -> str:
        return "\n".join(reversed(events(place, service)))

    until(lambda: "is AZ balanced with" in told(), 10)
    story = [
        f"is not AZ balanced with 2 tasks in {first}, 0 tasks in {second}. AZ Rebalancing in progress.",
        f"has started 1 tasks in {second} to AZ Rebalance: (task ",
        f"has stopped 1 running tasks in {first} due to AZ rebalancing: (task ",
        f"is AZ balanced with 1 tasks in {first}, 1 tasks in {second}.",
    ]
    positions = [told().index(line) for line in story]
    assert positions == sorted(positions)
    place.ecs.delete_service(cluster=place.name, service=service, force=True)


def test_the_circuit_breaker_can_be_told_not_to_forget_failures(place: Place) -> None:
    breaker = {"enable": True, "rollback": False, "resetOnHealthyTask": False}
    breaker["thresholdConfiguration"] = {"type": "COUNT", "value": 1}
    service = place.serve(
        place.program("raise SystemExit(1)"), 1, deploymentConfiguration={"deploymentCircuitBreaker": breaker}
    )
    shown = until(lambda: _failed(place, service), 15)
    assert shown["deploymentConfiguration"]["deploymentCircuitBreaker"] == breaker
    arn = place.ecs.list_service_deployments(cluster=place.name, service=service)["serviceDeployments"][0]
    found = place.ecs.describe_service_deployments(serviceDeploymentArns=[arn["serviceDeploymentArn"]])
    assert found["serviceDeployments"][0]["deploymentCircuitBreaker"]["status"] == "TRIGGERED"
    place.ecs.delete_service(cluster=place.name, service=service, force=True)


def _failed(place: Place, service: str) -> dict[str, Any] | None:
    shown = place.service(service)
    return shown if shown["deployments"][0]["rolloutState"] == "FAILED" else None
