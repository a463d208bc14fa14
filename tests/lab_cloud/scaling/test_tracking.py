from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.scaling.tracking import LOW_PART, STEADY_PART, spared, wanted

capacities, targets = st.integers(1, 500), st.floats(0.5, 1000)


@given(capacities, st.floats(0, 100), targets)
def test_the_capacity_that_is_wanted_brings_the_metric_to_its_target(
    capacity: int, times: float, target: float
) -> None:
    metric = target * times
    found = wanted(capacity, metric, target)
    assert capacity * metric <= found * target * (1 + 1e-6) + target * 1e-6
    assert found == 0 or capacity * metric > (found - 1) * target * (1 - 1e-6)


@given(capacities, st.floats(0, LOW_PART), targets)
def test_after_a_scale_in_the_policy_does_not_scale_out_again(capacity: int, part: float, target: float) -> None:
    found = spared(capacity, target * part, target)
    assert found <= capacity
    if found:
        after = capacity * target * part / found
        assert after <= target * (STEADY_PART + 1e-6)
        assert wanted(found, after, target) <= found


def test_exact_quotients_are_not_rounded_up() -> None:
    assert wanted(3, 0.1 * 3, 0.1) == 9
    assert wanted(10, 50.0, 50.0) == 10
