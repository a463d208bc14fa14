"""The states of alarms, by the examples of the CloudWatch User Guide and by their properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.cloudwatch.alarm import ALARM, EXTRA_PERIODS, INSUFFICIENT, OK, Rule, evaluate, reason

KEEP = "as it was"
# "Configuring how CloudWatch alarms treat missing data", the two tables: points of five periods, oldest first
# (0 is fine, X breaches, - is missing), then the state for missing, ignore, breaching, notBreaching.
THREE_OF_THREE = [
    ("0-X-X", OK, OK, OK, OK),
    ("0----", OK, OK, OK, OK),
    ("-----", INSUFFICIENT, KEEP, ALARM, OK),
    ("0XX-X", ALARM, ALARM, ALARM, ALARM),
    ("--X--", ALARM, KEEP, ALARM, OK),
]
TWO_OF_THREE = [
    ("0-X-X", ALARM, ALARM, ALARM, ALARM),
    ("00X0X", ALARM, ALARM, ALARM, ALARM),
    ("0-X--", OK, OK, ALARM, OK),
    ("----0", OK, OK, ALARM, OK),
    ("---X-", ALARM, KEEP, ALARM, OK),
]
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
CASES = [
    (needed, row[0], treatment, wanted)
    for needed, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for row in table
    for treatment, wanted in zip(TREATMENTS, row[1:], strict=True)
]


def points_of(shown: str) -> dict[int, float]:
    newest_first = shown[::-1]
    return {age: 10.0 if sign == "X" else 0.0 for age, sign in enumerate(newest_first) if sign != "-"}


@pytest.mark.parametrize(("needed", "shown", "treatment", "wanted"), CASES)
@pytest.mark.parametrize("current", [OK, ALARM, INSUFFICIENT])
def test_the_tables_of_the_user_guide(needed: int, shown: str, treatment: str, wanted: str, current: str) -> None:
    rule = Rule("GreaterThanThreshold", 5.0, 3, needed, treatment)
    verdict = evaluate(rule, points_of(shown), current)
    assert verdict.state == (current if wanted == KEEP else wanted)


@pytest.mark.parametrize(
    ("comparison", "states"),
    [
        ("GreaterThanThreshold", [OK, OK, ALARM]),
        ("GreaterThanOrEqualToThreshold", [OK, ALARM, ALARM]),
        ("LessThanThreshold", [ALARM, OK, OK]),
        ("LessThanOrEqualToThreshold", [ALARM, ALARM, OK]),
    ],
)
def test_each_comparison_below_at_and_above_the_threshold(comparison: str, states: list[str]) -> None:
    rule = Rule(comparison, 5.0, 1, 1)
    assert [evaluate(rule, {0: value}, OK).state for value in (4.0, 5.0, 6.0)] == states


def test_too_few_points_that_are_young_change_nothing() -> None:
    rule = Rule("GreaterThanThreshold", 5.0, 3, 3)
    assert evaluate(rule, points_of("----X"), INSUFFICIENT).state == INSUFFICIENT


series = st.dictionaries(st.integers(0, 12), st.floats(0, 10), max_size=13)


@given(series, st.integers(1, 6), st.data(), st.sampled_from(TREATMENTS), st.sampled_from([OK, ALARM, INSUFFICIENT]))
def test_enough_points_decide_alone(
    points: dict[int, float], periods: int, data: st.DataObject, treatment: str, current: str
) -> None:
    needed = data.draw(st.integers(1, periods))
    rule = Rule("GreaterThanThreshold", 5.0, periods, needed, treatment)
    verdict = evaluate(rule, points, current)
    near = [points[age] for age in sorted(points) if age < periods + EXTRA_PERIODS][:periods]
    if len(near) == periods:
        assert verdict.state == (ALARM if sum(value > 5 for value in near) >= needed else OK)
    if treatment == "notBreaching":
        assert verdict.state in (OK, ALARM)
    if not near and treatment == "missing":
        assert verdict.state == INSUFFICIENT


def test_the_reason_says_which_points_crossed_the_threshold() -> None:
    rule = Rule("GreaterThanThreshold", 40.0, 3, 3)
    verdict = evaluate(rule, {0: 90.0, 1: 80.5, 2: 70.0}, OK)
    assert reason(rule, verdict, {0: "c", 1: "b", 2: "a"}) == (
        "Threshold Crossed: 3 out of the last 3 datapoints [90 (c), 80.5 (b), 70 (a)] were greater than the threshold "
        "(40.0) (minimum 3 datapoints for OK -> ALARM transition)."
    )
    calm = evaluate(rule, {0: 10.0, 1: 80.5, 2: 70.0}, ALARM)
    assert reason(rule, calm, {}).endswith(
        "were not greater than the threshold (40.0) (minimum 1 datapoint for ALARM -> OK transition)."
    )
    silent = evaluate(rule, {}, OK)
    assert reason(rule, silent, {}) == "Insufficient Data: 3 datapoints were unknown."
    quiet = Rule("GreaterThanThreshold", 40.0, 1, 1, "breaching")
    assert reason(quiet, evaluate(quiet, {}, OK), {}) == (
        "Threshold Crossed: no datapoints were received for 1 period "
        "and 1 missing datapoint was treated as [Breaching]."
    )
