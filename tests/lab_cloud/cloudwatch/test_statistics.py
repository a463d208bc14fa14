import statistics as python

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.cloudwatch.metric import Sample
from lab_cloud.cloudwatch.statistics import known, value

TEN = Sample.of((float(number), 1.0) for number in range(1, 11))


@pytest.mark.parametrize(
    ("statistic", "wanted"),
    [
        *(("SampleCount", 10), ("Sum", 55), ("Average", 5.5), ("Minimum", 1), ("Maximum", 10)),
        *(("p50", 5), ("p90", 9), ("p99", 10), ("p100", 10), ("p99.9", 10)),
        *(("tm90", 5), ("ts90", 45), ("tc90", 9), ("wm90", 5.4), ("IQM", 5.5)),
        *(("TM(20%:80%)", 5), ("PR(:5)", 50), ("TC(4:)", 7), ("TS(2:4)", 9)),
    ],
)
def test_statistics(statistic: str, wanted: float) -> None:
    assert known(statistic)
    assert value(TEN, statistic) == pytest.approx(wanted)


@pytest.mark.parametrize("name", ["p", "p101", "average", "TM(", "tm101", "median", ""])
def test_names_that_are_no_statistics(name: str) -> None:
    assert not known(name)


def test_percentiles_need_single_values() -> None:
    assert value(Sample(3.0, 6.0, 1.0, 3.0), "p50") is None
    assert value(Sample(3.0, 6.0, 2.0, 2.0), "p50") == 2.0  # all are the same, so they are known


@given(st.lists(st.floats(0, 100), min_size=1, max_size=100))
def test_percentiles_lie_among_the_values_and_rise(values: list[float]) -> None:
    sample = Sample.of((one, 1.0) for one in values)
    found = [value(sample, f"p{rank}") for rank in (0, 10, 50, 90, 100)]
    assert all(one in values for one in found)
    assert found == sorted(found)  # type: ignore[type-var]
    assert value(sample, "Average") == pytest.approx(python.fmean(values), abs=1e-6)
