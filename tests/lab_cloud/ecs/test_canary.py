"""The stages of a canary deployment, by a hand-moved clock."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.ecs.canary import BAKE, CLEAN_UP, SCALE_UP, SHIFT, Shift, Step, View, decide, weights

EXPRESS = Shift(5.0, 180.0, 180.0)


def test_a_deployment_from_its_beginning_to_its_end() -> None:
    assert decide(View(), EXPRESS) == Step(SCALE_UP, 0.0)
    assert decide(View(SCALE_UP, 900.0), EXPRESS) == Step(SCALE_UP, 0.0), "it waits for healthy tasks, however long"
    assert decide(View(SCALE_UP, 9.0, ready=True), EXPRESS) == Step(SHIFT, 5.0, due=180.0)
    assert decide(View(SHIFT, 179.0, 5.0), EXPRESS) == Step(SHIFT, 5.0, due=1.0)
    assert decide(View(SHIFT, 180.0, 5.0), EXPRESS) == Step(BAKE, 100.0, due=180.0)
    assert decide(View(BAKE, 60.0, 100.0), EXPRESS) == Step(BAKE, 100.0, due=120.0)
    assert decide(View(BAKE, 180.0, 100.0), EXPRESS) == Step(CLEAN_UP, 100.0)
    assert decide(View(CLEAN_UP, 0.0, 100.0), EXPRESS) == Step(CLEAN_UP, 100.0)


def test_an_alarm_counts_once_traffic_has_come() -> None:
    rings = View(SCALE_UP, 0.0, ringing=("errors",))
    assert decide(rings, EXPRESS).alarms == ()
    for stage, percent in ((SHIFT, 5.0), (BAKE, 100.0)):
        assert decide(replace(rings, stage=stage, percent=percent), EXPRESS).alarms == ("errors",)


def test_a_phase_goes_on_until_the_alarms_have_looked_at_all_of_it() -> None:
    unjudged = View(SHIFT, 181.0, 5.0, clear=False)
    assert decide(unjudged, EXPRESS) == Step(SHIFT, 5.0), "the alarm's next look wakes the reconciler"
    assert decide(replace(unjudged, ringing=("errors",)), EXPRESS).alarms == ("errors",)
    assert decide(replace(unjudged, clear=True), EXPRESS).stage == BAKE
    assert decide(View(BAKE, 181.0, 100.0, clear=False), EXPRESS) == Step(BAKE, 100.0)


def test_settings_and_their_defaults() -> None:
    assert Shift.of({}) == Shift(5.0, 600.0, 0.0)
    canary = {"canaryPercent": 25.0, "canaryBakeTimeInMinutes": 0}
    assert Shift.of({"canaryConfiguration": canary, "bakeTimeInMinutes": 2}) == Shift(25.0, 0.0, 120.0)


@given(st.integers(1, 1000))
def test_weights_are_whole_numbers_of_the_same_share(tenths: int) -> None:
    old, new = weights(tenths / 10)
    assert 0 <= old <= 999
    assert 0 < new <= 999
    assert abs(100 * new / (old + new) - tenths / 10) < 0.11


@given(st.lists(st.tuples(st.floats(0, 400), st.booleans()), max_size=40), st.floats(0.1, 100), st.floats(0, 300))
def test_the_share_never_goes_back_and_ends_with_all(
    moments: list[tuple[float, bool]], percent: float, bake: float
) -> None:
    shift, stage, share, spent = Shift(percent, bake, bake), "", 0.0, 0.0
    order = ["", SCALE_UP, SHIFT, BAKE, CLEAN_UP]
    for passed, ready in [*moments, *[(400.0, True)] * 5]:
        spent += passed
        step = decide(View(stage, spent, share, ready), shift)
        assert step.percent >= share
        assert order.index(step.stage) - order.index(stage) in (0, 1, 2)
        if step.stage != stage:
            spent = 0.0
        stage, share = step.stage, step.percent
    assert (stage, share) == (CLEAN_UP, 100.0)
