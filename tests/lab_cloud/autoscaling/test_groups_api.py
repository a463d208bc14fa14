"""Auto Scaling groups through boto3: what AWS refuses, and what the instances say of themselves."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab_cloud.autoscaling.checks import check_sizes
from lab_cloud.errors import AwsError
from tests.fleet import ecs_image
from tests.stage import Place, RunningCloud
from tests.waiting import until


@pytest.fixture(scope="module")
def group(cloud: RunningCloud, place: Place) -> Iterator[dict[str, Any]]:
    """The parameters of a group of 0 to 5 instances, which is there."""
    template = cloud.name("template")
    place.ec2.create_launch_template(
        LaunchTemplateName=template,
        LaunchTemplateData={"ImageId": ecs_image(cloud), "InstanceType": "t3.micro", "SecurityGroupIds": [place.group]},
    )
    params: dict[str, Any] = {
        "AutoScalingGroupName": cloud.name("group"),
        "MinSize": 0,
        "MaxSize": 5,
        "LaunchTemplate": {"LaunchTemplateName": template, "Version": "$Latest"},
        "VPCZoneIdentifier": ",".join(place.subnets),
    }
    cloud.client("autoscaling").create_auto_scaling_group(**params)
    yield params
    cloud.client("autoscaling").delete_auto_scaling_group(
        AutoScalingGroupName=params["AutoScalingGroupName"], ForceDelete=True
    )


def described(cloud: RunningCloud, name: str) -> dict[str, Any]:
    found = cloud.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return dict(found["AutoScalingGroups"][0])


def test_an_empty_group_has_no_instances(cloud: RunningCloud, group: dict[str, Any]) -> None:
    found = described(cloud, group["AutoScalingGroupName"])
    assert (found["MinSize"], found["MaxSize"], found["DesiredCapacity"]) == (0, 5, 0)
    assert found["Instances"] == []
    assert len(found["AvailabilityZones"]) == 2


def test_a_name_that_is_taken(cloud: RunningCloud, group: dict[str, Any]) -> None:
    autoscaling = cloud.client("autoscaling")
    with pytest.raises(autoscaling.exceptions.AlreadyExistsFault, match="already exists"):
        autoscaling.create_auto_scaling_group(**{**group, "MaxSize": 1})
    assert described(cloud, group["AutoScalingGroupName"])["MaxSize"] == 5


@pytest.mark.parametrize("sizes", [(3, 1, None), (0, 5, 6), (2, 5, 1)])
def test_sizes_that_contradict_each_other(cloud: RunningCloud, group: dict[str, Any], sizes: Any) -> None:
    least, most, desired = sizes
    with pytest.raises(AwsError, match=r"bound|between"):
        check_sizes(least, most, desired)
    wanted = {} if desired is None else {"DesiredCapacity": desired}
    autoscaling = cloud.client("autoscaling")
    with pytest.raises(ClientError, match="ValidationError"):
        autoscaling.create_auto_scaling_group(
            **{**group, "AutoScalingGroupName": "wrong", "MinSize": least, "MaxSize": most, **wanted}
        )
    assert autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=["wrong"])["AutoScalingGroups"] == []


def test_a_change_counts_the_sizes_that_stay(cloud: RunningCloud, group: dict[str, Any]) -> None:
    autoscaling, name = cloud.client("autoscaling"), group["AutoScalingGroupName"]
    with pytest.raises(ClientError, match="Max bound, 5, must be greater than or equal to min bound, 6"):
        autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=6)
    autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, MaxSize=4)
    assert described(cloud, name)["MaxSize"] == 4
    autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, MaxSize=5)


def test_a_group_that_is_not_there(cloud: RunningCloud) -> None:
    autoscaling = cloud.client("autoscaling")
    for change in (autoscaling.set_desired_capacity, autoscaling.update_auto_scaling_group):
        with pytest.raises(ClientError, match=r"ValidationError.*AutoScalingGroup name not found"):
            change(AutoScalingGroupName="nowhere", DesiredCapacity=1)


def test_instances_are_labelled_as_records_and_keep_a_group_from_going(
    cloud: RunningCloud, place: Place, group: dict[str, Any]
) -> None:
    autoscaling, name = cloud.client("autoscaling"), group["AutoScalingGroupName"]
    with pytest.raises(ClientError, match="New SetDesiredCapacity value 9 is above max value 5"):
        autoscaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=9)
    autoscaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
    (one,) = until(lambda: described(cloud, name)["Instances"]) or ()
    (reservation,) = place.ec2.describe_instances(InstanceIds=[one["InstanceId"]])["Reservations"]
    tags = {tag["Key"]: tag["Value"] for tag in reservation["Instances"][0]["Tags"]}
    assert tags["embedded-cloud"] == "capacity record: there is no virtual machine"
    with pytest.raises(autoscaling.exceptions.ResourceInUseFault):
        autoscaling.delete_auto_scaling_group(AutoScalingGroupName=name)
    autoscaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=0)
    assert until(lambda: not described(cloud, name)["Instances"])


def test_a_security_group_is_free_when_its_instances_have_ended(cloud: RunningCloud, place: Place) -> None:
    security_group = place.security_group()
    made = place.ec2.run_instances(
        ImageId="ami-12345678", MinCount=1, MaxCount=1, SecurityGroupIds=[security_group], SubnetId=place.subnets[0]
    )["Instances"][0]["InstanceId"]
    with pytest.raises(ClientError, match="DependencyViolation"):
        place.ec2.delete_security_group(GroupId=security_group)
    place.ec2.terminate_instances(InstanceIds=[made])
    place.ec2.delete_security_group(GroupId=security_group)
