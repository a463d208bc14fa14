"""Operations on alarms.

References
----------
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

import datetime
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..paging import page
from ..wire import Call
from . import statistics
from .alarm import COMPARISONS, Alarm, Rule
from .alarm_reconciler import Alarms
from .alarm_store import AlarmStore, Happening
from .metric import MetricId
from .query import Query, check_period, metric_of, queries_of

MOST_SECONDS = 86400
"""An alarm looks back a day at most; a week when its period is an hour or more."""
MISSING = ("missing", "ignore", "breaching", "notBreaching")
SHOWN = (
    *("AlarmDescription", "OKActions", "AlarmActions", "InsufficientDataActions", "MetricName", "Namespace"),
    *("Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit", "EvaluationPeriods", "DatapointsToAlarm"),
    *("Threshold", "ComparisonOperator", "TreatMissingData", "EvaluateLowSampleCountPercentile", "Metrics"),
    "ThresholdMetricId",
)


class AlarmOperations:
    """PutMetricAlarm, DescribeAlarms and what belongs to them."""

    _clock: Clock
    _alarms: AlarmStore
    _reconciler: Alarms

    def put_metric_alarm(self, call: Call, params: dict[str, Any]) -> None:
        """Make an alarm, or change one; a changed one keeps its state."""
        name = params["AlarmName"]
        rule, queries, watched = _rule(params)
        settings = {key: params[key] for key in SHOWN if key in params}
        for key in ("OKActions", "AlarmActions", "InsufficientDataActions", "Dimensions"):
            settings.setdefault(key, [])
        now = self._clock.now()
        alarms = self._alarms.region(call.region)
        old = alarms.get(name)
        arn = f"arn:aws:cloudwatch:{call.region}:{call.account}:alarm:{name}"
        made = Alarm(name, arn, call.region, rule, queries, watched, settings, created=now, changed=now)
        made.enabled = params.get("ActionsEnabled", True)
        made.configured = now
        made.tags = {one["Key"]: one["Value"] for one in params.get("Tags") or ()}
        if old is not None:
            made.created, made.changed, made.tags = old.created, old.changed, old.tags
            made.state, made.reason, made.reason_data = old.state, old.reason, old.reason_data
            made.before = old.before
        alarms[name] = made
        kind = "Updated" if old is not None else "Created"
        summary = f'Alarm "{name}" {kind.lower()}'
        data = {"version": "1.0", "type": "Update" if old is not None else "Create"}
        self._alarms.note(call.region, Happening(name, now, "ConfigurationUpdate", summary, data))

    def describe_alarms(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The alarms, by name, prefix, state or action."""
        names, prefix = params.get("AlarmNames"), params.get("AlarmNamePrefix")
        if names and prefix:
            raise AwsError("ValidationError", "AlarmNames and AlarmNamePrefix are mutually exclusive.")
        kinds = params.get("AlarmTypes") or ["MetricAlarm"]
        found = [
            alarm
            for alarm in sorted(self._alarms.region(call.region).values(), key=lambda one: one.name)
            if (not names or alarm.name in names)
            and alarm.name.startswith(prefix or "")
            and params.get("StateValue") in (None, alarm.state)
            and any(arn.startswith(params.get("ActionPrefix", "")) for arn in [*_all_actions(alarm), ""])
        ]
        if params.get("ActionPrefix"):
            wanted = params["ActionPrefix"]
            found = [alarm for alarm in found if any(arn.startswith(wanted) for arn in _all_actions(alarm))]
        if "MetricAlarm" not in kinds:
            found = []
        shown, token = page(found, params.get("NextToken"), params.get("MaxRecords", 50), "InvalidNextToken")
        return {"MetricAlarms": [_describe(one) for one in shown], "CompositeAlarms": [], "NextToken": token}

    def describe_alarms_for_metric(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The alarms that watch one metric."""
        metric = metric_of(params)
        statistic = params.get("Statistic") or params.get("ExtendedStatistic")
        found = [
            alarm
            for alarm in self._alarms.region(call.region).values()
            if _watches(alarm, metric, statistic) and params.get("Period") in (None, alarm.settings.get("Period"))
        ]
        return {"MetricAlarms": [_describe(one) for one in sorted(found, key=lambda one: one.name)]}

    def describe_alarm_history(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """What has happened to alarms, newest first."""
        start, end = params.get("StartDate"), params.get("EndDate")
        found = [
            one
            for one in self._alarms.history.get(call.region, ())
            if params.get("AlarmName") in (None, one.alarm)
            and params.get("HistoryItemType") in (None, one.kind)
            and (start is None or one.when >= _seconds(start))
            and (end is None or one.when <= _seconds(end))
        ]
        if params.get("ScanBy") == "TimestampAscending":
            found.reverse()
        shown, token = page(found, params.get("NextToken"), params.get("MaxRecords", 50), "InvalidNextToken")
        return {"AlarmHistoryItems": [one.describe(_moment(one.when)) for one in shown], "NextToken": token}

    def delete_alarms(self, call: Call, params: dict[str, Any]) -> None:
        """Delete alarms; all of them or none."""
        alarms = self._alarms.region(call.region)
        for name in params["AlarmNames"]:
            alarms.pop(name, None)

    def set_alarm_state(self, call: Call, params: dict[str, Any]) -> None:
        """Put an alarm into a state until it is evaluated next; its actions happen."""
        alarm = self._alarms.region(call.region).get(params["AlarmName"])
        if alarm is None:
            raise AwsError("ResourceNotFound", f"There is no alarm named {params['AlarmName']}.", status=404)
        self._reconciler.enter(alarm, params["StateValue"], params["StateReason"], {}, self._clock.now())

    def enable_alarm_actions(self, call: Call, params: dict[str, Any]) -> None:
        """Let alarms act again."""
        self._switch(call, params, on=True)

    def disable_alarm_actions(self, call: Call, params: dict[str, Any]) -> None:
        """Let alarms change their state without acting."""
        self._switch(call, params, on=False)

    def _switch(self, call: Call, params: dict[str, Any], *, on: bool) -> None:
        for name in params["AlarmNames"]:
            alarm = self._alarms.region(call.region).get(name)
            if alarm is not None:
                alarm.enabled = on

    def tag_resource(self, call: Call, params: dict[str, Any]) -> None:
        """Add tags to an alarm."""
        tags = self._by_arn(call, params).tags
        tags |= {one["Key"]: one["Value"] for one in params["Tags"]}

    def untag_resource(self, call: Call, params: dict[str, Any]) -> None:
        """Take tags from an alarm."""
        tags = self._by_arn(call, params).tags
        for key in params["TagKeys"]:
            tags.pop(key, None)

    def list_tags_for_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The tags of an alarm."""
        return {"Tags": [{"Key": key, "Value": value} for key, value in self._by_arn(call, params).tags.items()]}

    def _by_arn(self, call: Call, params: dict[str, Any]) -> Alarm:
        found = [one for one in self._alarms.region(call.region).values() if one.arn == params["ResourceARN"]]
        if not found:
            raise AwsError("ResourceNotFoundException", f"There is no resource {params['ResourceARN']}.", status=404)
        return found[0]


def _rule(params: dict[str, Any]) -> tuple[Rule, tuple[Query, ...], str]:
    queries, watched = _watched(params)
    comparison = params["ComparisonOperator"]
    if comparison not in COMPARISONS:
        raise AwsError(
            "ValidationError", f"{comparison} needs anomaly detection, which the embedded cloud does not have."
        )
    if params.get("Threshold") is None:
        raise AwsError("ValidationError", "Threshold is required for this alarm.")
    missing = params.get("TreatMissingData", "missing")
    if missing not in MISSING:
        raise AwsError(
            "ValidationError", f"Option {missing} is not supported for TreatMissingData: {', '.join(MISSING)}."
        )
    periods = params["EvaluationPeriods"]
    needed = params.get("DatapointsToAlarm", periods)
    if needed > periods:
        raise AwsError("ValidationError", "DatapointsToAlarm must not be greater than EvaluationPeriods.")
    longest = max(query.period or 60 for query in queries)
    if periods * longest > MOST_SECONDS * (7 if longest >= 3600 else 1):
        raise AwsError(
            "ValidationError", "Metrics cannot be checked across more than a day (EvaluationPeriods * Period)."
        )
    return Rule(comparison, float(params["Threshold"]), periods, needed, missing), queries, watched


def _watched(params: dict[str, Any]) -> tuple[tuple[Query, ...], str]:
    """The queries of an alarm, and the id of the one that is compared."""
    if params.get("Metrics"):
        both = [name for name in ("MetricName", "Namespace", "Period", "Statistic", "Dimensions") if params.get(name)]
        if both:
            raise AwsError("ValidationError", f"{both[0]} must not be given together with Metrics.")
        queries = queries_of(params["Metrics"])
        returned = [query for query in queries if query.returned]
        if len(returned) != 1:
            raise AwsError("ValidationError", "Exactly one element of the metrics list should return data.")
        return tuple(queries), returned[0].id
    for name in ("MetricName", "Namespace", "Period"):
        if params.get(name) is None:
            raise AwsError("ValidationError", f"{name} is required for an alarm on a metric.")
    statistic = params.get("Statistic") or params.get("ExtendedStatistic")
    if statistic is None or (params.get("Statistic") and params.get("ExtendedStatistic")):
        raise AwsError("ValidationError", "Must specify either Statistic or ExtendedStatistic.")
    if not statistics.known(statistic):
        raise AwsError("ValidationError", f"The value {statistic} for parameter ExtendedStatistic is invalid.")
    check_period(params["Period"], "ValidationError")
    return (Query("m1", metric_of(params), statistic, params["Period"]),), "m1"


def _all_actions(alarm: Alarm) -> list[str]:
    return [arn for name in ("OKActions", "AlarmActions", "InsufficientDataActions") for arn in alarm.settings[name]]


def _watches(alarm: Alarm, metric: MetricId, statistic: str | None) -> bool:
    return any(query.metric == metric and statistic in (None, query.statistic) for query in alarm.queries)


def _describe(alarm: Alarm) -> dict[str, Any]:
    return {
        "AlarmName": alarm.name,
        "AlarmArn": alarm.arn,
        "ActionsEnabled": alarm.enabled,
        "AlarmConfigurationUpdatedTimestamp": _moment(alarm.configured),
        "StateValue": alarm.state,
        "StateReason": alarm.reason,
        "StateReasonData": alarm.reason_data or None,
        "StateUpdatedTimestamp": _moment(alarm.changed),
        "StateTransitionedTimestamp": _moment(alarm.changed),
        **alarm.settings,
    }


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _seconds(given: Any) -> float:
    return given.timestamp() if isinstance(given, datetime.datetime) else float(given)
