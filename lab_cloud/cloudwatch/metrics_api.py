"""Operations on metrics.

References
----------
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/Welcome.html
"""

import datetime
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..paging import page
from ..wire import Call
from . import statistics
from .grammar import BadExpression
from .metric import MINUTE, MetricId, Sample
from .query import Answer, Asking, check_period, metric_of, queries_of
from .store import MetricStore, matches

MOST_POINTS = 1440
LISTED = 500
AGES = {"past": 14 * 86400.0, "future": 2 * 3600.0}


class MetricOperations:
    """PutMetricData, GetMetricData, GetMetricStatistics, ListMetrics."""

    _clock: Clock
    _metrics: MetricStore

    def put_metric_data(self, call: Call, params: dict[str, Any]) -> None:
        """Take a learner's own data in."""
        namespace = params["Namespace"]
        if namespace.startswith("AWS/"):
            raise AwsError(
                "InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid: it belongs to AWS."
            )
        now = self._clock.now()
        data = [*params.get("MetricData", ())]
        for entity in params.get("EntityMetricData", ()):
            data += entity.get("MetricData", ())
        made = [(*self._datum(one, place, now), one) for place, one in enumerate(data, 1)]
        for sample, moment, one in made:
            metric = metric_of({"Namespace": namespace, **one})
            resolution = 1 if one.get("StorageResolution") == 1 else MINUTE
            unit = one.get("Unit", "None")
            self._metrics.put(call.region, metric, sample, moment, unit=unit, resolution=resolution)

    def _datum(self, given: dict[str, Any], place: int, now: float) -> tuple[Sample, float]:
        where = f"MetricData.member.{place}"
        kinds = [name for name in ("Value", "Values", "StatisticValues") if given.get(name) is not None]
        if not kinds:
            raise AwsError(
                "MissingParameter",
                f"At least one of the parameters {where}.Value, Values or StatisticValues is needed.",
            )
        if len(kinds) > 1:
            raise AwsError(
                "InvalidParameterCombination",
                f"The parameters {where}.{kinds[0]} and {kinds[1]} are mutually exclusive.",
            )
        moment = _epoch(given.get("Timestamp"), now)
        if not now - AGES["past"] <= moment <= now + AGES["future"]:
            raise AwsError(
                "InvalidParameterValue",
                f"The parameter {where}.Timestamp must specify a time no more than two weeks in the past, "
                "and no more than two hours in the future.",
            )
        if kinds == ["StatisticValues"]:
            known = given["StatisticValues"]
            sample = Sample(known["SampleCount"], known["Sum"], known["Minimum"], known["Maximum"])
            return sample, moment
        values = [given["Value"]] if kinds == ["Value"] else given["Values"]
        counts = given.get("Counts") or [1.0] * len(values)
        if len(counts) != len(values):
            raise AwsError(
                "InvalidParameterValue", f"The parameters {where}.Values and {where}.Counts must be of the same size."
            )
        return Sample.of(zip(map(float, values), map(float, counts), strict=True)), moment

    def get_metric_statistics(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Statistics of one metric."""
        period = params["Period"]
        check_period(period, "InvalidParameterValue")
        simple, extended = params.get("Statistics") or [], params.get("ExtendedStatistics") or []
        if not simple and not extended:
            raise AwsError("InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics.")
        for name in extended:
            if not statistics.known(name):
                raise AwsError(
                    "InvalidParameterValue", f"The value {name} for parameter ExtendedStatistics is invalid."
                )
        start, end = _span(params, "InvalidParameterValue")
        if (end - start) / period > MOST_POINTS:
            asked = int((end - start) / period)
            raise AwsError(
                "InvalidParameterCombination",
                f"You have requested up to {asked} datapoints, which exceeds the limit of {MOST_POINTS:,}. You may "
                "reduce the datapoints requested by increasing Period, or decreasing the time range.",
            )
        metric = metric_of(params)
        store = self._metrics
        found = store.read(call.region, metric, store.number(start, period), store.after(end, period), period)
        unit = store.unit(call.region, metric)
        if params.get("Unit") not in (None, unit):
            found = {}
        points = []
        for number, sample in sorted(found.items()):
            point: dict[str, Any] = {"Timestamp": _moment(store.moment(number, period)), "Unit": unit}
            point |= {name: statistics.value(sample, name) for name in simple}
            told = {name: statistics.value(sample, name) for name in extended}
            if told:
                point["ExtendedStatistics"] = {name: value for name, value in told.items() if value is not None}
            points.append(point)
        return {"Label": params["MetricName"], "Datapoints": points}

    def get_metric_data(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Many metrics at once, and math over them."""
        queries = queries_of(params["MetricDataQueries"])
        start, end = _span(params, "ValidationError")
        asking = Asking(self._metrics, call.region, queries)
        oldest_first = params.get("ScanBy", "TimestampDescending") == "TimestampAscending"
        results = []
        for query in queries:
            if not query.returned:
                continue
            try:
                found = asking.between(query.id, start, end)
            except BadExpression as bad:
                raise AwsError("ValidationError", f"Error in expression '{query.id}': {bad}.") from bad
            label = query.label or (query.metric.name if query.metric is not None else query.id)
            series = found if isinstance(found, list) else [found]
            results += [{"Id": query.id, "Label": label, **self._series(one, oldest_first)} for one in series]
        return {"MetricDataResults": results, "Messages": []}

    def _series(self, found: Answer, oldest_first: bool) -> dict[str, Any]:
        numbers = sorted(found.values, reverse=not oldest_first)
        return {
            "Timestamps": [_moment(self._metrics.moment(number, found.period)) for number in numbers],
            "Values": [found.values[number] for number in numbers],
            "StatusCode": "Complete",
        }

    def list_metrics(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The metrics that have data."""
        recent = params.get("RecentlyActive") == "PT3H"
        found = [
            metric
            for metric in self._metrics.list(call.region, params.get("Namespace"), params.get("MetricName"), recent)
            if matches(metric, params.get("Dimensions") or ())
        ]
        shown, token = page(found, params.get("NextToken"), LISTED, "InvalidParameterValue")
        return {"Metrics": [describe_metric(one) for one in shown], "NextToken": token}


def describe_metric(metric: MetricId) -> dict[str, Any]:
    """A metric as answers name it."""
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}


def _span(params: dict[str, Any], code: str) -> tuple[float, float]:
    start, end = _epoch(params["StartTime"], 0.0), _epoch(params["EndTime"], 0.0)
    if start >= end:
        raise AwsError(code, "The parameter StartTime must be less than the parameter EndTime.")
    return start, end


def _epoch(given: Any, otherwise: float) -> float:
    """Epoch seconds of a moment in a request, in whichever protocol it came."""
    if given is None:
        return otherwise
    if isinstance(given, datetime.datetime):
        return given.timestamp()
    if isinstance(given, (int, float)):
        return float(given)
    try:
        return datetime.datetime.fromisoformat(str(given)).timestamp()
    except ValueError:
        raise AwsError("InvalidParameterValue", f"The value {given} is not a time.") from None


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
