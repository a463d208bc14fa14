"""Tasks on container instances, through boto3: they really run, and AWS's reasons when they do not."""

import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fleet import Fleet
from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.stage import Place, RunningCloud
from tests.waiting import until

WAIT = "import time; time.sleep(600)"


@pytest.fixture(scope="module")
def place(cloud: RunningCloud) -> Place:
    made = Place(cloud)
    permission = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}  # for host ports
    made.ec2.authorize_security_group_ingress(GroupId=made.group, IpPermissions=[permission])
    return made


@pytest.fixture(scope="module")
def fleet(place: Place) -> Iterator[Fleet]:
    made = Fleet(place)
    made.create(desired=2)
    made.until_joined(2)
    yield made
    made.delete()


@pytest.fixture(autouse=True)
def empty(place: Place, fleet: Fleet) -> Iterator[None]:
    yield
    for name in place.ecs.list_services(cluster=place.name)["serviceArns"]:
        place.ecs.delete_service(cluster=place.name, service=name, force=True)
    for task in place.ecs.list_tasks(cluster=place.name)["taskArns"]:
        place.ecs.stop_task(cluster=place.name, task=task)
    assert until(lambda: sum(one["runningTasksCount"] + one["pendingTasksCount"] for one in fleet.joined()) == 0)


def definition(place: Place, mode: str = "bridge", **container: Any) -> str:
    """A task definition for instances; it waits, unless it is told something else."""
    spec = {
        "name": "web", "image": "python:3.12-alpine", "command": ["python", "-c", WAIT], "memory": 128, **container
    }  # fmt: skip
    made = place.ecs.register_task_definition(
        family=place.cloud.name("ec2"), networkMode=mode, requiresCompatibilities=["EC2"], containerDefinitions=[spec]
    )
    return str(made["taskDefinition"]["taskDefinitionArn"])


def web(place: Place, host_port: int = 0, **container: Any) -> str:
    mapping = [{"containerPort": 80, "hostPort": host_port}]
    spec = {"image": "containers-on-aws/web:1", "command": [], "portMappings": mapping, **container}
    return definition(place, **spec)


def run(place: Place, task: str, count: int = 1, **options: Any) -> dict[str, Any]:
    asked = {"launchType": "EC2", **options}
    answer: dict[str, Any] = place.ecs.run_task(cluster=place.name, taskDefinition=task, count=count, **asked)
    return answer


def reasons(answer: dict[str, Any]) -> set[str]:
    return {one["reason"] for one in answer["failures"]}


def test_a_task_runs_on_an_instance_and_takes_of_its_resources(place: Place, fleet: Fleet) -> None:
    (task,) = run(place, definition(place, cpu=512))["tasks"]
    place.until_task(task["taskArn"], "RUNNING")
    found = next(
        one
        for one in fleet.joined()
        if one["containerInstanceArn"] == place.task(task["taskArn"])["containerInstanceArn"]
    )
    left = {one["name"]: one["integerValue"] for one in found["remainingResources"]}
    assert (left["CPU"], left["MEMORY"], found["runningTasksCount"]) == (1536, 851, 1)
    listed = place.ecs.list_tasks(cluster=place.name, containerInstance=found["containerInstanceArn"])["taskArns"]
    assert listed == [task["taskArn"]]


def test_what_does_not_fit_fails_with_the_resource(place: Place, fleet: Fleet) -> None:
    assert reasons(run(place, definition(place, memory=1024))) == {"RESOURCE:MEMORY"}
    assert reasons(run(place, definition(place, cpu=4096))) == {"RESOURCE:CPU"}
    answer = run(place, web(place, 8080), count=3)
    assert (len(answer["tasks"]), reasons(answer)) == (2, {"RESOURCE:PORTS"})
    constraint = [{"type": "memberOf", "expression": "attribute:ecs.instance-type == m5.large"}]
    answer = run(place, definition(place), placementConstraints=constraint)
    assert reasons(answer) == {"MemberOf placement constraint unsatisfied."}
    answer = run(place, definition(place), count=3, placementConstraints=[{"type": "distinctInstance"}])
    assert (len(answer["tasks"]), len(answer["failures"])) == (2, 2)


def test_interfaces_run_out_with_awsvpc(place: Place, fleet: Fleet) -> None:
    network = place.network(public=False)
    answer = run(place, definition(place, "awsvpc"), count=3, networkConfiguration=network)
    assert (len(answer["tasks"]), reasons(answer)) == (2, {"RESOURCE:ENI"})
    task = place.until_task(answer["tasks"][0]["taskArn"], "RUNNING")
    assert task["attachments"][0]["type"] == "ElasticNetworkInterface"
    refused(
        place.ecs.run_task, "InvalidParameterException", "Assign public IP is not supported",
        cluster=place.name, taskDefinition=definition(place, "awsvpc"), launchType="EC2",
        networkConfiguration=place.network(),
    )  # fmt: skip


def test_strategies_choose(place: Place, fleet: Fleet) -> None:
    packed = run(place, definition(place), count=3, placementStrategy=[{"type": "binpack", "field": "memory"}])["tasks"]
    assert len({task["containerInstanceArn"] for task in packed}) == 1
    spread = run(place, definition(place), count=4, placementStrategy=[{"type": "spread", "field": "instanceId"}])
    counts = Counter(task["containerInstanceArn"] for task in spread["tasks"])
    assert sorted(counts.values()) == [2, 2]
    wrong = [{"type": "binpack", "field": "disk"}]
    refused(
        place.ecs.run_task, "InvalidParameterException", "cpu or memory",
        cluster=place.name, taskDefinition=definition(place), launchType="EC2", placementStrategy=wrong,
    )  # fmt: skip
    wrong = [{"type": "memberOf", "expression": "attribute:x like y"}]
    refused(
        place.ecs.run_task, "InvalidParameterException", "Invalid expression",
        cluster=place.name, taskDefinition=definition(place), launchType="EC2", placementConstraints=wrong,
    )  # fmt: skip


def test_start_task_goes_where_the_caller_says(place: Place, fleet: Fleet) -> None:
    wanted = fleet.joined()[1]["containerInstanceArn"]
    start = place.ecs.start_task
    answer = start(cluster=place.name, taskDefinition=definition(place), containerInstances=[wanted])
    assert answer["tasks"][0]["containerInstanceArn"] == wanted
    answer = start(cluster=place.name, taskDefinition=definition(place, memory=2048), containerInstances=[wanted])
    assert answer["failures"] == [{"arn": wanted, "reason": "RESOURCE:MEMORY"}]


def test_a_service_with_dynamic_ports_answers_through_its_load_balancer(place: Place, fleet: Fleet) -> None:
    name, group = instance_balancer(place)
    service = place.serve(
        web(place), 2, group, launchType="EC2", networkConfiguration={}, schedulingStrategy="REPLICA"
    )  # fmt: skip
    place.until_steady(service)
    tasks = place.ecs.describe_tasks(cluster=place.name, tasks=place.tasks(service))["tasks"]
    assert len({task["availabilityZone"] for task in tasks}) == 2
    ports = {task["containers"][0]["networkBindings"][0]["hostPort"] for task in tasks}
    assert all(32768 <= port <= 61000 for port in ports)
    health = place.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert {one["Target"]["Id"] for one in health} == set(fleet.members())
    assert {one["Target"]["Port"] for one in health} == ports
    assert urllib.request.urlopen(place.cloud.url(name), timeout=5).status == 200


def test_an_instance_killed_under_load_loses_what_was_in_flight_on_it_at_most(place: Place, fleet: Fleet) -> None:
    """On AWS too: what is in flight on the machine is lost. There, requests also fail until health checks notice."""
    name, group = instance_balancer(place)
    service = place.serve(web(place), 2, group, launchType="EC2", networkConfiguration={})
    place.until_steady(service)
    url, callers = place.cloud.url(name), 2
    outcomes: list[int] = []
    ended = threading.Event()

    def call() -> None:
        while not ended.is_set():
            try:
                with urllib.request.urlopen(url, timeout=10) as response:
                    outcomes.append(response.status)
            except OSError:
                outcomes.append(0)

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    assert until(lambda: len(outcomes) > 20)
    victim = place.ecs.describe_tasks(cluster=place.name, tasks=place.tasks(service))["tasks"][0]
    arn = victim["containerInstanceArn"]
    found = place.ecs.describe_container_instances(cluster=place.name, containerInstances=[arn])["containerInstances"]
    place.ec2.terminate_instances(InstanceIds=[found[0]["ec2InstanceId"]])
    place.until_task(victim["taskArn"], "STOPPED")
    assert until(lambda: place.service(service)["runningCount"] == 2)
    ended.set()
    for thread in threads:
        thread.join()
    assert sum(status != 200 for status in outcomes) <= callers
    fleet.until_joined(2)


def instance_balancer(place: Place) -> tuple[str, str]:
    """A load balancer whose target group takes instances."""
    name = place.cloud.name("lb")
    made = place.elb.create_load_balancer(Name=name, Subnets=place.subnets, SecurityGroups=[place.group])
    group = place.elb.create_target_group(
        Name=name, Protocol="HTTP", Port=80, VpcId=place.vpc, TargetType="instance",
        HealthCheckIntervalSeconds=15, HealthCheckTimeoutSeconds=5,
    )["TargetGroups"][0]["TargetGroupArn"]  # fmt: skip
    place.elb.create_listener(
        LoadBalancerArn=made["LoadBalancers"][0]["LoadBalancerArn"], Protocol="HTTP", Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )  # fmt: skip
    place.elb.modify_target_group_attributes(
        TargetGroupArn=group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}]
    )
    return name, group


def test_an_event_tells_what_the_closest_instance_lacks(place: Place, fleet: Fleet) -> None:
    service = place.serve(definition(place, memory=900), 3, launchType="EC2", networkConfiguration={})

    def told() -> list[str]:
        return [one["message"] for one in place.service(service)["events"] if "unable to place" in one["message"]]

    messages = until(told)
    assert messages
    ids = {one["containerInstanceArn"].rpartition("/")[2] for one in fleet.joined()}
    assert any(
        message
        == f"(service {service}) was unable to place a task because no container instance met all of its requirements. "
        f"The closest matching container-instance {one} has insufficient memory available. For more information, see "
        "the Troubleshooting section of the Amazon ECS Developer Guide."
        for message in messages
        for one in ids
    )


def test_a_daemon_has_one_task_on_each_instance(place: Place, fleet: Fleet) -> None:
    name = place.cloud.name("daemon")
    place.ecs.create_service(
        cluster=place.name, serviceName=name, taskDefinition=definition(place), schedulingStrategy="DAEMON",
        launchType="EC2",
    )  # fmt: skip
    assert until(lambda: place.service(name)["runningCount"] == 2)
    tasks = place.ecs.describe_tasks(cluster=place.name, tasks=place.tasks(name))["tasks"]
    assert len({task["containerInstanceArn"] for task in tasks}) == 2
    assert place.service(name)["desiredCount"] == 2


def test_draining_moves_service_tasks_and_leaves_others(place: Place, fleet: Fleet) -> None:
    service = place.serve(definition(place), 2, launchType="EC2", networkConfiguration={})
    alone = run(place, definition(place), placementConstraints=[])["tasks"][0]
    place.until_steady(service)
    place.until_task(alone["taskArn"], "RUNNING")
    drained = alone["containerInstanceArn"]
    change = place.ecs.update_container_instances_state
    done = change(cluster=place.name, containerInstances=[drained], status="DRAINING")["containerInstances"]
    assert done[0]["status"] == "DRAINING"

    def moved() -> bool:
        tasks = place.ecs.describe_tasks(cluster=place.name, tasks=place.tasks(service))["tasks"]
        return len(tasks) == 2 and all(
            task["containerInstanceArn"] != drained and task["lastStatus"] == "RUNNING" for task in tasks
        )

    assert until(moved)
    assert place.task(alone["taskArn"])["lastStatus"] == "RUNNING"
    change(cluster=place.name, containerInstances=[drained], status="ACTIVE")


def test_an_instance_that_dies_takes_its_tasks_and_the_service_recovers(place: Place, fleet: Fleet) -> None:
    service = place.serve(definition(place), 2, launchType="EC2", networkConfiguration={})
    place.until_steady(service)
    before = place.ecs.describe_tasks(cluster=place.name, tasks=place.tasks(service))["tasks"]
    victim = before[0]["containerInstanceArn"]
    described = place.ecs.describe_container_instances(cluster=place.name, containerInstances=[victim])
    host = described["containerInstances"][0]["ec2InstanceId"]
    place.ec2.terminate_instances(InstanceIds=[host])
    stopped = place.until_task(before[0]["taskArn"], "STOPPED")
    assert (stopped["stopCode"], stopped["stoppedReason"]) == (
        "TerminationNotice",
        f"Host EC2 (instance {host}) terminated.",
    )

    def recovered() -> bool:
        tasks = place.ecs.describe_tasks(cluster=place.name, tasks=place.tasks(service))["tasks"]
        return sum(task["lastStatus"] == "RUNNING" and task["containerInstanceArn"] != victim for task in tasks) == 2

    assert until(recovered)
    fleet.until_joined(2)
