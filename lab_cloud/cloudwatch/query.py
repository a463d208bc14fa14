"""Questions to metrics: one statistic of one metric, or an expression over others.

The same questions stand in GetMetricData, in alarms and in target tracking policies.

References
----------
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import AwsError
from . import expressions, grammar, statistics
from .expressions import Period, Series
from .metric import MetricId, Sample
from .store import MetricStore

SEARCH = re.compile(r"\s*(SEARCH|SELECT|ANOMALY_DETECTION_BAND|INSIGHT_RULE_METRIC|LAMBDA|DB_PERF_INSIGHTS)\b")


@dataclass(frozen=True)
class Query:
    """One question.

    Parameters
    ----------
    id : str
        Its name within the request.
    metric : MetricId or None
        The metric, unless it is an expression.
    statistic : str
        Of the metric.
    period : int or None
        AWS seconds; an expression may leave it to those that it names.
    expression : str
        Metric math, unless it is a metric.
    label : str
        As a chart shows it.
    returned : bool
        Whether it is part of the answer.
    """

    id: str
    metric: MetricId | None = None
    statistic: str = "Average"
    period: int | None = None
    expression: str = ""
    label: str = ""
    returned: bool = True


def metric_of(given: Mapping[str, Any]) -> MetricId:
    """A metric as requests name it."""
    dimensions = {one["Name"]: one["Value"] for one in given.get("Dimensions") or ()}
    return MetricId.of(given.get("Namespace", ""), given.get("MetricName", ""), dimensions)


def queries_of(given: Sequence[Mapping[str, Any]], code: str = "ValidationError") -> list[Query]:
    """Check the queries of a request.

    Parameters
    ----------
    given : sequence
        As ``MetricDataQueries`` (or ``Metrics`` of an alarm) has them.
    code : str
        The error's code.

    Raises
    ------
    AwsError
        When one is neither a metric nor an expression that can be read, or an id is used twice or not known.
    """
    found: list[Query] = []
    for one in given:
        identity = one.get("Id", "")
        if not re.fullmatch(r"[a-z]\w*", identity):
            raise AwsError(code, f"The value '{identity}' for the parameter Id must start with a lowercase letter.")
        if any(identity == other.id for other in found):
            raise AwsError(code, f"The id '{identity}' must be unique within the request.")
        if ("MetricStat" in one) == ("Expression" in one):
            raise AwsError(code, "Each MetricDataQuery must contain either Expression or MetricStat, and not both.")
        found.append(_query(one, code))
    known = {one.id for one in found}
    for query in found:
        if not query.expression:
            continue
        for name in grammar.ids(_parsed(query.expression, code)):
            if name not in known and name.upper() not in ("REPEAT", "LINEAR"):
                raise AwsError(code, f"Error in expression '{query.id}': Unknown id {name}.")
    return found


def _query(given: Mapping[str, Any], code: str) -> Query:
    stat = given.get("MetricStat")
    common = {"label": given.get("Label", ""), "returned": given.get("ReturnData", True)}
    if stat is None:
        text = given["Expression"]
        if SEARCH.match(text):
            word = text.split("(")[0].split()[0]
            raise AwsError(code, f"{word} is not part of the embedded cloud; name the metrics one by one.")
        _parsed(text, code)
        return Query(given["Id"], expression=text, period=given.get("Period"), **common)
    statistic = stat["Stat"]
    if not statistics.known(statistic):
        raise AwsError(code, f"The value {statistic} for the parameter MetricStat.Stat is not supported.")
    check_period(stat["Period"], code)
    return Query(given["Id"], metric_of(stat["Metric"]), statistic, stat["Period"], **common)


def check_period(period: int, code: str) -> None:
    """Refuse a period that CloudWatch does not have."""
    if period not in (1, 5, 10, 20, 30) and (period < 60 or period % 60):
        raise AwsError(code, f"The period {period} is not valid: it must be 1, 5, 10, 20, 30 or a multiple of 60.")


def _parsed(text: str, code: str) -> grammar.Node:
    try:
        return grammar.parse(text)
    except grammar.BadExpression as bad:
        raise AwsError(code, f"Error in expression '{text}': {bad}.") from bad


@dataclass(frozen=True)
class Answer:
    """What a query gave: values by the number of their period, and the period in AWS seconds."""

    period: int
    values: Series


class Asking:
    """A set of queries, asked of one region's metrics over one time.

    Parameters
    ----------
    store : MetricStore
        What has been measured.
    region : str
        Where.
    queries : sequence of Query
        All that belong together.
    """

    def __init__(self, store: MetricStore, region: str, queries: Sequence[Query]) -> None:
        self._store = store
        self._region = region
        self._queries = {one.id: one for one in queries}
        self.period = max([one.period for one in queries if one.period] or [60])

    def between(self, identity: str, start: float, end: float) -> Answer | list[Answer]:
        """The answer to one query between two real moments (epoch seconds).

        Raises
        ------
        BadExpression
            When an expression cannot be worked out.
        """
        period = self._queries[identity].period or self.period
        first, after = self._store.number(start, period), self._store.after(end, period)
        return self._answer(identity, first, after, period, 0)

    def looking_back(self, identity: str, minute: int, count: int) -> Series:
        """The last whole periods of one query before the end of an AWS minute.

        Parameters
        ----------
        identity : str
            The query.
        minute : int
            AWS seconds; the last period ends here.
        count : int
            How many periods.

        Returns
        -------
        dict of int to float
            Values by age: 0 is the newest period; without those that have none.
        """
        period = self._queries[identity].period or self.period
        last = minute // period - 1
        found = self._answer(identity, last - count + 1, last + 1, period, minute % period)
        if isinstance(found, list):
            raise grammar.BadExpression("An alarm needs one time series")
        return {last - number: value for number, value in found.values.items()}

    def _answer(self, identity: str, first: int, after: int, period: int, offset: int) -> Answer | list[Answer]:
        metrics: dict[str, Series] = {}
        for query in self._queries.values():
            if query.metric is not None:
                found = self._store.read(self._region, query.metric, first, after, period, offset)
                metrics[query.id] = _values(found, query.statistic)
        made = self._value(identity, dict(metrics), metrics, Period(period, first, after), ())
        if isinstance(made, list):
            return [Answer(period, one) for one in made]
        if isinstance(made, float):
            made = dict.fromkeys(range(first, after), made)
        return Answer(period, made)

    def _value(
        self,
        identity: str,
        known: dict[str, Any],
        metrics: Mapping[str, Series],
        period: Period,
        above: tuple[str, ...],
    ) -> Any:
        if identity in known:
            return known[identity]
        if identity in above:
            raise grammar.BadExpression(f"The expression {identity} leads back to itself")
        node = grammar.parse(self._queries[identity].expression)
        for name in grammar.ids(node):
            if name in self._queries:
                self._value(name, known, metrics, period, (*above, identity))
        known[identity] = expressions.evaluate(node, known, metrics, period)
        return known[identity]


def _values(samples: Mapping[int, Sample], statistic: str) -> Series:
    found = {number: statistics.value(sample, statistic) for number, sample in samples.items()}
    return {number: one for number, one in found.items() if one is not None}
