"""Metric math, worked out over time series. Pure.

A time series is a dict from the number of a period to a value; a scalar is a number; METRICS() is a list of series.
Arithmetic between two series keeps the moments that both have, as CloudWatch does.

References
----------
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import math
import operator
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .grammar import BadExpression, Node

Series = dict[int, float]
Value = Any
"""float, Series or list of Series; or str, inside a call."""


@dataclass(frozen=True)
class Period:
    """What an expression may ask about its time.

    Parameters
    ----------
    seconds : int
        AWS seconds of a period.
    first, after : int
        Numbers of the periods asked for; `after` is not included.
    """

    seconds: int
    first: int
    after: int


def evaluate(node: Node, known: Mapping[str, Value], metrics: Mapping[str, Series], period: Period) -> Value:
    """Work an expression out.

    Parameters
    ----------
    node : Node
        As `parse` returns it.
    known : mapping
        The values of ids.
    metrics : mapping
        The plain metrics of the request by id, for METRICS().
    period : Period
        The time that is asked for.

    Returns
    -------
    float, Series or list of Series

    Raises
    ------
    BadExpression
        When an id is not known, or a function is used wrongly.
    """
    return _Evaluation(known, metrics, period).value(node)


def _divide(a: float, b: float) -> float:
    return a / b if b else math.nan


def _power(a: float, b: float) -> float:
    try:
        made = a**b
    except (OverflowError, ZeroDivisionError):
        return math.nan
    return made if isinstance(made, float) else math.nan


_SIGNS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "^": _power,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "&&": lambda a, b: bool(a) and bool(b),
    "||": lambda a, b: bool(a) or bool(b),
}
_SIGNS |= {"AND": _SIGNS["&&"], "OR": _SIGNS["||"]}

_OF_EACH: dict[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": math.ceil,
    "FLOOR": math.floor,
    "LOG": lambda one: math.log(one) if one > 0 else math.nan,
    "LOG10": lambda one: math.log10(one) if one > 0 else math.nan,
}
_OF_ALL: dict[str, Callable[[list[float]], float]] = {
    "SUM": math.fsum,
    "AVG": statistics.fmean,
    "MIN": min,
    "MAX": max,
    "STDDEV": lambda values: statistics.stdev(values) if len(values) > 1 else 0.0,
}


class _Evaluation:
    def __init__(self, known: Mapping[str, Value], metrics: Mapping[str, Series], period: Period) -> None:
        self.known = known
        self.metrics = metrics
        self.period = period

    def value(self, node: Node) -> Value:
        if node.kind == "number":
            return float(node.value)
        if node.kind == "text":
            return node.value
        if node.kind == "list":
            return [self._series(part) for part in node.parts]
        if node.kind == "id":
            if node.value not in self.known:
                raise BadExpression(f"The id {node.value} is not known")
            return self.known[node.value]
        if node.kind == "sign":
            if node.value == "neg":
                return _each(lambda one: -one, self.value(node.parts[0]))
            left, right = (self.value(part) for part in node.parts)
            return _pairs(_SIGNS[node.value], left, right)
        return self._call(node.value, node.parts)

    def _series(self, node: Node) -> Series:
        found = self.value(node)
        if isinstance(found, float):
            return dict.fromkeys(range(self.period.first, self.period.after), found)
        if not isinstance(found, dict):
            raise BadExpression("A time series is needed here")
        return found

    def _call(self, name: str, parts: tuple[Node, ...]) -> Value:
        if name == "METRICS":
            wanted = str(self.value(parts[0])) if parts else ""
            return [series for key, series in self.metrics.items() if wanted in key]
        if name in _OF_EACH:
            return _each(_OF_EACH[name], self._one(name, parts))
        if name in _OF_ALL:
            return _all(_OF_ALL[name], self._one(name, parts))
        special: dict[str, Callable[..., Value]] = {
            "FILL": self._fill, "IF": self._if, "PERIOD": self._period, "RATE": self._rate, "DIFF": self._diff,
            "RUNNING_SUM": self._running_sum, "METRIC_COUNT": self._count, "DATAPOINT_COUNT": self._points,
            "TIME_SERIES": self._time_series, "FIRST": self._first, "LAST": self._last,
        }  # fmt: skip
        if name not in special:
            raise BadExpression(f"The embedded cloud does not have the function {name}")
        try:
            return special[name](*parts)
        except TypeError:
            raise BadExpression(f"{name} does not take {len(parts)} arguments") from None

    def _one(self, name: str, parts: tuple[Node, ...]) -> Value:
        if len(parts) != 1:
            raise BadExpression(f"{name} takes one argument")
        return self.value(parts[0])

    def _fill(self, what: Node, how: Node) -> Value:
        found = self.value(what)
        wanted = how.value.upper() if how.kind == "id" and how.value not in self.known else ""
        with_value = None if wanted else self.value(how)
        if isinstance(found, list):
            return [self._filled(one, wanted, with_value) for one in found]
        return self._filled(found, wanted, with_value)

    def _filled(self, series: Series, how: str, constant: Value) -> Series:
        if not isinstance(series, dict):
            raise BadExpression("FILL needs a time series")
        made: Series = {}
        before: float | None = None
        known = sorted(series)
        for number in range(self.period.first, self.period.after):
            if number in series:
                before = made[number] = series[number]
            elif how == "REPEAT":
                if before is not None:
                    made[number] = before
            elif how == "LINEAR":
                later = next((one for one in known if one > number), None)
                earlier = next((one for one in reversed(known) if one < number), None)
                if later is not None and earlier is not None:
                    part = (number - earlier) / (later - earlier)
                    made[number] = series[earlier] + part * (series[later] - series[earlier])
            elif isinstance(constant, dict):
                if number in constant:
                    made[number] = constant[number]
            elif isinstance(constant, float):
                made[number] = constant
            else:
                raise BadExpression("FILL takes a value, a time series, REPEAT or LINEAR")
        return made

    def _if(self, condition: Node, then: Node, other: Node | None = None) -> Value:
        test, yes = self.value(condition), self.value(then)
        no = self.value(other) if other is not None else None
        if isinstance(test, float):
            chosen = yes if test else no
            return {} if chosen is None else chosen
        made: Series = {}
        for number, truth in test.items():
            chosen = yes if truth else no
            one = chosen.get(number) if isinstance(chosen, dict) else chosen
            if one is not None:
                made[number] = one
        return made

    def _period(self, _of: Node) -> Value:
        return float(self.period.seconds)

    def _rate(self, of: Node) -> Value:
        return {number: one / self.period.seconds for number, one in self._changes(of).items()}

    def _diff(self, of: Node) -> Value:
        return self._changes(of)

    def _changes(self, of: Node) -> Series:
        series = self._series(of)
        return {number: series[number] - series[number - 1] for number in series if number - 1 in series}

    def _running_sum(self, of: Node) -> Value:
        total, made = 0.0, {}
        for number, one in sorted(self._series(of).items()):
            total += one
            made[number] = total
        return made

    def _count(self, of: Node) -> Value:
        found = self.value(of)
        return float(len(found)) if isinstance(found, list) else 1.0

    def _points(self, of: Node) -> Value:
        return float(len(self._series(of)))

    def _time_series(self, of: Node) -> Value:
        return self._series(of)

    def _first(self, of: Node) -> Value:
        return self._end(of, 0)

    def _last(self, of: Node) -> Value:
        return self._end(of, -1)

    def _end(self, of: Node, place: int) -> Value:
        found = self.value(of)
        if not isinstance(found, list) or not found:
            raise BadExpression("FIRST and LAST need several time series")
        return found[place]


def _each(function: Callable[[float], float], value: Value) -> Value:
    if isinstance(value, list):
        return [_each(function, one) for one in value]
    if isinstance(value, dict):
        return _numbers({number: float(function(one)) for number, one in value.items()})
    if isinstance(value, float):
        return float(function(value))
    raise BadExpression("A number or a time series is needed here")


def _pairs(function: Callable[[float, float], float], left: Value, right: Value) -> Value:
    if isinstance(left, str) or isinstance(right, str):
        raise BadExpression("A number or a time series is needed here, not a text")
    if isinstance(left, list):
        return [_pairs(function, one, right) for one in left]
    if isinstance(right, list):
        return [_pairs(function, left, one) for one in right]
    if isinstance(left, dict) and isinstance(right, dict):
        return _numbers({number: float(function(left[number], right[number])) for number in left if number in right})
    if isinstance(left, dict):
        return _each(lambda one: function(one, right), left)
    if isinstance(right, dict):
        return _each(lambda one: function(left, one), right)
    return float(function(left, right))


def _all(function: Callable[[list[float]], float], value: Value) -> Value:
    if isinstance(value, list):  # several series: at each moment, over those that have a value then
        numbers = sorted({number for one in value for number in one})
        return {number: float(function([one[number] for one in value if number in one])) for number in numbers}
    if isinstance(value, dict):  # one series: over all its moments
        return float(function(list(value.values()))) if value else math.nan
    if isinstance(value, float):
        return value
    raise BadExpression("A number or a time series is needed here")


def _numbers(series: Series) -> Series:
    """Without what is no number: CloudWatch drops such points (a division by zero)."""
    return {number: one for number, one in series.items() if math.isfinite(one)}
