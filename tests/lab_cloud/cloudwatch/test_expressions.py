import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.cloudwatch.expressions import Period, Series, evaluate
from lab_cloud.cloudwatch.grammar import BadExpression, ids, parse, uses_all

PERIOD = Period(60, 0, 5)
M1: Series = {0: 10.0, 1: 20.0, 3: 40.0}
M2: Series = {0: 2.0, 1: 0.0, 2: 5.0, 3: 8.0}


def work(text: str) -> object:
    return evaluate(parse(text), {"m1": M1, "m2": M2}, {"m1": M1, "m2": M2}, PERIOD)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("2 ^ 3 - -1", 9.0),
        ("-m1", {0: -10.0, 1: -20.0, 3: -40.0}),
        ("m1 / m2", {0: 5.0, 3: 5.0}),  # a division by zero gives no point
        ("m1 + m2", {0: 12.0, 1: 20.0, 3: 48.0}),  # only where both have one
        ("m1 > 15", {0: 0.0, 1: 1.0, 3: 1.0}),
        ("m1 > 15 && m2 > 1", {0: 0.0, 1: 0.0, 3: 1.0}),
        ("FILL(m1, 0)", {0: 10.0, 1: 20.0, 2: 0.0, 3: 40.0, 4: 0.0}),
        ("FILL(m1, REPEAT)", {0: 10.0, 1: 20.0, 2: 20.0, 3: 40.0, 4: 40.0}),
        ("FILL(m1, LINEAR)", {0: 10.0, 1: 20.0, 2: 30.0, 3: 40.0}),
        ("FILL(m1, m2)", {0: 10.0, 1: 20.0, 2: 5.0, 3: 40.0}),
        ("IF(m2 > 1, m1)", {0: 10.0, 3: 40.0}),
        ("IF(m2 > 1, m1, 1)", {0: 10.0, 1: 1.0, 3: 40.0}),
        ("IF(m2 == 0, 0, m1 / m2)", {0: 5.0, 1: 0.0, 3: 5.0}),
        ("SUM(METRICS())", {0: 12.0, 1: 20.0, 2: 5.0, 3: 48.0}),
        ("AVG([m1, m2])", {0: 6.0, 1: 10.0, 2: 5.0, 3: 24.0}),
        ("MAX(m1)", 40.0),
        ("m1 / PERIOD(m1)", {0: 1 / 6, 1: 1 / 3, 3: 2 / 3}),
        ("RATE(m2)", {1: -2 / 60, 2: 5 / 60, 3: 3 / 60}),
        ("DIFF(m2)", {1: -2.0, 2: 5.0, 3: 3.0}),
        ("RUNNING_SUM(m1)", {0: 10.0, 1: 30.0, 3: 70.0}),
        ("CEIL(m1 / 3)", {0: 4.0, 1: 7.0, 3: 14.0}),
        ("METRIC_COUNT(METRICS('m1'))", 1.0),
        ("FIRST(METRICS())", M1),
    ],
)
def test_expressions(text: str, wanted: object) -> None:
    found = work(text)
    assert found == (pytest.approx(wanted) if isinstance(wanted, (dict, float)) else wanted)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("1 +", "ends too early"),
        ("m1 ? m2", "Unexpected"),
        ("(1", "is missing"),
        ("1 2", "Unexpected"),
        ("FILL(m1 m2)", "Unexpected"),
    ],
)
def test_what_is_no_expression(text: str, why: str) -> None:
    with pytest.raises(BadExpression, match=why):
        parse(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("m9 + 1", "not known"),
        ("FORECAST(m1)", "does not have"),
        ("FILL(m1)", "arguments"),
        ("ABS(m1, m2)", "one argument"),
        ("FILL(3, 0)", "time series"),
        ("RATE([m1])", "time series"),
        ("m1 + 'a'", "number"),
    ],
)
def test_what_cannot_be_worked_out(text: str, why: str) -> None:
    with pytest.raises(BadExpression, match=why):
        work(text)


def test_what_an_expression_names() -> None:
    assert ids(parse("IF(m1 > 0, FILL(m2, REPEAT), e3)")) == {"m1", "m2", "e3", "REPEAT"}
    assert uses_all(parse("SUM(METRICS()) / 2"))
    assert not uses_all(parse("m1"))


numbers = st.floats(-1e6, 1e6)
lines = st.dictionaries(st.integers(0, 4), numbers)


@given(lines, lines, st.sampled_from("+-*/^"))
def test_arithmetic_keeps_only_common_moments_and_real_numbers(a: Series, b: Series, sign: str) -> None:
    found = evaluate(parse(f"a {sign} b"), {"a": a, "b": b}, {}, PERIOD)
    assert set(found) <= set(a) & set(b)
    assert all(math.isfinite(value) for value in found.values())


@given(lines, numbers)
def test_filled_series_have_every_moment(a: Series, value: float) -> None:
    found = evaluate(parse("FILL(a, b)"), {"a": a, "b": value}, {}, PERIOD)
    assert found == {number: a.get(number, value) for number in range(5)}
