"""Rules that hold for every target, every policy and every measurement."""

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.scaling.decide import IN, OUT, Cooldown, Decision, TargetView, Trigger, decide
from lab_cloud.scaling.steps import CHANGE, EXACT, PERCENT, Step, StepPolicy
from lab_cloud.scaling.tracking import TrackingPolicy

NOW = 1000.0

values = st.floats(0, 1000)


@st.composite
def trackers(draw: st.DrawFn, name: str = "t") -> Trigger:
    rule = TrackingPolicy(
        draw(st.floats(1, 100)), draw(st.floats(0, 900)), draw(st.floats(0, 900)), draw(st.booleans())
    )
    direction = draw(st.sampled_from((OUT, IN)))
    # an alarm that is in ALARM has a value beyond its threshold
    metric = rule.target * (1 + draw(st.floats(0.001, 20)) if direction == OUT else 0.9 * draw(st.floats(0, 0.999)))
    return Trigger(name, f"{name}-alarm", rule, metric, rule.target, direction)


@st.composite
def steppers(draw: st.DrawFn, name: str = "s") -> Trigger:
    kind = draw(st.sampled_from((CHANGE, PERCENT, EXACT)))
    amount = draw(st.integers(0, 50)) if kind == EXACT else draw(st.integers(-100, 100))
    rule = StepPolicy(kind, (Step(-math.inf, 0, -abs(amount) if kind != EXACT else amount), Step(0, math.inf, amount)))
    return Trigger(name, f"{name}-alarm", rule, draw(values), draw(values))


@st.composite
def targets(draw: st.DrawFn) -> TargetView:
    least = draw(st.integers(0, 20))
    most = draw(st.integers(least, 60))
    cooldown = Cooldown(
        draw(st.sampled_from(("", OUT, IN))), NOW + draw(st.floats(-300, 300)), draw(st.integers(0, 60))
    )
    return TargetView(
        draw(st.integers(least, most)),
        least,
        most,
        cooldown,
        deploying=draw(st.booleans()),
        out_suspended=draw(st.booleans()),
        in_suspended=draw(st.booleans()),
    )


triggers = st.lists(st.one_of(trackers(), steppers()), max_size=4).map(
    lambda found: [replace(one, policy=f"p{number}") for number, one in enumerate(found)]
)


@given(targets(), triggers)
def test_capacity_stays_within_the_bounds(target: TargetView, called: list[Trigger]) -> None:
    found = decide(target, called, NOW)
    assert found.capacity is None or target.least <= found.capacity <= target.most
    assert found.capacity != target.capacity


@given(targets(), triggers)
def test_something_happens_or_a_reason_is_told(target: TargetView, called: list[Trigger]) -> None:
    found = decide(target, called, NOW)
    assert not (found.capacity is not None and found.not_scaled is not None)
    if found.capacity is None:
        assert found.cooldown == target.cooldown
        assert (found.trigger is None) == (found.not_scaled is None)


@given(targets(), triggers)
def test_nothing_is_taken_away_during_a_deployment(target: TargetView, called: list[Trigger]) -> None:
    found = decide(replace(target, deploying=True), called, NOW)
    assert found.capacity is None or found.capacity > target.capacity


@given(targets(), triggers)
def test_suspended_is_suspended(target: TargetView, called: list[Trigger]) -> None:
    out = decide(replace(target, out_suspended=True), called, NOW)
    assert out.capacity is None or out.capacity < target.capacity
    back = decide(replace(target, in_suspended=True), called, NOW)
    assert back.capacity is None or back.capacity > target.capacity


@given(targets(), trackers())
def test_a_scale_out_never_waits_for_the_cooldown_of_a_scale_in(target: TargetView, called: Trigger) -> None:
    called = replace(called, direction=OUT, metric=called.threshold * 3)
    cooling = replace(target, cooldown=Cooldown(IN, NOW + 200, target.capacity + 3), out_suspended=False)
    free = replace(target, cooldown=Cooldown(), out_suspended=False)
    assert decide(cooling, [called], NOW).capacity == decide(free, [called], NOW).capacity


@given(targets(), st.floats(1, 100), st.floats(1, 20), st.floats(1, 20))
def test_a_larger_scale_out_goes_through_its_cooldown(
    target: TargetView, wanted: float, one: float, more: float
) -> None:
    """Twice in one cooldown: what both come to is what the larger one alone would have come to."""
    first, second = sorted((one, more))
    rule = TrackingPolicy(wanted)
    start = replace(target, cooldown=Cooldown(), out_suspended=False)

    def called(times: float) -> Trigger:
        return Trigger("p", "a", rule, wanted * times, wanted, OUT)

    def reached(view: TargetView, found: Decision) -> int:
        return view.capacity if found.capacity is None else found.capacity

    begun = decide(start, [called(first)], NOW)
    after = replace(start, capacity=reached(start, begun), cooldown=begun.cooldown)
    both = reached(after, decide(after, [called(second)], NOW + 1))
    alone = reached(start, decide(start, [called(second)], NOW))
    if begun.capacity is not None:  # else no cooldown has begun
        assert both == alone


@given(targets(), triggers)
def test_a_scale_in_waits_for_the_cooldown_of_the_last_one(target: TargetView, called: list[Trigger]) -> None:
    found = decide(replace(target, cooldown=Cooldown(IN, NOW + 1, target.capacity)), called, NOW)
    assert found.capacity is None or found.capacity > target.capacity


@given(targets(), triggers)
def test_the_largest_wins(target: TargetView, called: list[Trigger]) -> None:
    free = replace(target, cooldown=Cooldown(), out_suspended=False, in_suspended=False, deploying=False)

    def alone(one: Trigger) -> int:
        found = decide(free, [one], NOW).capacity
        return target.capacity if found is None else found

    counted = [one for one in called if decide(free, [one], NOW).trigger is not None]
    if counted:
        found = decide(free, called, NOW)
        assert (target.capacity if found.capacity is None else found.capacity) == max(alone(one) for one in counted)


@given(targets(), trackers(), st.sets(st.sampled_from("abc")), st.sets(st.sampled_from("abc")))
def test_all_trackers_must_be_calm(target: TargetView, called: Trigger, known: set[str], calm: set[str]) -> None:
    view = replace(
        target, cooldown=Cooldown(), trackers=frozenset(known | {called.policy}), calm=frozenset(calm | {called.policy})
    )
    found = decide(view, [called], NOW)
    if called.direction == IN and known - calm:
        assert found.capacity is None


@given(targets(), trackers(), st.floats(1, 1000))
def test_speed_divides_cooldowns(target: TargetView, called: Trigger, speed: float) -> None:
    assert isinstance(called.rule, TrackingPolicy)
    found = decide(target, [called], NOW, speed)
    if found.capacity is not None:
        own = called.rule.out_cooldown if called.direction == OUT else called.rule.in_cooldown
        assert math.isclose(found.cooldown.until - NOW, own / speed, abs_tol=1e-6)


def test_nobody_calls_and_nothing_happens() -> None:
    cooldown = Cooldown(OUT, NOW + 5, 2)
    assert decide(TargetView(2, 1, 4, cooldown), [], NOW) == Decision(None, None, cooldown)
