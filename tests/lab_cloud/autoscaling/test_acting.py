"""Policies and schedules of groups, through boto3."""

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fleet import Fleet
from tests.stage import Place
from tests.waiting import until


@pytest.fixture(scope="module")
def fleet(place: Place) -> Iterator[Fleet]:
    made = Fleet(place)
    made.create(desired=1, DefaultInstanceWarmup=0)
    made.until_serving(1)
    yield made
    made.delete()


def put(fleet: Fleet, name: str, **settings: Any) -> dict[str, Any]:
    made: dict[str, Any] = fleet.scaling.put_scaling_policy(
        AutoScalingGroupName=fleet.name, PolicyName=name, **settings
    )
    return made


def test_a_step_policy_acts_when_it_is_executed(fleet: Fleet) -> None:
    steps = [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 2},
    ]
    put(fleet, "steps", PolicyType="StepScaling", AdjustmentType="ChangeInCapacity", StepAdjustments=steps)
    run = {"AutoScalingGroupName": fleet.name, "PolicyName": "steps", "BreachThreshold": 50.0}
    fleet.scaling.execute_policy(**run, MetricValue=65.0)
    assert fleet.group()["DesiredCapacity"] == 3
    fleet.until_serving(3)
    put(fleet, "back", PolicyType="SimpleScaling", AdjustmentType="ExactCapacity", ScalingAdjustment=1, Cooldown=300)
    fleet.scaling.execute_policy(AutoScalingGroupName=fleet.name, PolicyName="back")
    assert fleet.until_serving(1)
    with pytest.raises(ClientError, match="cooldown"):
        fleet.scaling.execute_policy(AutoScalingGroupName=fleet.name, PolicyName="back", HonorCooldown=True)
    assert (
        "a user request executed policy back changing the desired capacity from 3 to 1."
        in (fleet.activities()[0]["Cause"])
    )
    for name in ("steps", "back"):
        fleet.scaling.delete_policy(AutoScalingGroupName=fleet.name, PolicyName=name)


def test_target_tracking_follows_the_metric_that_its_alarms_watch(fleet: Fleet) -> None:
    watch = fleet.cloud.client("cloudwatch")
    metric = {"MetricName": "Load", "Namespace": fleet.name, "Statistic": "Average"}
    configuration = {"CustomizedMetricSpecification": metric, "TargetValue": 50.0, "DisableScaleIn": True}
    made = put(fleet, "track", PolicyType="TargetTrackingScaling", TargetTrackingConfiguration=configuration)
    (alarm,) = made["Alarms"]
    assert alarm["AlarmName"].startswith(f"TargetTracking-{fleet.name}-AlarmHigh-")

    def scaled() -> bool:
        watch.put_metric_data(Namespace=fleet.name, MetricData=[{"MetricName": "Load", "Value": 100.0}])
        return bool(fleet.group()["DesiredCapacity"] == 2)

    assert until(scaled, 20)
    fleet.scaling.delete_policy(AutoScalingGroupName=fleet.name, PolicyName="track")
    found = watch.describe_alarms(AlarmNames=[alarm["AlarmName"]])["MetricAlarms"]
    assert found == []
    newest = next(one for one in fleet.activities() if one["Description"].startswith("Launching"))
    assert "in state ALARM triggered policy track changing the desired capacity from 1 to " in newest["Cause"]
    fleet.want(1)
    fleet.until_serving(1)


def test_a_groups_cpu_is_measured_and_its_sizes_when_asked_for(fleet: Fleet) -> None:
    fleet.scaling.enable_metrics_collection(AutoScalingGroupName=fleet.name, Granularity="1Minute")
    watch = fleet.cloud.client("cloudwatch")

    def measured(namespace: str, name: str) -> list[float]:
        now = datetime.datetime.now(datetime.UTC)
        found = watch.get_metric_statistics(
            Namespace=namespace, MetricName=name, Dimensions=[{"Name": "AutoScalingGroupName", "Value": fleet.name}],
            StartTime=now - datetime.timedelta(minutes=2), EndTime=now, Period=60, Statistics=["Average"],
        )["Datapoints"]  # fmt: skip
        return [one["Average"] for one in found]

    assert 1.0 in (until(lambda: measured("AWS/AutoScaling", "GroupDesiredCapacity")) or [])
    assert 0.0 in (until(lambda: measured("AWS/EC2", "CPUUtilization")) or [])


def test_a_scheduled_action_changes_sizes(fleet: Fleet) -> None:
    put_action = fleet.scaling.put_scheduled_update_group_action
    with pytest.raises(ClientError, match="in the past"):
        put_action(
            AutoScalingGroupName=fleet.name, ScheduledActionName="late",
            StartTime=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), MinSize=1,
        )  # fmt: skip
    with pytest.raises(ClientError, match="is invalid"):
        put_action(AutoScalingGroupName=fleet.name, ScheduledActionName="odd", Recurrence="* *", MinSize=1)
    put_action(
        AutoScalingGroupName=fleet.name, ScheduledActionName="often", Recurrence="*/5 * * * *", MinSize=2, MaxSize=4
    )  # fmt: skip
    found = fleet.scaling.describe_scheduled_actions(AutoScalingGroupName=fleet.name)["ScheduledUpdateGroupActions"]
    assert (found[0]["Recurrence"], found[0]["MinSize"]) == ("*/5 * * * *", 2)
    assert until(lambda: fleet.group()["MinSize"] == 2, 20)
    assert fleet.group()["DesiredCapacity"] == 2
    fleet.scaling.delete_scheduled_action(AutoScalingGroupName=fleet.name, ScheduledActionName="often")
    fleet.scaling.update_auto_scaling_group(AutoScalingGroupName=fleet.name, MinSize=0, MaxSize=5, DesiredCapacity=1)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"PolicyType": "TargetTrackingScaling"}, "TargetTrackingConfiguration"),
        ({"PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity", "StepAdjustments": []}, "at least one"),
        ({"AdjustmentType": "Other", "ScalingAdjustment": 1}, "AdjustmentType"),
        ({"AdjustmentType": "ChangeInCapacity"}, "ScalingAdjustment"),
        ({"PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 1}, "not supported"),
    ],
)
def test_policies_that_are_refused(fleet: Fleet, settings: dict[str, Any], why: str) -> None:
    with pytest.raises(ClientError, match=why):
        put(fleet, "wrong", **settings)
