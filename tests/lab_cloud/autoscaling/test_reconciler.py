"""Groups whose instances really come and go, through boto3."""

from collections import Counter
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.fleet import Fleet
from tests.stage import Place
from tests.waiting import until


@pytest.fixture(scope="module")
def fleet(place: Place) -> Iterator[Fleet]:
    made = Fleet(place)
    made.create()
    yield made
    made.delete()


@pytest.fixture(autouse=True)
def rested(fleet: Fleet) -> None:
    fleet.scaling.update_auto_scaling_group(AutoScalingGroupName=fleet.name, MinSize=0, MaxSize=5, DesiredCapacity=0)
    assert until(lambda: not fleet.group()["Instances"])


def test_instances_come_in_both_zones_with_activities_that_say_why(fleet: Fleet) -> None:
    fleet.want(2)
    serving = fleet.until_serving(2)
    zones = Counter(one["AvailabilityZone"] for one in fleet.group()["Instances"])
    assert list(zones.values()) == [1, 1]
    newest = fleet.activities()[0]
    assert newest["Description"] == f"Launching a new EC2 instance: {serving[1]}"
    assert newest["StatusCode"] == "Successful"
    assert (
        "a user request explicitly set group desired capacity changing the desired capacity from 0 to 2."
        in (newest["Cause"])
    )
    assert (
        "in response to a difference between desired and actual capacity, increasing the capacity from 0 to 2."
        in (newest["Cause"])
    )
    found = fleet.place.ec2.describe_instances(InstanceIds=serving)["Reservations"]
    tags = {tag["Key"]: tag["Value"] for tag in found[0]["Instances"][0]["Tags"]}
    assert tags["aws:autoscaling:groupName"] == fleet.name
    assert tags["embedded-cloud"] == "capacity record: there is no virtual machine"


def test_scaling_in_ends_instances(fleet: Fleet) -> None:
    fleet.want(2)
    fleet.until_serving(2)
    fleet.want(1)
    (left,) = fleet.until_serving(1)
    newest = fleet.activities()[0]
    assert newest["Description"].startswith("Terminating EC2 instance: i-")
    assert "shrinking the capacity from 2 to 1." in newest["Cause"]
    gone = newest["Description"].rpartition(" ")[2]
    assert gone != left
    state = fleet.place.ec2.describe_instances(InstanceIds=[gone])["Reservations"][0]["Instances"][0]["State"]
    assert state["Name"] == "terminated"


def test_an_instance_ended_by_hand_is_replaced(fleet: Fleet) -> None:
    fleet.want(1)
    (first,) = fleet.until_serving(1)
    fleet.place.ec2.terminate_instances(InstanceIds=[first])
    second = until(lambda: [one for one in fleet.members() if one != first], 20)
    assert second
    causes = [one["Cause"] for one in fleet.activities()]
    assert any("an EC2 health check indicating it has been terminated or stopped" in cause for cause in causes)
    assert any("in response to an unhealthy instance needing to be replaced" in cause for cause in causes)


def test_an_instance_called_unhealthy_is_replaced(fleet: Fleet) -> None:
    fleet.want(1)
    (first,) = fleet.until_serving(1)
    fleet.scaling.set_instance_health(InstanceId=first, HealthStatus="Unhealthy")
    assert until(lambda: [one for one in fleet.members() if one != first], 20)


def test_protection_holds_against_scaling_in(fleet: Fleet) -> None:
    fleet.want(2)
    keep, other = fleet.until_serving(2)
    fleet.scaling.set_instance_protection(
        AutoScalingGroupName=fleet.name, InstanceIds=[keep], ProtectedFromScaleIn=True
    )
    fleet.want(1)
    assert fleet.until_serving(1) == [keep]
    fleet.want(0)
    fleet.scaling.suspend_processes(AutoScalingGroupName=fleet.name, ScalingProcesses=["Terminate"])
    fleet.scaling.set_instance_protection(
        AutoScalingGroupName=fleet.name, InstanceIds=[keep], ProtectedFromScaleIn=False
    )
    assert fleet.group()["SuspendedProcesses"][0]["ProcessName"] == "Terminate"
    assert fleet.members() == [keep]
    fleet.scaling.resume_processes(AutoScalingGroupName=fleet.name)
    assert until(lambda: not fleet.group()["Instances"])
    assert other


def test_one_instance_is_taken_out_with_or_without_a_replacement(fleet: Fleet) -> None:
    fleet.want(1)
    (first,) = fleet.until_serving(1)
    take = fleet.scaling.terminate_instance_in_auto_scaling_group
    answer = take(InstanceId=first, ShouldDecrementDesiredCapacity=False)["Activity"]
    assert answer["Description"] == f"Terminating EC2 instance: {first}"
    second = until(lambda: [one for one in fleet.members() if one != first], 20)
    assert second
    take(InstanceId=second[0], ShouldDecrementDesiredCapacity=True)
    assert fleet.group()["DesiredCapacity"] == 0
    with pytest.raises(ClientError, match="No managed instance found"):
        take(InstanceId="i-0", ShouldDecrementDesiredCapacity=True)


def test_standby_detach_and_attach(fleet: Fleet) -> None:
    fleet.want(1)
    (one,) = fleet.until_serving(1)
    where = {"AutoScalingGroupName": fleet.name, "InstanceIds": [one]}
    fleet.scaling.enter_standby(**where, ShouldDecrementDesiredCapacity=True)
    assert (fleet.members("Standby"), fleet.group()["DesiredCapacity"]) == ([one], 0)
    fleet.scaling.exit_standby(**where)
    assert (fleet.members(), fleet.group()["DesiredCapacity"]) == ([one], 1)
    fleet.scaling.detach_instances(**where, ShouldDecrementDesiredCapacity=True)
    assert fleet.group()["Instances"] == []
    fleet.scaling.attach_instances(**where)
    assert fleet.until_serving(1) == [one]


def test_a_template_that_cannot_launch_any_more_fails_with_the_reason(place: Place) -> None:
    fleet = Fleet(place)
    fleet.create(desired=0)
    place.ec2.create_launch_template_version(
        LaunchTemplateName=fleet.name, LaunchTemplateData={**fleet.data, "ImageId": "ami-00000000000000000"}
    )
    fleet.want(1)
    failed = until(lambda: [one for one in fleet.activities() if one["StatusCode"] == "Failed"])
    assert failed
    assert "The image id '[ami-00000000000000000]' does not exist" in failed[0]["StatusMessage"]
    fleet.delete()
