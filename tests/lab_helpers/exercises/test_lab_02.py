"""Each exercise of lab 02: untouched, wrong, right. The tests share one cloud; each begins with what the lab builds."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab_helpers import Lab
from lab_helpers.replay import replay
from tests.lab_helpers.exercises.clouds import begun, said, solve

EXECUTION = "PracticeExecutionRole"
TASK = "PracticeTaskRole"
CLUSTER = "PracticeCluster"
PHOTOS = "arn:aws:s3:::practice-photos/*"


@pytest.fixture(scope="module")
def begun_lab() -> Iterator[Lab]:
    with begun(2) as lab:
        yield lab


@pytest.fixture
def lab(begun_lab: Lab) -> Iterator[Lab]:
    """What the lab builds is there, and nothing of the exercises, whatever other tests did."""
    if "DemoCluster" not in clusters(begun_lab):
        replay(begun_lab)
    yield begun_lab
    undo(begun_lab)


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(*services: str) -> str:
    return policy({"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"})


def allow(lab: Lab, role: str, action: str, resource: str = "*") -> None:
    """The role's one inline policy."""
    document = policy({"Effect": "Allow", "Action": action, "Resource": resource})
    lab.client("iam").put_role_policy(RoleName=role, PolicyName="practice", PolicyDocument=document)


def clusters(lab: Lab) -> set[str]:
    """The names of those that are not deleted."""
    return {arn.rsplit("/", 1)[-1] for arn in lab.client("ecs").list_clusters()["clusterArns"]}


def undo(lab: Lab) -> None:
    """Take away what an exercise makes."""
    iam = lab.client("iam")
    for role in {one["RoleName"] for one in iam.list_roles()["Roles"]} & {EXECUTION, TASK}:
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=role, PolicyName=name)
        for one in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=role, PolicyArn=one["PolicyArn"])
        iam.delete_role(RoleName=role)
    for own in iam.list_policies(Scope="Local")["Policies"]:
        iam.delete_policy(PolicyArn=own["Arn"])
    if CLUSTER in clusters(lab):
        lab.client("ecs").delete_cluster(cluster=CLUSTER)


def test_what_the_lab_builds_is_what_it_says(lab: Lab) -> None:
    ecs = lab.client("ecs")
    (cluster,) = ecs.describe_clusters(clusters=["DemoCluster"])["clusters"]
    assert sorted(cluster["capacityProviders"]) == ["DemoCapacityProvider", "FARGATE", "FARGATE_SPOT"]
    (provider,) = ecs.describe_capacity_providers(capacityProviders=["DemoCapacityProvider"])["capacityProviders"]
    group_arn = provider["autoScalingGroupProvider"]["autoScalingGroupArn"]
    (group,) = lab.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert group["AutoScalingGroupARN"] == group_arn
    assert (group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) == (0, 5, 0)


def test_02a_untouched(lab: Lab) -> None:
    assert said(lab, "02a")[0] == "not attempted"


def test_02a_each_part_is_asked_for(lab: Lab) -> None:
    iam = lab.client("iam")
    iam.create_role(RoleName=EXECUTION, AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    kind, words = said(lab, "02a")
    assert kind == "not yet"
    assert "now the role may be taken on by ec2.amazonaws.com" in words
    assert "AmazonECSTaskExecutionRolePolicy: it is not attached" in words
    assert "the permission logs:CreateLogGroup" in words


def test_02a_too_much_is_told(lab: Lab) -> None:
    lab.client("iam").create_role(RoleName=EXECUTION, AssumeRolePolicyDocument=trust("ecs-tasks.amazonaws.com"))
    allow(lab, EXECUTION, "logs:*")
    kind, words = said(lab, "02a")
    assert kind == "not yet"
    assert "the permission logs:CreateLogGroup" not in words
    assert "may also delete log groups" in words


def test_02a_right(lab: Lab) -> None:
    solve(lab, "02a")
    assert said(lab, "02a")[0] == "done"


def test_02a_a_managed_policy_of_ones_own_is_as_good(lab: Lab) -> None:
    solve(lab, "02a")
    iam = lab.client("iam")
    iam.delete_role_policy(RoleName=EXECUTION, PolicyName="CreateLogGroups")
    assert said(lab, "02a")[0] == "not yet"
    document = policy({"Effect": "Allow", "Action": ["logs:CreateLogGroup"], "Resource": "arn:aws:logs:*:*:*"})
    made = iam.create_policy(PolicyName="my-log-groups", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=EXECUTION, PolicyArn=made)
    assert said(lab, "02a")[0] == "done"


def test_02b_untouched(lab: Lab) -> None:
    assert said(lab, "02b")[0] == "not attempted"


def test_02b_who_and_what_are_both_looked_at(lab: Lab) -> None:
    services = trust("ecs-tasks.amazonaws.com", "ec2.amazonaws.com")
    lab.client("iam").create_role(RoleName=TASK, AssumeRolePolicyDocument=services)
    kind, words = said(lab, "02b")
    assert kind == "not yet"
    assert "taken on by ec2.amazonaws.com, ecs-tasks.amazonaws.com" in words
    assert "s3:GetObject is not allowed" in words


@pytest.mark.parametrize(
    ("action", "resource", "told"),
    [
        ("s3:GetObject", "arn:aws:s3:::practice-photos", "s3:GetObject is not allowed on its objects"),
        ("s3:GetObject", "*", "every other bucket too"),
        ("s3:*", PHOTOS, "may also write objects"),
        ("s3:*", PHOTOS, "may also delete objects"),
        ("*", "*", "may also use other services"),
    ],
)
def test_02b_too_little_and_too_much(lab: Lab, action: str, resource: str, told: str) -> None:
    lab.client("iam").create_role(RoleName=TASK, AssumeRolePolicyDocument=trust("ecs-tasks.amazonaws.com"))
    allow(lab, TASK, action, resource)
    kind, words = said(lab, "02b")
    assert kind == "not yet"
    assert told in words


def test_02b_right(lab: Lab) -> None:
    solve(lab, "02b")
    assert said(lab, "02b")[0] == "done"


def test_02c_and_02d_untouched(lab: Lab) -> None:
    assert said(lab, "02c")[0] == "not attempted"
    kind, words = said(lab, "02d")
    assert kind == "not attempted"
    assert "Make it in 02c first" in words


def test_02c_a_cluster_without_a_strategy(lab: Lab) -> None:
    lab.client("ecs").create_cluster(clusterName=CLUSTER)
    kind, words = said(lab, "02c")
    assert kind == "not yet"
    assert "FARGATE_SPOT in the default strategy, which is empty now" in words


@pytest.mark.parametrize(
    ("fargate", "spot", "told"),
    [
        ({"weight": 1}, {"weight": 3}, "its base is 0"),
        ({"base": 1, "weight": 3}, {"weight": 1}, "the weights are 1 and 3"),
        ({"base": 1}, {"weight": 3}, "the weights are 3 and 0"),
    ],
)
def test_02c_other_numbers(lab: Lab, fargate: dict[str, int], spot: dict[str, int], told: str) -> None:
    lab.client("ecs").create_cluster(
        clusterName=CLUSTER,
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[
            {"capacityProvider": "FARGATE", **fargate},
            {"capacityProvider": "FARGATE_SPOT", **spot},
        ],
    )
    kind, words = said(lab, "02c")
    assert kind == "not yet"
    assert told in words


def test_02c_right_and_then_deleted(lab: Lab) -> None:
    solve(lab, "02c")
    assert said(lab, "02c")[0] == "done"
    lab.client("ecs").delete_cluster(cluster=CLUSTER)
    assert said(lab, "02c")[0] == "not attempted"


def test_02d_the_older_value_is_not_the_better_one(lab: Lab) -> None:
    lab.client("ecs").create_cluster(clusterName=CLUSTER)
    kind, words = said(lab, "02d")
    assert kind == "not attempted"
    assert "still disabled" in words
    older = [{"name": "containerInsights", "value": "enabled"}]
    lab.client("ecs").update_cluster_settings(cluster=CLUSTER, settings=older)
    kind, words = said(lab, "02d")
    assert kind == "not yet"
    assert "enabled is the older one" in words


def test_02d_right(lab: Lab) -> None:
    solve(lab, "02c")
    solve(lab, "02d")
    assert said(lab, "02d")[0] == "done"


def test_nothing_is_left_afterwards(lab: Lab) -> None:
    for exercise in ("02a", "02b", "02c", "02d"):
        solve(lab, exercise)
        assert said(lab, exercise)[0] == "done"
    report = lab.teardown()
    assert {"cluster", "capacity provider", "Auto Scaling group", "launch template", "security group"} <= {
        thing.kind for thing in report.things
    }
    for exercise in ("02a", "02b", "02c", "02d"):
        assert lab.check(exercise).kind == "not attempted"
    iam = lab.client("iam")
    assert iam.list_instance_profiles()["InstanceProfiles"] == []
