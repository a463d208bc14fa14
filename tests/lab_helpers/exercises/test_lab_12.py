"""The capstone's checks: nothing there, designs that do not stand the trial, and the one of the solutions."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.client import CoreV1Api

from lab_helpers import Lab, exercises, waiting
from lab_helpers.exercises import lab_12
from tests.lab_helpers.exercises.clouds import begun, said
from tests.stage import RunningCloud
from tests.waiting import until
from tools.notebooks import ROOT, read, tags

HASTY = """
import boto3, json, os, time
sqs = boto3.client("sqs")
print("ready", flush=True)
while True:
    found = sqs.receive_message(QueueUrl=os.environ["QUEUE_URL"], MaxNumberOfMessages=10, WaitTimeSeconds=2)
    for message in found.get("Messages", []):
        sqs.delete_message(QueueUrl=os.environ["QUEUE_URL"], ReceiptHandle=message["ReceiptHandle"])
    for message in found.get("Messages", []):
        print("done", json.loads(message["Body"])["order"], flush=True)
        time.sleep(30)
"""
"""A worker that deletes orders before they are done."""


@pytest.fixture(scope="module")
def shop() -> Iterator[dict[str, Any]]:
    """The names of the lab's own cells and of the first solution, which builds the page and its queue."""
    with begun(12) as lab, pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "LEAST", 30.0)  # a design that does not stand is told so soon
        for exercise in ("12a", "12b", "12c", "12d", "12e"):
            assert said(lab, exercise)[0] == "not attempted"
        names: dict[str, Any] = {"lab": lab}
        for cell in read(ROOT / "labs" / "12-capstone.ipynb").cells:
            shown = cell.source.startswith(("from lab_helpers", "lab."))
            if cell.cell_type == "code" and not shown and not tags(cell) & {"exercise", "quiz", "cleanup"}:
                exec(compile(cell.source, "12", "exec"), names)
        solve(names, "12a")
        yield names
        names["files"].cleanup()


def solve(names: dict[str, Any], exercise: str) -> None:
    """Run a solution where the ones before it ran."""
    exec(compile(exercises.find(exercise).code, exercise, "exec"), names)


def serve(names: dict[str, Any], name: str, definition: str, tasks: int) -> None:
    """A service without a load balancer."""
    names["ecs"].create_service(
        cluster="DemoCluster", serviceName=name, taskDefinition=definition, desiredCount=tasks, launchType="FARGATE",
        networkConfiguration=names["network"],
    )  # fmt: skip
    names["lab"].wait("ecs", "services_stable", cluster="DemoCluster", services=[name])


def end(names: dict[str, Any], name: str) -> None:
    """Take a service away, and wait until none of its tasks takes anything from the queue any more."""
    ecs = names["ecs"]
    ecs.delete_service(cluster="DemoCluster", service=name, force=True)
    until(lambda: not ecs.list_tasks(cluster="DemoCluster", family=name)["taskArns"])
    names["sqs"].purge_queue(QueueUrl=names["queue_url"])


def test_a_page_stands_the_loss_of_a_task_and_of_no_name(shop: dict[str, Any]) -> None:
    lab: Lab = shop["lab"]
    kind, words = said(lab, "12a")
    assert kind == "done", words
    shop["ecs"].update_service(cluster="DemoCluster", service="shop-web", desiredCount=1)
    kind, words = said(lab, "12a")
    assert kind == "not yet"
    assert "at least 2 tasks" in words
    shop["ecs"].update_service(cluster="DemoCluster", service="shop-web", desiredCount=2)
    until(lambda: said(lab, "12a")[0] == "done")


def test_orders_are_lost_by_who_deletes_them_first(shop: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    lab: Lab = shop["lab"]
    definition = shop["ecs"].describe_task_definition(taskDefinition=shop["recipe"]("work"))["taskDefinition"]
    container = {**definition["containerDefinitions"][0], "command": ["python3", "-c", HASTY]}
    kept = ("requiresCompatibilities", "networkMode", "cpu", "memory", "executionRoleArn", "taskRoleArn")
    hasty = shop["ecs"].register_task_definition(
        family="hasty", containerDefinitions=[container], **{name: definition[name] for name in kept}
    )["taskDefinition"]["taskDefinitionArn"]
    shop["sqs"].set_queue_attributes(QueueUrl=shop["queue_url"], Attributes={"VisibilityTimeout": "1"})
    serve(shop, "hasty", hasty, 1)
    ready = {"logGroupName": "/ecs/shop", "filterPattern": "ready"}
    until(lambda: shop["logs"].filter_log_events(**ready)["events"], seconds=60)
    with monkeypatch.context() as patch:
        patch.setattr(waiting, "LEAST", 5.0)
        kind, words = said(lab, "12b")
    assert kind == "not yet"
    assert "all 12 orders after a worker was stopped" in words
    end(shop, "hasty")
    solve(shop, "12b")
    kind, words = said(lab, "12b")
    assert kind == "done", words
    assert "although a worker was stopped" in words
    end(shop, "shop-work")


def test_without_a_place_for_dead_letters_nobody_need_try(shop: dict[str, Any]) -> None:
    lab: Lab = shop["lab"]
    sqs, queue = shop["sqs"], shop["queue_url"]
    kept = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": ""})
    kind, words = said(lab, "12b")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=kept)
    assert kind == "not yet"
    assert "a dead-letter queue for orders" in words


def test_a_clock_counts_when_its_task_ends_well(shop: dict[str, Any]) -> None:
    lab: Lab = shop["lab"]
    scheduler = lab.client("scheduler")
    solve(shop, "12c")
    kind, words = said(lab, "12c")
    assert kind == "done", words
    found = scheduler.get_schedule(Name="shop-report")
    same = {name: found[name] for name in ("FlexibleTimeWindow", "ScheduleExpression", "Target")}
    scheduler.update_schedule(Name="shop-report", State="DISABLED", **same)
    assert "turned on" in said(lab, "12c")[1]
    scheduler.delete_schedule(Name="shop-report")
    # the same by a rule, whose task fails
    broken = shop["recipe"]("nonsense")
    role = shop["role"]("rule", "events.amazonaws.com")
    shop["allow"]("rule", ["ecs:RunTask"], "*")
    shop["allow"]("rule", ["iam:PassRole"], "*")
    events = lab.client("events")
    events.put_rule(Name="often", ScheduleExpression="rate(1 minute)")
    network = shop["network"]["awsvpcConfiguration"]
    wanted = {
        "TaskDefinitionArn": broken,
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {
            "awsvpcConfiguration": {
                "Subnets": network["subnets"],
                "SecurityGroups": network["securityGroups"],
                "AssignPublicIp": "ENABLED",
            }
        },
    }
    target = {"Id": "1", "Arn": shop["cluster_arn"], "RoleArn": role, "EcsParameters": wanted}
    events.put_targets(Rule="often", Targets=[target])
    kind, words = said(lab, "12c")
    assert kind == "not yet"
    assert "its exit code is 1" in words
    events.remove_targets(Rule="often", Ids=["1"])
    events.delete_rule(Name="often")


def test_the_managed_choice_answers(shop: dict[str, Any]) -> None:
    solve(shop, "12d")
    kind, words = said(shop["lab"], "12d")
    assert kind == "done", words


def test_the_bill_wants_everything_there_and_paid_for(shop: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    lab: Lab = shop["lab"]
    kind, words = said(lab, "12e")
    assert kind == "not yet"
    assert "exercise 12" in words
    monkeypatch.setattr(lab_12, "LOOKS", 0)
    bill = SimpleNamespace(monthly=121.0)
    monkeypatch.setattr(lab, "costs", lambda: bill)
    assert "at most 120 USD a month: it would be 121" in said(lab, "12e")[1]


@pytest.fixture
def kubernetes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A cloud with a cluster and a node."""
    cloud = RunningCloud(tmp_path, LAB_SPEED="600")
    cloud.command("up")
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    monkeypatch.setenv("LAB_PROGRESS", "off")
    monkeypatch.setattr(waiting, "LEAST", 30.0)
    lab = Lab(12)
    lab.start(speed=600)
    yield lab
    cloud.command("down")


@pytest.mark.matrix
def test_kubernetes_is_a_managed_choice_too(kubernetes: Lab) -> None:
    lab = kubernetes
    iam, eks = lab.client("iam"), lab.client("eks")

    def role(name: str, service: str, *policies: str) -> str:
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        for policy in policies:
            iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        return str(made)

    subnets = [one["SubnetId"] for one in lab.client("ec2").describe_subnets()["Subnets"][:2]]
    eks.create_cluster(
        name="office", roleArn=role("cluster", "eks.amazonaws.com", "AmazonEKSClusterPolicy"),
        resourcesVpcConfig={"subnetIds": subnets}, accessConfig={"authenticationMode": "API"},
    )  # fmt: skip
    lab.wait("eks", "cluster_active", name="office")
    assert "a Service of the type LoadBalancer in the cluster office" in said(lab, "12d")[1]
    policies = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy")
    node = role("node", "ec2.amazonaws.com", *policies)
    eks.create_nodegroup(
        clusterName="office", nodegroupName="desk", subnets=subnets, nodeRole=node,
        scalingConfig={"minSize": 1, "maxSize": 1, "desiredSize": 1},
    )  # fmt: skip
    lab.wait("eks", "nodegroup_active", clusterName="office", nodegroupName="desk")
    core = CoreV1Api(lab.kubernetes("office"))
    container = {"name": "web", "image": "nginx", "ports": [{"containerPort": 80}]}
    labels = {"metadata": {"name": "web", "labels": {"app": "web"}}}
    core.create_namespaced_pod("default", {**labels, "spec": {"containers": [container]}})
    spec = {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]}
    core.create_namespaced_service("default", {**labels, "spec": spec})
    until(lambda: said(lab, "12d")[0] == "done", seconds=30)
