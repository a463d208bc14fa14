"""The whole way on the embedded cloud that poses as a real account: asked, tagged, guarded, torn down, proven."""

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from lab_helpers import Lab
from lab_helpers.errors import NotAllowed, NotConfirmed
from tests.lab_helpers.aws.conftest import environment, started
from tests.lab_helpers.test_home import write

CELLS = (
    'ecs, ec2, elbv2, logs = (lab.client(name) for name in ("ecs", "ec2", "elbv2", "logs"))\n'
    'ecs.create_cluster(clusterName="real")\n'
    'logs.create_log_group(logGroupName="/real")\n'
    'vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]\n'
    'found = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]\n'
    "subnets = [one['SubnetId'] for one in found][:2]\n"
    'group = ec2.create_security_group(GroupName="real", Description="t", VpcId=vpc)["GroupId"]\n',
    'ecs.register_task_definition(family="real", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256",'
    ' memory="512", containerDefinitions=[{"name": "web", "image": "containers-on-aws/web:1",'
    ' "portMappings": [{"containerPort": 80}]}])\n'
    'target = elbv2.create_target_group(Name="real", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")\n'
    'balancer = elbv2.create_load_balancer(Name="real", Subnets=subnets, SecurityGroups=[group])\n'
    'forward = {"Type": "forward", "TargetGroupArn": target["TargetGroups"][0]["TargetGroupArn"]}\n'
    'elbv2.create_listener(LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"], Protocol="HTTP", Port=80,'
    " DefaultActions=[forward])\n"
    'ecs.create_service(cluster="real", serviceName="real", taskDefinition="real", desiredCount=1,'
    ' launchType="FARGATE",'
    ' networkConfiguration={"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [group],'
    ' "assignPublicIp": "ENABLED"}})\n'
    'lab.wait(ecs, "services_stable", cluster="real", services=["real"])\n',
)
ORDER = [
    ("service", "real"),
    ("cluster", "real"),
    ("task definition", "real"),
    ("load balancer", "real"),
    ("target group", "real"),
    ("security group", "real"),
    ("log group", "/real"),
]


@pytest.fixture
def lab(posing: Path) -> Lab:
    write(posing, 2, [], CELLS[0], CELLS[1])
    write(posing, 3, [2])
    return started()


def plain(service: str) -> Any:
    """A client without any hook of the course's."""
    found = environment()
    return boto3.client(
        service, endpoint_url=found["AWS_ENDPOINT_URL"], region_name="us-east-1",
        aws_access_key_id=found["AWS_ACCESS_KEY_ID"], aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
    )  # fmt: skip


def test_nobody_types_and_nobody_has_said_yes(posing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(posing, 3, [])
    lab = Lab(3)
    with pytest.raises(NotConfirmed, match="nobody is here to say yes") as caught:
        lab.start()
    assert "LAB_CONFIRM=123456789012" in caught.value.remedy
    said = capsys.readouterr().out
    for word in ("account 123456789012", "region us-east-1", "arn:aws:", "US dollars an hour", "lab.teardown()"):
        assert word in said, word
    with pytest.raises(NotConfirmed, match="CreateCluster"):
        lab.client("ecs").create_cluster(clusterName="never")
    assert plain("ecs").list_clusters()["clusterArns"] == []


def test_a_yes_to_another_account_is_none(posing: Path) -> None:
    write(posing, 3, [])
    with pytest.raises(NotConfirmed, match="you said yes to account 999999999999"):
        Lab(3).start(confirm="999999999999")


def test_a_new_notebook_can_tear_down_and_asks_first(lab: Lab) -> None:
    with pytest.raises(NotConfirmed):
        Lab(3).teardown()
    assert Lab(3).teardown(dry_run=True).rows() == ORDER
    lab.teardown()


def test_the_number_of_the_account_is_a_yes(posing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(posing, 3, [])
    monkeypatch.setenv("LAB_CONFIRM", "123456789012")
    Lab(3).start()


def test_from_the_first_yes_to_the_last_proof(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotAllowed, match=r"desiredCount is 50, and may be at most 10"):
        lab.client("ecs").update_service(cluster="real", service="real", desiredCount=50)
    with pytest.raises(NotAllowed, match=r"without the lab's tags"):
        lab.client("ecs").create_cluster(clusterName="x", tags=[{"key": "learner", "value": "somebody"}])
    with pytest.raises(NotAllowed, match="No lab calls rds CreateDBInstance"):
        lab.session.client("rds").create_db_instance(
            DBInstanceIdentifier="x", DBInstanceClass="db.t3.micro", Engine="x"
        )
    with pytest.raises(NotAllowed, match="No lab calls ec2 RunInstances"):
        lab.client("ec2").run_instances(ImageId="ami-1", InstanceType="m5.4xlarge", MinCount=1, MaxCount=1)
    assert plain("ecs").describe_services(cluster="real", services=["real"])["services"][0]["desiredCount"] == 1
    plain("ecs").create_cluster(clusterName="not-ours")

    shown = lab.teardown(dry_run=True)
    assert shown.rows() == ORDER
    assert [line.split()[0] for line in repr(shown).splitlines()[:-1]] == [f"{n}." for n in range(1, len(ORDER) + 1)]
    assert plain("ecs").describe_services(cluster="real", services=["real"])["services"][0]["status"] == "ACTIVE"

    report = lab.teardown()
    assert report.rows() == ORDER
    assert "Looked again: nothing that carries the lab's tag is left." in report.verdict
    assert "AWS's index of tags" in report.verdict
    assert [arn.rsplit("/", 1)[-1] for arn in plain("ecs").list_clusters()["clusterArns"]] == ["not-ours"]
    assert lab.teardown().rows() == []
    plain("ecs").delete_cluster(cluster="not-ours")


def test_a_bucket_carries_the_tags_from_the_first_moment(lab: Lab) -> None:
    lab.client("s3").create_bucket(Bucket="the-labs-own")
    tags = plain("s3").get_bucket_tagging(Bucket="the-labs-own")["TagSet"]
    assert {"Key": "lab", "Value": "containers-on-aws"} in tags
    plain("s3").delete_bucket(Bucket="the-labs-own")
    lab.teardown()


def test_what_is_held_for_a_moment_is_tried_again(lab: Lab) -> None:
    """A security group that a network interface of somebody else's still uses."""
    ec2 = plain("ec2")
    group = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["real"]}])["SecurityGroups"][0]
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    interface = ec2.create_network_interface(SubnetId=subnet, Groups=[group["GroupId"]])["NetworkInterface"]
    tries: list[str] = []

    def let_go(**_: Any) -> None:
        tries.append("delete")
        if len(tries) == 3:
            ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])

    lab.client("ec2").meta.events.register("before-call.ec2.DeleteSecurityGroup", let_go)
    lab.teardown()
    assert len(tries) >= 3
    with pytest.raises(ClientError):
        ec2.describe_security_groups(GroupIds=[group["GroupId"]])
