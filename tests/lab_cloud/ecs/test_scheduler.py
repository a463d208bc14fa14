import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_cloud.ecs.scheduler import (
    Decision,
    DeploymentView,
    ServiceView,
    TaskView,
    backoff_seconds,
    breaker_threshold,
    decide,
    emptiest_zone,
)

NEW = DeploymentView("new")
OLD = DeploymentView("old", in_progress=False)


def task(name: str, deployment: str = "new", *, healthy: bool = True, unhealthy: str = "") -> TaskView:
    return TaskView(name, deployment, running=True, healthy=healthy and not unhealthy, unhealthy=unhealthy)


def test_an_empty_service_starts_what_is_desired() -> None:
    assert decide(ServiceView(3, (NEW,)), 0) == Decision(start=3)


def test_a_missing_task_is_replaced() -> None:
    assert decide(ServiceView(2, (NEW,), (task("a"),)), 0).start == 1


def test_a_whole_service_is_completed_and_steady() -> None:
    assert decide(ServiceView(1, (NEW,), (task("a"),)), 0) == Decision(complete=True, steady=True)


def test_a_completed_deployment_is_not_completed_again() -> None:
    done = DeploymentView("new", in_progress=False)
    assert decide(ServiceView(1, (done,), (task("a"),)), 0) == Decision(steady=True)


def test_nothing_is_completed_before_its_tasks_are_healthy() -> None:
    decision = decide(ServiceView(1, (NEW,), (task("a", healthy=False),)), 0)
    assert not decision.complete
    assert not decision.steady


def test_scaling_in_stops_the_surplus_and_prefers_what_does_not_run_yet() -> None:
    tasks = (task("a"), TaskView("b", "new"), task("c"))
    assert [stop.task for stop in decide(ServiceView(2, (NEW,), tasks), 0).stop] == ["b"]


def test_a_rolling_update_starts_new_tasks_beside_the_old_ones() -> None:
    decision = decide(ServiceView(2, (NEW, OLD), (task("a", "old"), task("b", "old"))), 0)
    assert (decision.start, decision.stop) == (2, ())


def test_old_tasks_go_only_as_new_ones_become_healthy() -> None:
    tasks = (task("a", "old"), task("b", "old"), task("c"), task("d", healthy=False))
    decision = decide(ServiceView(2, (NEW, OLD), tasks), 0)
    assert [stop.task for stop in decision.stop] == ["a"]


def test_maximum_percent_100_stops_before_it_starts() -> None:
    tasks = (task("a", "old"), task("b", "old"))
    decision = decide(ServiceView(2, (NEW, OLD), tasks, minimum_percent=50, maximum_percent=100), 0)
    assert len(decision.stop) == 1
    assert decision.start == 1


def test_an_unhealthy_task_is_replaced_before_it_is_stopped() -> None:
    bad = task("a", unhealthy="checks failed")
    assert decide(ServiceView(1, (NEW,), (bad,)), 0) == Decision(start=1)
    waiting = decide(ServiceView(1, (NEW,), (bad, task("b", healthy=False))), 0)
    assert waiting == Decision()
    decision = decide(ServiceView(1, (NEW,), (bad, task("b"))), 0)
    assert [(stop.task, stop.unhealthy) for stop in decision.stop] == [("a", "checks failed")]


def test_without_room_an_unhealthy_task_is_stopped_first() -> None:
    bad = task("a", unhealthy="checks failed")
    decision = decide(ServiceView(1, (NEW,), (bad,), minimum_percent=0, maximum_percent=100), 0)
    assert [stop.task for stop in decision.stop] == ["a"]
    assert decision.start == 1


def test_of_two_unhealthy_tasks_the_older_goes() -> None:
    bad = [TaskView(name, "new", True, unhealthy="bad", created=age) for name, age in (("young", 2), ("old", 1))]
    decision = decide(ServiceView(1, (NEW,), tuple(bad)), 0)
    assert [stop.task for stop in decision.stop] == ["old"]
    assert decision.start == 1


def test_a_protected_task_is_not_scaled_in_nor_replaced_by_a_deployment() -> None:
    busy = TaskView("busy", "new", True, True, protected=True)
    assert [stop.task for stop in decide(ServiceView(1, (NEW,), (busy, task("idle"))), 0).stop] == ["idle"]
    assert decide(ServiceView(0, (NEW,), (busy,)), 0) == Decision()
    old = TaskView("busy", "old", True, True, protected=True)
    assert decide(ServiceView(1, (NEW, OLD), (old, task("a"))), 0) == Decision()


def test_an_unhealthy_task_of_an_older_deployment_goes_at_once() -> None:
    bad = task("a", "old", unhealthy="bad")
    assert [stop.task for stop in decide(ServiceView(1, (NEW, OLD), (bad, task("b"))), 0).stop] == ["a"]


def test_a_deployment_that_keeps_failing_waits_before_the_next_try() -> None:
    waiting = DeploymentView("new", retry_at=10.0)
    assert decide(ServiceView(1, (waiting,)), 9.9).start == 0
    assert decide(ServiceView(1, (waiting,)), 10.0).start == 1


def test_the_circuit_breaker_opens_and_rolls_back() -> None:
    failing = DeploymentView("new", failures=3)
    view = ServiceView(1, (failing, OLD), (task("a", "old"),), breaker_threshold=3, rollback_to="old")
    assert decide(view, 0) == Decision(fail=True, roll_back="old")


def test_a_failed_deployment_without_rollback_leaves_the_old_tasks_alone() -> None:
    failed = DeploymentView("new", in_progress=False, failed=True)
    assert decide(ServiceView(1, (failed, OLD), (task("a", "old"),), breaker_threshold=3), 0) == Decision()


def test_deployments_never_roll_back_to_themselves() -> None:
    failing = DeploymentView("new", failures=3)
    assert decide(ServiceView(1, (failing,), breaker_threshold=3, rollback_to="new"), 0) == Decision(fail=True)


@pytest.mark.parametrize(("desired", "threshold"), [(1, 3), (6, 3), (7, 4), (25, 13), (400, 200), (800, 200)])
def test_breaker_threshold(desired: int, threshold: int) -> None:
    assert breaker_threshold(desired) == threshold


def test_breaker_threshold_as_configured() -> None:
    assert breaker_threshold(10, "COUNT", 2) == 2
    assert breaker_threshold(10, "UNBOUNDED_PERCENT", 10) == 1
    assert breaker_threshold(10, "BOUNDED_PERCENT", 10) == 3


def test_backoff_grows_to_fifteen_minutes() -> None:
    waits = [backoff_seconds(failures) for failures in range(20)]
    assert waits[:5] == [0, 0, 0, 10, 20]
    assert waits == sorted(waits)
    assert max(waits) == 900


settings_of_a_service = st.fixed_dictionaries(
    {
        "desired": st.integers(0, 12),
        "minimum_percent": st.integers(0, 100),
        "maximum_percent": st.integers(101, 300),
    }
)


@given(
    settings_of_a_service,
    st.lists(
        st.tuples(st.sampled_from(["new", "old", "older"]), st.sampled_from(["pending", "healthy", "bad"])), max_size=24
    ),
)
def test_bounds_hold_in_any_state(options: dict[str, int], drawn: list[tuple[str, str]]) -> None:
    tasks = tuple(
        TaskView(str(index), deployment, state != "pending", state == "healthy", "bad" if state == "bad" else "", index)
        for index, (deployment, state) in enumerate(drawn)
    )
    view = ServiceView(options["desired"], (NEW, OLD, DeploymentView("older", in_progress=False)), tasks, **{
        key: value for key, value in options.items() if key != "desired"
    })  # fmt: skip
    decision = decide(view, 0)
    stopped = {stop.task for stop in decision.stop}
    healthy_before = sum(each.healthy for each in tasks)
    healthy_after = sum(each.healthy for each in tasks if each.id not in stopped)
    assert healthy_after >= min(healthy_before, view.floor)
    left = len(tasks) - len(stopped)
    assert decision.start == 0 or left + decision.start <= view.ceiling
    assert len(stopped) == len(decision.stop)


@settings(max_examples=200)
@given(settings_of_a_service, st.integers(0, 10), st.randoms(use_true_random=False))
def test_every_rollout_converges_within_its_bounds(options: dict[str, int], olds: int, random: object) -> None:
    desired = options["desired"]
    low, high = options["minimum_percent"], options["maximum_percent"]
    floor, ceiling = math.ceil(desired * low / 100), math.floor(desired * high / 100)
    if floor == ceiling == desired:
        return  # AWS too is stuck when the percentages leave no room
    tasks = {f"old{n}": TaskView(f"old{n}", "old", True, True, "", n) for n in range(min(olds, desired))}
    ids = itertools.count()
    for step in range(200):
        healthy_before = sum(each.healthy for each in tasks.values())
        decision = decide(ServiceView(desired, (NEW, OLD), tuple(tasks.values()), low, high), step)
        if decision.steady:
            break
        for stop in decision.stop:
            del tasks[stop.task]
        assert sum(each.healthy for each in tasks.values()) >= min(healthy_before, floor)
        for _ in range(decision.start):
            name = f"new{next(ids)}"
            tasks[name] = TaskView(name, "new", created=step)
        assert len(tasks) <= max(ceiling, olds)
        for name, each in list(tasks.items()):
            if not each.healthy and random.random() < 0.5:  # type: ignore[attr-defined]
                tasks[name] = TaskView(name, "new", True, True, "", each.created)
    assert sorted(each.deployment for each in tasks.values()) == ["new"] * desired


# -- Availability Zones ------------------------------------------------------------------------------------------------

ZONES = ("a", "b", "c")
DONE = DeploymentView("new", in_progress=False)


def placed(*zones: str, protected: bool = False) -> tuple[TaskView, ...]:
    return tuple(
        TaskView(f"{zone}{number}", "new", True, True, "", number, protected, zone) for number, zone in enumerate(zones)
    )


def test_a_lopsided_service_starts_one_task_where_it_is_missing() -> None:
    decision = decide(ServiceView(3, (DONE,), placed("a", "a", "b"), zones=ZONES), 0)
    assert decision == Decision(start=1, rebalance="c")
    assert decide(ServiceView(2, (DONE,), placed("a", "b"), zones=ZONES), 0).steady
    assert decide(ServiceView(3, (DONE,), placed("a", "a", "a"), zones=()), 0).steady  # switched off


def test_nothing_is_stopped_before_the_moved_task_is_healthy() -> None:
    coming = TaskView("new", "new", zone="b", created=9)
    assert decide(ServiceView(2, (DONE,), (*placed("a", "a"), coming), zones=("a", "b")), 0) == Decision()
    here = TaskView("new", "new", True, True, zone="b", created=9)
    decision = decide(ServiceView(2, (DONE,), (*placed("a", "a"), here), zones=("a", "b")), 0)
    assert [stop.task[0] for stop in decision.stop] == ["a"]


def test_a_deployment_comes_before_the_balance() -> None:
    assert decide(ServiceView(2, (NEW,), placed("a", "a"), zones=ZONES), 0) == Decision(complete=True, steady=True)
    waiting = DeploymentView("new", in_progress=False, retry_at=5)
    assert decide(ServiceView(2, (waiting,), placed("a", "a"), zones=ZONES), 0).start == 0


def test_protected_tasks_are_not_moved() -> None:
    tasks = placed("a", "a", protected=True)
    assert decide(ServiceView(2, (DONE,), tasks, zones=ZONES), 0).steady


def test_scaling_in_takes_from_the_fullest_zone() -> None:
    decision = decide(ServiceView(2, (NEW,), placed("a", "b", "b", "b")), 0)
    assert [stop.task[0] for stop in decision.stop] == ["b", "b"]


@given(st.lists(st.sampled_from(ZONES), min_size=1, max_size=12), st.integers(101, 300))
def test_every_spread_is_balanced_in_the_end_and_never_below_the_desired_count(drawn: list[str], most: int) -> None:
    desired = len(drawn)
    tasks = {each.id: each for each in placed(*drawn)}
    for step in range(200):
        view = ServiceView(desired, (DONE,), tuple(tasks.values()), 100, most, zones=ZONES)
        decision = decide(view, step)
        if decision.steady:
            break
        for stop in decision.stop:
            del tasks[stop.task]
        for number in range(decision.start):
            name = f"new{step}-{number}"
            tasks[name] = TaskView(name, "new", zone=decision.rebalance, created=100 + step)
        assert len(tasks) <= max(view.ceiling, desired)
        assert sum(each.healthy for each in tasks.values()) >= desired
        if not decision.start and not decision.stop:  # what was started becomes healthy
            tasks = {
                name: TaskView(name, "new", True, True, "", each.created, zone=each.zone)
                for name, each in tasks.items()
            }
    if math.floor(desired * most / 100) > desired:
        assert emptiest_zone(list(tasks.values()), ZONES) == ""
    assert len(tasks) == desired
