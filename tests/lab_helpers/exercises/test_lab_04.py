"""Each exercise of lab 04: untouched, wrong, right. The tests share one cloud and go in the order of the lab."""

from collections.abc import Iterator
from typing import Any

import pytest

from lab_helpers import Lab
from lab_helpers.replay import replay
from tests.lab_helpers.exercises.clouds import begun, said, solve, wait_done

WHERE = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/DemoCluster/shop",
    "ScalableDimension": "ecs:service:DesiredCount",
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with begun(4) as lab:
        replay(lab)
        yield lab


@pytest.fixture(scope="module")
def scaling(lab: Lab) -> Any:
    return lab.client("application-autoscaling")


def test_04a_untouched(lab: Lab) -> None:
    assert said(lab, "04a")[0] == "not attempted"


def test_04a_one_bound_is_not_enough(lab: Lab, scaling: Any) -> None:
    scaling.register_scalable_target(**WHERE, MaxCapacity=8)
    kind, words = said(lab, "04a")
    assert kind == "not yet"
    assert "a minimum of 2: it is 1" in words


def test_04a_right(lab: Lab) -> None:
    solve(lab, "04a")
    wait_done(lab, "04a")


def test_04b_untouched(lab: Lab) -> None:
    assert said(lab, "04b")[0] == "not attempted"


def test_04b_a_second_policy_is_told(lab: Lab, scaling: Any) -> None:
    specification = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    scaling.put_scaling_policy(
        **WHERE,
        PolicyName="second",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 50, "PredefinedMetricSpecification": specification},
    )
    kind, words = said(lab, "04b")
    assert kind == "not yet"
    assert "there is also second" in words
    assert "600 seconds after a scale-in: it is 300" in words
    scaling.delete_scaling_policy(**WHERE, PolicyName="second")


def test_04b_right(lab: Lab) -> None:
    solve(lab, "04b")
    assert said(lab, "04b")[0] == "done"


def test_04c_untouched(lab: Lab) -> None:
    assert said(lab, "04c")[0] == "not attempted"


def test_04c_the_zone_the_time_and_the_days_are_part_of_it(lab: Lab, scaling: Any) -> None:
    scaling.put_scheduled_action(
        **WHERE,
        ScheduledActionName="open",
        Schedule="cron(0 8 * * ? *)",
        ScalableTargetAction={"MinCapacity": 2},
    )
    kind, words = said(lab, "04c")
    assert kind == "not yet"
    for part in ("it fires at 08:00", "it says ?", "it is UTC", "the minimum 3: it is 2", "called close"):
        assert part in words


def test_04c_right(lab: Lab) -> None:
    solve(lab, "04c")
    assert said(lab, "04c")[0] == "done"


def alarm(lab: Lab, service: str, threshold: float = 80) -> None:
    lab.client("cloudwatch").put_metric_alarm(
        AlarmName="shop-repair",
        Namespace="AWS/ECS",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "ClusterName", "Value": "DemoCluster"}, {"Name": "ServiceName", "Value": service}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=3,
        Threshold=threshold,
        ComparisonOperator="GreaterThanThreshold",
    )


def test_04d_untouched(lab: Lab) -> None:
    assert "Run the cell above" in said(lab, "04d")[1]
    alarm(lab, "DemoCluster/shop")
    assert said(lab, "04d")[0] == "not attempted"


def test_04d_another_wrong_name_and_another_threshold_are_told(lab: Lab) -> None:
    alarm(lab, "web", 50)
    kind, words = said(lab, "04d")
    assert kind == "not yet"
    assert "the dimensions of the service shop" in words
    assert "above 80" in words


def test_04d_right(lab: Lab) -> None:
    solve(lab, "04d")
    wait_done(lab, "04d")


def test_nothing_is_left_afterwards(lab: Lab, scaling: Any) -> None:
    kinds = {thing.kind for thing in lab.teardown().things}
    assert {"scalable target", "alarm", "service", "load balancer"} <= kinds
    assert scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []
    assert lab.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    for exercise in ("04a", "04b", "04c", "04d"):
        assert said(lab, exercise)[0] == "not attempted"
