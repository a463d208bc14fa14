"""What an alarm is, and which state its data puts it into. Pure.

References
----------
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .query import Query

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
EXTRA_PERIODS = 2
"""Periods that are looked at beyond the evaluation periods. AWS does not say how many; its examples show two."""

COMPARISONS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": ("greater than or equal to", operator.ge),
    "GreaterThanThreshold": ("greater than", operator.gt),
    "LessThanThreshold": ("less than", operator.lt),
    "LessThanOrEqualToThreshold": ("less than or equal to", operator.le),
}


@dataclass(frozen=True)
class Rule:
    """When an alarm goes off.

    Parameters
    ----------
    comparison : str
        A key of `COMPARISONS`.
    threshold : float
        What values are compared with.
    periods : int
        ``EvaluationPeriods``.
    needed : int
        ``DatapointsToAlarm``.
    missing : str
        ``missing``, ``ignore``, ``breaching`` or ``notBreaching``.
    """

    comparison: str
    threshold: float
    periods: int
    needed: int
    missing: str = "missing"

    def breaches(self, value: float) -> bool:
        """Whether a value is on the wrong side."""
        return COMPARISONS[self.comparison][1](value, self.threshold)


@dataclass(frozen=True)
class Verdict:
    """What an evaluation found.

    Parameters
    ----------
    state : str
        OK, ALARM or INSUFFICIENT_DATA.
    looked_at : tuple of (int, float)
        The points that decided, with their age in periods, newest first.
    breaching : int
        How many of them breached.
    filled : int
        Missing points that were filled in.
    """

    state: str
    looked_at: tuple[tuple[int, float], ...] = ()
    breaching: int = 0
    filled: int = 0


def evaluate(rule: Rule, points: Mapping[int, float], current: str) -> Verdict:
    """The state that an alarm should be in.

    Parameters
    ----------
    rule : Rule
        When it goes off.
    points : mapping of int to float
        Values by their age in periods, 0 the newest; of at most ``periods + EXTRA_PERIODS`` periods.
    current : str
        The state that it is in.

    Returns
    -------
    Verdict

    Notes
    -----
    Enough points: the newest ones decide, however they are spread over the range. Too few: what is missing is filled in
    as ``TreatMissingData`` says. With ``missing``, points that all breach and of which the oldest is at least as old as
    ``DatapointsToAlarm`` raise the alarm, so that it does not go off too early. AWS does not say what happens when they
    all breach and are younger: the state stays here.
    """
    ages = sorted(age for age in points if 0 <= age < rule.periods + EXTRA_PERIODS)[: rule.periods]
    looked_at = tuple((age, points[age]) for age in ages)
    bad = [age for age in ages if rule.breaches(points[age])]
    filled = rule.periods - len(ages)

    def verdict(state: str) -> Verdict:
        return Verdict(state, looked_at, len(bad), filled)

    if len(bad) >= rule.needed:
        return verdict(ALARM)
    if filled <= 0:
        return verdict(OK)
    if rule.missing == "breaching":
        return verdict(ALARM if len(bad) + filled >= rule.needed else OK)
    if rule.missing == "notBreaching":
        return verdict(OK)
    if len(bad) < len(ages):
        return verdict(OK)
    if rule.missing == "ignore":
        return verdict(current)
    if not ages:
        return verdict(INSUFFICIENT)
    return verdict(ALARM if max(ages) + 1 >= rule.needed else current)


@dataclass
class Alarm:
    """An alarm with its state.

    Parameters
    ----------
    name, arn, region : str
        Which one.
    rule : Rule
        When it goes off.
    queries : tuple of Query
        What it watches; `watched` is the id of the one that is compared.
    settings : dict
        As PutMetricAlarm had them, for DescribeAlarms.
    """

    name: str
    arn: str
    region: str
    rule: Rule
    queries: tuple[Query, ...]
    watched: str
    settings: dict[str, Any]
    created: float
    tags: dict[str, str] = field(default_factory=dict)
    enabled: bool = True
    state: str = INSUFFICIENT
    before: str = INSUFFICIENT  # the state that it was in before
    reason: str = "Unchecked: Initial alarm creation"
    reason_data: str = ""
    changed: float = 0.0  # when the state was looked at last and became something else
    configured: float = 0.0
    evaluated: int = -1  # the AWS minute that was looked at last
    value: float | None = None  # the newest point that was looked at
    peak: float | None = None  # the highest of them
    judged: float = 0.0  # epoch seconds up to which data was looked at last
    suspects: tuple[tuple[float, float], ...] = ()  # when the points that breached then began and ended

    def clear(self, start: float, end: float) -> bool:
        """Whether it has looked at all data of a time, in epoch seconds, and none of it can set it off any more."""
        return self.judged >= end and not any(first < end and last > start for first, last in self.suspects)

    def actions(self, state: str) -> list[str]:
        """The ARNs that are told when it enters a state."""
        name = {OK: "OKActions", ALARM: "AlarmActions", INSUFFICIENT: "InsufficientDataActions"}[state]
        return list(self.settings.get(name, ())) if self.enabled else []


def reason(rule: Rule, verdict: Verdict, moments: Mapping[int, str]) -> str:
    """Why an alarm is in its state, in CloudWatch's words.

    Parameters
    ----------
    rule : Rule
        When it goes off.
    verdict : Verdict
        What was found.
    moments : mapping of int to str
        When the periods began, by their age, as they are to be shown.
    """
    if not verdict.looked_at:
        count = "1 datapoint was" if rule.periods == 1 else f"{rule.periods} datapoints were"
        if verdict.state == INSUFFICIENT:
            return f"Insufficient Data: {count} unknown."
        kind = "Breaching" if rule.missing == "breaching" else "NonBreaching"
        missing = count.replace(" datapoint", " missing datapoint")
        return (
            f"Threshold Crossed: no datapoints were received for {rule.periods} period"
            f"{'s' if rule.periods != 1 else ''} and {missing} treated as [{kind}]."
        )
    breaching = verdict.state == ALARM
    shown = [one for one in verdict.looked_at if rule.breaches(one[1])] if breaching else list(verdict.looked_at)
    points = ", ".join(f"{value:g} ({moments.get(age, '')})" for age, value in shown)
    several = len(shown) != 1
    words = COMPARISONS[rule.comparison][0]
    change = "OK -> ALARM" if breaching else "ALARM -> OK"
    needed = rule.needed if breaching else rule.periods - rule.needed + 1
    return (
        f"Threshold Crossed: {len(shown)} out of the last {len(verdict.looked_at)} datapoints [{points}] "
        f"{'were' if several else 'was'} {'' if breaching else 'not '}{words} the threshold ({rule.threshold}) "
        f"(minimum {needed} datapoint{'s' if needed != 1 else ''} for {change} transition)."
    )
