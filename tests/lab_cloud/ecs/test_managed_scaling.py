"""M, N and the metric, as AWS's deep dive tells them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.ecs.managed_scaling import ProviderView, needed, reservation, wanted


@pytest.mark.parametrize(
    ("view", "m", "percent"),
    [
        (ProviderView(0), 0, 100.0),
        (ProviderView(0, waiting=3), 3, 200.0),
        (ProviderView(0, waiting=1, least_step=2), 2, 200.0),
        (ProviderView(0, waiting=9, most_step=4), 4, 200.0),
        (ProviderView(4, busy=4), 4, 100.0),
        (ProviderView(4, busy=2), 2, 50.0),
        (ProviderView(4, busy=4, waiting=2), 6, 150.0),
        (ProviderView(2, coming=2, waiting=2), 2, 100.0),
        (ProviderView(3, busy=2, coming=1, waiting=1), 3, 100.0),
        (ProviderView(2), 0, 0.0),
    ],
)
def test_the_metric(view: ProviderView, m: int, percent: float) -> None:
    assert needed(view) == m
    assert reservation(view) == percent


def test_capacity_to_spare_is_kept() -> None:
    assert wanted(ProviderView(4, busy=4, target=80), "out") == 5
    assert wanted(ProviderView(5, busy=4, target=80), "in") == 5


def test_scaling_in_takes_half_at_most_and_the_last_one_too() -> None:
    assert wanted(ProviderView(8, busy=1), "in") == 4
    assert wanted(ProviderView(1), "in") == 0
    assert wanted(ProviderView(3), "in") == 2


VIEW = st.builds(
    ProviderView,
    size=st.integers(0, 20),
    busy=st.integers(0, 20),
    coming=st.integers(0, 5),
    waiting=st.integers(0, 30),
    least_step=st.integers(1, 3),
    most_step=st.integers(3, 10),
    target=st.integers(1, 100),
)


@given(VIEW)
def test_steps_hold(view: ProviderView) -> None:
    out, back = wanted(view, "out"), wanted(view, "in")
    assert view.size <= out <= view.size + view.most_step
    assert max(view.size - max(1, view.size // 2), 0) <= back <= view.size
    assert reservation(view) >= 0
    if view.waiting > view.coming:
        assert needed(view) >= view.size + view.least_step
