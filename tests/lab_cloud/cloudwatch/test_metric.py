import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.cloudwatch.metric import MOST_VALUES, MetricId, Sample, Series

values = st.lists(st.tuples(st.floats(0, 1e6), st.integers(1, 5).map(float)), min_size=1, max_size=30)


def test_dimensions_have_no_order() -> None:
    assert MetricId.of("n", "m", {"b": "2", "a": "1"}) == MetricId.of("n", "m", {"a": "1", "b": "2"})


@given(st.lists(values, min_size=1, max_size=6))
def test_merging_is_the_same_as_having_all_values_at_once(parts: list[list[tuple[float, float]]]) -> None:
    merged = Sample()
    for part in parts:
        merged.merge(Sample.of(part))
    whole = Sample.of(pair for part in parts for pair in part)
    assert (merged.count, merged.least, merged.most) == (whole.count, whole.least, whole.most)
    assert merged.total == pytest.approx(whole.total)
    assert sum(merged.values.values()) == pytest.approx(whole.count)


def test_a_set_without_single_values_takes_the_percentiles_away() -> None:
    known = Sample.of([(1.0, 1.0), (2.0, 1.0)])
    known.merge(Sample(2.0, 10.0, 4.0, 6.0))
    assert (known.count, known.total, known.least, known.most, known.values) == (4.0, 13.0, 1.0, 6.0, {})


def test_many_values_are_kept_roughly() -> None:
    sample = Sample.of((1.0 + number / 100, 1.0) for number in range(5000))
    assert len(sample.values) <= 5 * MOST_VALUES
    assert sum(sample.values.values()) == 5000
    assert all(any(abs(kept - one) <= one * 0.006 for kept in sample.values) for one in (1.0, 7.77, 50.0))


@given(
    st.dictionaries(st.integers(0, 400), st.floats(0, 100), max_size=40),
    st.sampled_from([60, 120, 300]),
    st.integers(0, 4).map(lambda number: number * 60),
)
def test_periods_hold_what_fell_into_them(data: dict[int, float], period: int, offset: int) -> None:
    series = Series()
    for minute, value in data.items():
        series.put(minute * 60 + 30, Sample.of([(value, 1.0)]))
    found = series.read(-10, 500, period, offset)
    wanted: dict[int, float] = {}
    for minute, value in data.items():
        number = (minute * 60 - offset) // period
        wanted[number] = wanted.get(number, 0.0) + value
    assert {number: sample.total for number, sample in found.items()} == pytest.approx(wanted)


def test_old_data_goes() -> None:
    series = Series()
    for minute in range(0, 1000, 10):
        series.put(minute * 60, Sample.of([(1.0, 1.0)]))
    series.forget_before(900 * 60)
    assert min(series.read(0, 1000, 60)) >= 900 - 64
    series.forget_before(10_000 * 60)
    assert not series
