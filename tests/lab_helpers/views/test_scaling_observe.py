"""The observer reads a real service: what the chart says is what was measured."""

from collections.abc import Iterator

import pytest

from lab_helpers import Lab
from lab_helpers.replay import replay
from lab_helpers.views.scaling_observe import ScalingObserver
from tests.lab_helpers.exercises.clouds import begun
from tests.waiting import until


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with begun(4) as lab:
        replay(lab)
        yield lab


def observer(lab: Lab, cluster: str = "DemoCluster", service: str = "shop") -> ScalingObserver:
    clients = {name: lab.client(name) for name in ("ecs", "application-autoscaling", "cloudwatch")}
    return ScalingObserver(clients, cluster, service, 60.0)


@pytest.mark.parametrize(("cluster", "service"), [("Nowhere", "shop"), ("DemoCluster", "nothing")])
def test_a_service_that_is_not_there(lab: Lab, cluster: str, service: str) -> None:
    assert observer(lab, cluster, service).read().status == "MISSING"


def test_what_scales_it_is_read(lab: Lab) -> None:
    eye = observer(lab)
    seen = until(lambda: found if (found := eye.read()).metrics[0].points else None)
    assert (seen.desired, seen.least, seen.most, seen.phase) == (1, 1, 5, "steady")
    (metric,) = seen.metrics
    assert (metric.policy, metric.name, metric.aim, metric.tracked) == ("cpu", "CPUUtilization", 40.0, True)
    assert [(one.name, one.rule) for one in seen.watches] == [
        ("AlarmHigh", "AlarmHigh: > 40 for 3 min"),
        ("AlarmLow", "AlarmLow: < 36 for 15 min"),
    ]


def test_counts_are_remembered_as_steps(lab: Lab) -> None:
    eye = observer(lab)
    for _ in range(4):
        eye.read()
    lab.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs", ResourceId="service/DemoCluster/shop",
        ScalableDimension="ecs:service:DesiredCount", MinCapacity=2, MaxCapacity=5,
    )  # fmt: skip
    seen = until(lambda: found if (found := eye.read()).running == 2 else None)
    assert seen.counts[0].desired == 1
    assert seen.counts[-1].desired == 2
    assert seen.happenings[0].why == "Minimum capacity was set to 2."
    until(lambda: eye.read().least == 2)


def test_metric_math_is_shown_by_its_label(lab: Lab) -> None:
    stat = {"Metric": {"Namespace": "mine", "MetricName": "depth"}, "Stat": "Average"}
    lab.client("application-autoscaling").put_scaling_policy(
        ServiceNamespace="ecs", ResourceId="service/DemoCluster/shop", ScalableDimension="ecs:service:DesiredCount",
        PolicyName="backlog", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 5,
            "CustomizedMetricSpecification": {
                "Metrics": [
                    {"Id": "m1", "MetricStat": stat, "ReturnData": False},
                    {"Id": "e1", "Expression": "m1 / 2", "Label": "backlog per task"},
                ]
            },
        },
    )  # fmt: skip
    eye = observer(lab)
    metric = next(one for one in eye.read().metrics if one.policy == "backlog")
    assert (metric.name, metric.statistic, metric.latest) == ("backlog per task", "metric math", None)
    lab.client("cloudwatch").put_metric_data(Namespace="mine", MetricData=[{"MetricName": "depth", "Value": 8}])
    until(lambda: next(one for one in eye.read().metrics if one.policy == "backlog").latest == 4)
