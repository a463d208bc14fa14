import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_helpers.load.histogram import Histogram, bucket, middle

latencies = st.floats(min_value=0, max_value=100)


@given(latencies)
def test_a_bucket_is_narrow(seconds: float) -> None:
    assert middle(bucket(seconds)) == pytest.approx(seconds, rel=0.01, abs=1e-6)


@given(latencies, latencies)
def test_buckets_keep_the_order(one: float, other: float) -> None:
    assert (bucket(one) <= bucket(other)) or one > other


@given(st.lists(latencies, min_size=1), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_a_percentile_is_one_of_what_was_seen(seen: list[float], share: float) -> None:
    found = Histogram()
    for seconds in seen:
        found.add(seconds)
    exact = sorted(seen)[max(0, -(-int(share * 100) * len(seen) // 100) - 1)]
    assert found.percentile(share) == pytest.approx(exact, rel=0.01, abs=2e-6)
    assert found.longest == max(seen)
    assert found.percentile(share) <= found.longest


@given(st.lists(latencies), st.lists(latencies))
def test_two_added_up_are_one_that_saw_both(first: list[float], second: list[float]) -> None:
    one, other, both = Histogram(), Histogram(), Histogram()
    for seconds in first:
        one.add(seconds)
    for seconds in second:
        other.add(seconds)
    for seconds in first + second:
        both.add(seconds)
    one.merge(other.counts, other.longest)
    assert one == both


def test_nothing_seen() -> None:
    assert Histogram().percentile(0.99) == 0
