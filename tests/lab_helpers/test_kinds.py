"""Every kind of thing on a real cloud: made through a lab's clients, found by its tag, deleted in order."""

import base64
import json
from typing import Any

import pytest

from lab_helpers import Lab, cleanup, kinds_ecs
from lab_helpers.inventory import Tags
from tests.fleet import RECOMMENDED
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("cloud")

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)
READ = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]})


@pytest.fixture
def lab() -> Lab:
    lab = Lab(2)
    lab.start()
    return lab


def found(lab: Lab) -> list[tuple[str, str]]:
    report = lab.teardown(dry_run=True)
    assert report.unseen == ()
    return [(thing.kind, thing.name) for thing in report.things]


def roles(lab: Lab) -> None:
    iam = lab.client("iam")
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="worker", PolicyName="inline", PolicyDocument=READ)
    policy = iam.create_policy(PolicyName="reader", PolicyDocument=READ)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="worker", PolicyArn=policy)
    iam.create_instance_profile(InstanceProfileName="profile")
    iam.add_role_to_instance_profile(InstanceProfileName="profile", RoleName="worker")


def joining(lab: Lab) -> dict[str, Any]:
    """The role that an instance needs to join a cluster, for its launch template."""
    iam = lab.client("iam")
    iam.create_role(RoleName="agent", AssumeRolePolicyDocument=TRUST)
    managed = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
    iam.attach_role_policy(RoleName="agent", PolicyArn=managed)
    iam.create_instance_profile(InstanceProfileName="agent")
    iam.add_role_to_instance_profile(InstanceProfileName="agent", RoleName="agent")
    return {"IamInstanceProfile": {"Name": "agent"}}


def capacity(lab: Lab, cluster: str = "") -> str:
    """A group with one instance, which has a security group of the lab's; the group's ARN.

    With a cluster's name the instance joins it.
    """
    ec2, autoscaling = lab.client("ec2"), lab.client("autoscaling")
    subnet = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"][0]
    group = ec2.create_security_group(GroupName="instances", Description="t", VpcId=subnet["VpcId"])["GroupId"]
    image = lab.client("ssm").get_parameter(Name=RECOMMENDED)["Parameter"]["Value"]
    data: dict[str, Any] = {"ImageId": image, "InstanceType": "t3.micro", "SecurityGroupIds": [group]}
    if cluster:
        script = f"#!/bin/bash\necho ECS_CLUSTER={cluster} >> /etc/ecs/ecs.config\n"
        data |= {"UserData": base64.b64encode(script.encode()).decode()} | joining(lab)
    ec2.create_launch_template(LaunchTemplateName="template", LaunchTemplateData=data)
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="fleet",
        MinSize=0,
        MaxSize=2,
        DesiredCapacity=1,
        LaunchTemplate={"LaunchTemplateName": "template"},
        VPCZoneIdentifier=subnet["SubnetId"],
    )

    def launched() -> dict[str, Any] | None:
        (made,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=["fleet"])["AutoScalingGroups"]
        return made if made["Instances"] else None

    made = until(launched)
    assert made is not None
    return str(made["AutoScalingGroupARN"])


def test_roles_and_instance_profiles(lab: Lab) -> None:
    roles(lab)
    assert found(lab) == [("instance profile", "profile"), ("role", "worker"), ("policy", "reader")]
    lab.teardown()
    assert found(lab) == []


def test_task_definitions_do_not_stay_inactive(lab: Lab) -> None:
    ecs = lab.client("ecs")
    container = {"name": "web", "image": "nginx", "memory": 64}
    for _ in range(2):
        ecs.register_task_definition(family="recipe", containerDefinitions=[container])
    lab.teardown()
    assert found(lab) == []
    assert ecs.list_task_definition_families()["families"] == []


def test_a_group_its_instances_and_what_they_use(lab: Lab) -> None:
    capacity(lab)
    assert found(lab) == [
        ("Auto Scaling group", "fleet"),
        ("launch template", "template"),
        ("security group", "instances"),
    ]
    lab.teardown()
    assert found(lab) == []


def test_a_cluster_with_a_capacity_provider_of_a_group(lab: Lab) -> None:
    ecs = lab.client("ecs")
    provider = {"autoScalingGroupArn": capacity(lab), "managedScaling": {"status": "ENABLED"}}
    ecs.create_capacity_provider(name="mine", autoScalingGroupProvider=provider)
    ecs.create_cluster(clusterName="demo", capacityProviders=["FARGATE", "mine"])
    assert found(lab)[:3] == [("cluster", "demo"), ("capacity provider", "mine"), ("Auto Scaling group", "fleet")]
    lab.teardown()
    assert found(lab) == []


def test_a_cluster_with_instances_in_it(lab: Lab) -> None:
    ecs, autoscaling = lab.client("ecs"), lab.client("autoscaling")
    ecs.create_cluster(clusterName="demo")
    capacity(lab, "demo")
    lab.wait(lambda: ecs.list_container_instances(cluster="demo")["containerInstanceArns"], "the instance to join")
    lab.teardown()
    assert found(lab) == []
    assert autoscaling.describe_auto_scaling_instances()["AutoScalingInstances"] == []


def test_what_somebody_has_changed_of_the_capacity_is_seen(lab: Lab) -> None:
    ecs, autoscaling = lab.client("ecs"), lab.client("autoscaling")
    scaling = {"status": "ENABLED", "targetCapacity": 100}
    ecs.create_capacity_provider(
        name="mine", autoScalingGroupProvider={"autoScalingGroupArn": capacity(lab), "managedScaling": scaling}
    )

    def states() -> list[str]:
        return [thing.state for thing in lab.teardown(dry_run=True).things if thing.state]

    assert states() == ["managed scaling ENABLED at 100", "1 of 0 to 2"]
    autoscaling.set_desired_capacity(AutoScalingGroupName="fleet", DesiredCapacity=2)
    autoscaling.put_scaling_policy(
        AutoScalingGroupName="fleet",
        PolicyName="more",
        PolicyType="SimpleScaling",
        AdjustmentType="ChangeInCapacity",
        ScalingAdjustment=1,
    )
    ecs.update_capacity_provider(name="mine", autoScalingGroupProvider={"managedScaling": {"status": "DISABLED"}})
    assert states() == ["managed scaling DISABLED at 100", "2 of 0 to 2, more"]


def test_a_security_group_that_another_one_admits(lab: Lab) -> None:
    ec2 = lab.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    balancer, instances = (
        ec2.create_security_group(GroupName=name, Description="t", VpcId=vpc)["GroupId"] for name in ("a", "b")
    )
    web = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    anywhere = {**web, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(
        GroupId=instances, IpPermissions=[anywhere | {"UserIdGroupPairs": [{"GroupId": balancer}]}]
    )
    things = [thing for thing in lab.teardown(dry_run=True).things if thing.name == "a"]
    cleanup.delete(lab.client, lab.wait, things)
    left = ec2.describe_security_groups(GroupIds=[instances])["SecurityGroups"][0]["IpPermissions"]
    assert [(one["IpRanges"], one["UserIdGroupPairs"]) for one in left] == [([{"CidrIp": "0.0.0.0/0"}], [])]


def test_repositories_with_their_images(lab: Lab) -> None:
    made = lab.client("ecr").create_repository(repositoryName="pushed")["repository"]
    name = lab.images.tag("containers-on-aws/web:1", f"{made['repositoryUri']}:v1")
    digest = lab.images.push(name)
    images = lab.client("ecr").describe_images(repositoryName="pushed")["imageDetails"]
    assert [each["imageDigest"] for each in images] == [digest]
    assert lab.images.pull(name) == digest
    assert found(lab) == [("image", name), ("repository", "pushed")]
    lab.teardown()
    assert found(lab) == []


def test_capacity_providers_on_further_pages_are_found(lab: Lab) -> None:
    pages = {
        None: {"capacityProviders": [], "nextToken": "more"},
        "more": {"capacityProviders": [{"name": "mine", "capacityProviderArn": "arn", "status": "ACTIVE", "tags": []}]},
    }

    class Ecs:
        def describe_capacity_providers(self, include: list[str], nextToken: str | None = None) -> Any:  # noqa: N803
            return pages[nextToken]

    class Anybody(Tags):
        def lab(self, tags: object) -> int | None:
            return 2

    assert [one.name for one in kinds_ecs.CAPACITY_PROVIDERS.find(Ecs(), Anybody("an"))] == ["mine"]


def test_what_another_learner_made_is_not_found(lab: Lab) -> None:
    roles(lab)
    assert cleanup.find(lab.client, Tags("somebody else")).things == []
    lab.teardown()
