"""What a lab might leave is seen from outside, and nothing that a cloud has anyway."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stage import Place, RunningCloud
from tests.waiting import until
from tools.leftovers import Leftovers

pytestmark = pytest.mark.matrix


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[RunningCloud]:
    cloud = RunningCloud(tmp_path)
    cloud.command("up")
    yield cloud
    cloud.command("down")


def test_what_is_made_is_seen_and_what_is_deleted_is_not(cloud: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.leftovers.SECONDS", 0.5)  # here something is left by intention
    leftovers = Leftovers(cloud.home)
    assert leftovers.asked > 100
    assert leftovers.find() == []
    place = Place(cloud)
    task = place.run(place.program("import time; time.sleep(600)"))["taskArn"]
    place.until_task(task, "RUNNING")
    name, group = place.balancer()
    may = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    policy = cloud.client("iam").create_policy(PolicyName="left", PolicyDocument=json.dumps(may))["Policy"]["Arn"]
    subnets = [one["SubnetId"] for one in place.ec2.describe_subnets()["Subnets"]]
    cloud.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs", ResourceId=f"service/{place.name}/{place.serve(place.definition(), count=0)}",
        ScalableDimension="ecs:service:DesiredCount", MinCapacity=0, MaxCapacity=1,
    )  # fmt: skip
    unused = next(subnet for subnet in subnets if subnet not in place.subnets)
    place.ec2.delete_subnet(SubnetId=unused)
    found = leftovers.find()
    for kind in ("ecs ListClusters", "ecs ListTaskDefinitions", "elbv2 DescribeLoadBalancers", "iam ListPolicies"):
        assert any(line.startswith(f"{kind}: ") for line in found), kind
    for kind in (
        "process ",
        "port ",
        "ec2 DescribeSubnets lacks: ",
        "application-autoscaling DescribeScalableTargets: ",
    ):
        assert any(line.startswith(kind) for line in found), kind
    place.ecs.stop_task(cluster=place.name, task=task)
    place.until_task(task, "STOPPED")
    balancer = place.elb.describe_load_balancers(Names=[name])["LoadBalancers"][0]["LoadBalancerArn"]
    place.elb.delete_load_balancer(LoadBalancerArn=balancer)
    cloud.client("iam").delete_policy(PolicyArn=policy)
    found = leftovers.find()
    for kind in ("process ", "port ", "elbv2 DescribeLoadBalancers", "iam ListPolicies"):
        assert not any(line.startswith(kind) for line in found), kind
    assert any("DescribeTargetGroups" in line for line in found)
    place.elb.delete_target_group(TargetGroupArn=group)
    until(lambda: not any("DescribeTargetGroups" in line for line in leftovers.find()))
