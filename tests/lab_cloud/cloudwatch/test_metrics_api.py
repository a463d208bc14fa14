"""CloudWatch's metrics through boto3, in each protocol that clients speak."""

import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.stage import RunningCloud
from tests.waiting import until


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def last_minutes(**more: Any) -> dict[str, Any]:
    later = now() + datetime.timedelta(seconds=5)
    return {"StartTime": later - datetime.timedelta(seconds=60), "EndTime": later, **more}


@pytest.fixture
def depth(cloud: RunningCloud) -> str:
    """A namespace of its own with one metric of three values."""
    namespace = cloud.name("mine")
    data = [{"MetricName": "depth", "Dimensions": [{"Name": "q", "Value": "a"}], "Values": [1.0, 2.0, 9.0]}]
    cloud.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)
    return namespace


def test_own_data_comes_back(cloud: RunningCloud, depth: str) -> None:
    watch = cloud.client("cloudwatch")
    found = watch.list_metrics(Namespace=depth)["Metrics"]
    assert found == [{"Namespace": depth, "MetricName": "depth", "Dimensions": [{"Name": "q", "Value": "a"}]}]
    points = watch.get_metric_statistics(
        Namespace=depth,
        MetricName="depth",
        Dimensions=found[0]["Dimensions"],
        Period=60,
        Statistics=["Average", "Maximum", "SampleCount"],
        ExtendedStatistics=["p50"],
        **last_minutes(),
    )["Datapoints"]
    assert len(points) == 1
    assert (points[0]["Average"], points[0]["Maximum"], points[0]["SampleCount"]) == (4.0, 9.0, 3.0)
    assert points[0]["ExtendedStatistics"] == {"p50": 2.0}
    assert now() - points[0]["Timestamp"] < datetime.timedelta(seconds=60)


def test_metric_math(cloud: RunningCloud, depth: str) -> None:
    metric = {"Namespace": depth, "MetricName": "depth", "Dimensions": [{"Name": "q", "Value": "a"}]}
    queries = [
        {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False},
        {"Id": "double", "Expression": "m1 * 2", "Label": "twice"},
        {"Id": "quiet", "Expression": "FILL(m1, 0)"},
    ]
    found = cloud.client("cloudwatch").get_metric_data(MetricDataQueries=queries, **last_minutes())
    double, quiet = found["MetricDataResults"]
    assert (double["Id"], double["Label"], double["Values"]) == ("double", "twice", [24.0])
    assert sorted(quiet["Values"])[-1] == 12.0
    assert len(quiet["Values"]) >= 60  # one point for each shortened minute


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"Namespace": "AWS/ECS", "MetricData": [{"MetricName": "a", "Value": 1.0}]}, "InvalidParameterValue"),
        ({"Namespace": "n", "MetricData": [{"MetricName": "a"}]}, "MissingParameter"),
        (
            {"Namespace": "n", "MetricData": [{"MetricName": "a", "Value": 1.0, "Values": [1.0]}]},
            "InvalidParameterCombination",
        ),
        (
            {"Namespace": "n", "MetricData": [{"MetricName": "a", "Values": [1.0], "Counts": [1.0, 2.0]}]},
            "InvalidParameterValue",
        ),
        (
            {
                "Namespace": "n",
                "MetricData": [{"MetricName": "a", "Value": 1.0, "Timestamp": datetime.datetime(2020, 1, 1)}],
            },
            "InvalidParameterValue",
        ),
    ],
)
def test_bad_data_is_refused_whole(cloud: RunningCloud, bad: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        cloud.client("cloudwatch").put_metric_data(**bad)
    assert refused.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("queries", "words"),
    [
        ([{"Id": "M1", "Expression": "1"}], "lowercase"),
        ([{"Id": "e", "Expression": "m9 + 1"}], "Unknown id m9"),
        ([{"Id": "e", "Expression": "1 +"}], "ends too early"),
        ([{"Id": "e", "Expression": "SEARCH('{n,d} m', 'Sum')"}], "SEARCH is not part"),
        ([{"Id": "e", "Expression": "e"}], "leads back"),
        ([{"Id": "a", "Expression": "1"}, {"Id": "a", "Expression": "1"}], "unique"),
        ([{"Id": "a"}], "either Expression or MetricStat"),
    ],
)
def test_bad_queries(cloud: RunningCloud, queries: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(ClientError, match=words) as refused:
        cloud.client("cloudwatch").get_metric_data(MetricDataQueries=queries, **last_minutes())
    assert refused.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Period": 90}, "InvalidParameterValue"),
        ({"Statistics": None}, "InvalidParameterCombination"),
        ({"ExtendedStatistics": ["pp"]}, "InvalidParameterValue"),
        ({"StartTime": now(), "EndTime": now() - datetime.timedelta(hours=1)}, "InvalidParameterValue"),
        ({"StartTime": now() - datetime.timedelta(days=3), "EndTime": now()}, "InvalidParameterCombination"),
    ],
)
def test_bad_statistics(cloud: RunningCloud, changes: dict[str, Any], code: str) -> None:
    params = {"Namespace": "n", "MetricName": "m", "Period": 60, "Statistics": ["Sum"], **last_minutes(), **changes}
    with pytest.raises(ClientError) as refused:
        cloud.client("cloudwatch").get_metric_statistics(**{name: one for name, one in params.items() if one})
    assert refused.value.response["Error"]["Code"] == code


def test_a_running_service_is_measured(cloud: RunningCloud) -> None:
    from tests.stage import Place

    place = Place(cloud)
    service = place.serve(place.definition(), 1)
    dimensions = [{"Name": "ClusterName", "Value": place.name}, {"Name": "ServiceName", "Value": service}]

    def measured(name: str) -> list[float]:
        found = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/ECS", MetricName=name, Dimensions=dimensions, Period=60, Statistics=["Average"],
            **last_minutes(),
        )  # fmt: skip
        return [point["Average"] for point in found["Datapoints"]]

    until(lambda: measured("CPUUtilization"))
    assert all(0 <= value <= 100 for value in measured("CPUUtilization"))
    memory = measured("MemoryUtilization")
    assert all(0 < value < 100 for value in memory)
