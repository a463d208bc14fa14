from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.stage import RunningCloud
from tests.waiting import until

BASE: dict[str, Any] = {
    "MetricName": "depth",
    "Namespace": "mine",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 2,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


def refused(cloud: RunningCloud, **changes: Any) -> str:
    params = {"AlarmName": "bad", **BASE, **changes}
    with pytest.raises(ClientError) as error:
        cloud.client("cloudwatch").put_metric_alarm(**{key: one for key, one in params.items() if one is not None})
    assert error.value.response["Error"]["Code"] == "ValidationError"
    return str(error.value)


def test_an_alarm_goes_off_and_its_history_says_so(cloud: RunningCloud) -> None:
    watch, name = cloud.client("cloudwatch"), cloud.name("alarm")
    watch.put_metric_alarm(AlarmName=name, AlarmDescription="deep", **{**BASE, "Namespace": name})

    def state() -> str:
        watch.put_metric_data(Namespace=name, MetricData=[{"MetricName": "depth", "Value": 9.0}])
        return str(watch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"])

    until(lambda: state() == "ALARM")
    shown = watch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    assert shown["StateReason"].startswith("Threshold Crossed: 2 out of the last 2 datapoints [9 (")
    assert (shown["AlarmDescription"], shown["Threshold"], shown["Dimensions"]) == ("deep", 5.0, [])
    history = watch.describe_alarm_history(AlarmName=name)["AlarmHistoryItems"]
    assert history[0]["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    assert history[-1]["HistorySummary"] == f'Alarm "{name}" created'
    found = watch.describe_alarms_for_metric(MetricName="depth", Namespace=name)["MetricAlarms"]
    assert [one["AlarmName"] for one in found] == [name]


def test_alarms_are_found_tagged_switched_and_deleted(cloud: RunningCloud) -> None:
    watch, name = cloud.client("cloudwatch"), cloud.name("alarm")
    watch.put_metric_alarm(AlarmName=name, **BASE, Tags=[{"Key": "a", "Value": "1"}])
    arn = watch.describe_alarms(AlarmNamePrefix=name)["MetricAlarms"][0]["AlarmArn"]
    watch.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    watch.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert watch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    watch.disable_alarm_actions(AlarmNames=[name])
    assert not watch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["ActionsEnabled"]
    watch.enable_alarm_actions(AlarmNames=[name])
    assert watch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["ActionsEnabled"]
    assert watch.describe_alarms(AlarmNames=[name], ActionPrefix="arn:aws:sns")["MetricAlarms"] == []
    assert watch.describe_alarms(AlarmTypes=["CompositeAlarm"])["MetricAlarms"] == []
    watch.delete_alarms(AlarmNames=[name, "not-there"])
    assert watch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


def test_a_state_that_is_set_holds_until_the_next_evaluation(cloud: RunningCloud) -> None:
    watch, name = cloud.client("cloudwatch"), cloud.name("alarm")
    watch.put_metric_alarm(AlarmName=name, **BASE)
    watch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    kinds = [one["HistorySummary"] for one in watch.describe_alarm_history(AlarmName=name)["AlarmHistoryItems"]]
    assert "Alarm updated from INSUFFICIENT_DATA to ALARM" in kinds
    until(lambda: watch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"] == "INSUFFICIENT_DATA")


def test_many_alarms_come_in_pages(cloud: RunningCloud) -> None:
    watch, stem = cloud.client("cloudwatch"), cloud.name("many")
    for number in range(5):
        watch.put_metric_alarm(AlarmName=f"{stem}-{number}", **BASE)
    pages = watch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=stem, PaginationConfig={"PageSize": 2})
    assert [len(page["MetricAlarms"]) for page in pages] == [2, 2, 1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"DatapointsToAlarm": 3}, "DatapointsToAlarm"),
        ({"TreatMissingData": "maybe"}, "maybe is not supported"),
        ({"Period": 70}, "not valid"),
        ({"Statistic": None}, "either Statistic or ExtendedStatistic"),
        ({"Statistic": None, "ExtendedStatistic": "p101"}, "p101"),
        ({"Threshold": None}, "Threshold is required"),
        ({"MetricName": None}, "MetricName is required"),
        ({"EvaluationPeriods": 2000}, "more than a day"),
        ({"ComparisonOperator": "LessThanLowerThreshold"}, "anomaly detection"),
        ({"Metrics": [{"Id": "a", "Expression": "1"}]}, "together with Metrics"),
    ],
)
def test_bad_alarms(cloud: RunningCloud, changes: dict[str, Any], words: str) -> None:
    assert words in refused(cloud, **changes)


def test_an_alarm_that_is_not_there(cloud: RunningCloud) -> None:
    watch = cloud.client("cloudwatch")
    with pytest.raises(watch.exceptions.ResourceNotFound):
        watch.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="x")


def test_what_the_cloud_does_not_have_refuses_as_aws_would(cloud: RunningCloud) -> None:
    with pytest.raises(ClientError) as error:
        cloud.client("cloudwatch").list_metric_streams()
    assert error.value.response["Error"]["Code"] == "UnsupportedOperation"
