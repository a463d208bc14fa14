"""Tells SNS topics of alarms, in the words of CloudWatch's own notifications.

References
----------
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
"""

import datetime
import json
from typing import Any

from ..wire import moto_topics
from .alarm import Alarm

TOPICS = r"arn:aws:sns:"
PLACES = {"us-east-1": "US East (N. Virginia)"}
COPIED = ("Period", "EvaluationPeriods", "DatapointsToAlarm", "ComparisonOperator", "Threshold")


def tell(alarm: Alarm, arn: str, now: float) -> str:
    """Publish that an alarm has entered a state; why that failed, or an empty text."""
    place = PLACES.get(alarm.region, alarm.region)
    message = json.dumps(notification(alarm, now, place), separators=(",", ":"))
    return moto_topics.publish(arn, f'{alarm.state}: "{alarm.name}" in {place}', message)


def notification(alarm: Alarm, now: float, place: str) -> dict[str, Any]:
    """What the message says.

    Parameters
    ----------
    alarm : Alarm
        The alarm in its new state.
    now : float
        Epoch seconds.
    place : str
        The region in words.
    """
    given = alarm.settings
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": given.get("AlarmDescription"),
        "AWSAccountId": alarm.arn.split(":")[4],
        "AlarmConfigurationUpdatedTimestamp": _moment(alarm.configured),
        "NewStateValue": alarm.state,
        "NewStateReason": alarm.reason,
        "StateChangeTime": _moment(now),
        "Region": place,
        "AlarmArn": alarm.arn,
        "OldStateValue": alarm.before,
        **{name: given[name] for name in ("OKActions", "AlarmActions", "InsufficientDataActions")},
        "Trigger": _trigger(alarm),
    }


def _trigger(alarm: Alarm) -> dict[str, Any]:
    given = alarm.settings
    shown: dict[str, Any] = {name: given[name] for name in COPIED if name in given}
    shown["TreatMissingData"] = given.get("TreatMissingData", "missing")
    shown["EvaluateLowSampleCountPercentile"] = given.get("EvaluateLowSampleCountPercentile", "")
    if given.get("Metrics"):
        return {**shown, "Metrics": given["Metrics"]}
    extended = given.get("ExtendedStatistic")
    statistic = {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": extended}
    if not extended:
        statistic = {"StatisticType": "Statistic", "Statistic": _capitals(given["Statistic"])}
    return {
        "MetricName": given["MetricName"],
        "Namespace": given["Namespace"],
        **statistic,
        "Unit": given.get("Unit"),
        "Dimensions": [{"value": one["Value"], "name": one["Name"]} for one in given["Dimensions"]],
        **shown,
    }


def _capitals(statistic: str) -> str:
    return {"SampleCount": "SAMPLE_COUNT"}.get(statistic, statistic.upper())


def _moment(seconds: float) -> str:
    shown = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return f"{shown:%Y-%m-%dT%H:%M:%S}.{shown.microsecond // 1000:03d}+0000"
