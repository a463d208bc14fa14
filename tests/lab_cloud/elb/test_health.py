import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.elb.health import (
    EAGER,
    HEALTHY,
    INITIAL,
    START_ALLOWANCE,
    Outcome,
    Record,
    TargetHealth,
    matches,
    pause,
    real_interval,
    step,
)
from lab_cloud.elb.model import HealthCheck

CHECK = HealthCheck(healthy_threshold=3, unhealthy_threshold=2)
OK = Outcome("answered", 200)
ERROR = Outcome("answered", 500)
REFUSED = Outcome("refused")
TIMEOUT = Outcome("timeout")


def run(*outcomes: Outcome, check: HealthCheck = CHECK, every: float = 1.0, record: Record | None = None) -> Record:
    record = record or Record()
    for number, outcome in enumerate(outcomes):
        record = step(record, outcome, check, now=100 + number * every, registered=90.0, interval=1.0)
    return record


def test_a_new_target_is_healthy_after_one_success() -> None:
    assert run(OK).health == HEALTHY


def test_a_new_target_is_unhealthy_only_after_the_threshold() -> None:
    assert run(ERROR).health == INITIAL
    assert run(ERROR, ERROR).health == TargetHealth(
        "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [500]"
    )


def test_checks_that_follow_fast_count_once_per_interval_while_initial() -> None:
    assert run(ERROR, ERROR, ERROR, ERROR, every=0.1).health == INITIAL
    assert run(ERROR, ERROR, ERROR, ERROR, every=0.25).health.state == "initial"
    assert run(ERROR, ERROR, ERROR, ERROR, ERROR, every=0.25).health.state == "unhealthy"


def test_a_healthy_target_needs_failures_in_a_row() -> None:
    assert run(OK, ERROR, OK, ERROR).health == HEALTHY
    assert run(OK, ERROR, ERROR).health.state == "unhealthy"


def test_an_unhealthy_target_needs_the_healthy_threshold() -> None:
    down = run(OK, TIMEOUT, TIMEOUT)
    assert down.health.reason == "Target.Timeout"
    assert run(OK, OK, record=down).health.state == "unhealthy"
    assert run(OK, OK, ERROR, OK, OK, record=down).health.state == "unhealthy"
    assert run(OK, OK, OK, record=down).health == HEALTHY


def test_the_reason_follows_the_latest_failure() -> None:
    assert run(OK, ERROR, ERROR, TIMEOUT).health.reason == "Target.Timeout"
    assert run(OK, ERROR, ERROR, REFUSED).health == TargetHealth(
        "unhealthy", "Target.FailedHealthChecks", "Health checks failed"
    )
    hint = Outcome("timeout", hint="Security group sg-1 (web) has no inbound rule")
    assert "sg-1" in (run(OK, hint, hint).health.description or "")


def test_a_port_that_opens_late_is_not_held_against_a_new_target() -> None:
    record = Record()
    for tenth in range(round(START_ALLOWANCE * 10)):
        record = step(record, REFUSED, CHECK, now=tenth / 10, registered=0.0, interval=0.5)
    assert record.health == INITIAL
    assert record.failures == 0
    for tenth in range(round(START_ALLOWANCE * 10), round(START_ALLOWANCE * 10) + 7):
        record = step(record, REFUSED, CHECK, now=tenth / 10, registered=0.0, interval=0.5)
    assert record.health.state == "unhealthy"


def test_a_new_target_is_looked_at_often_until_it_answers() -> None:
    assert pause(Record(), REFUSED, tries=0, age=0.0, interval=0.5) == EAGER
    assert pause(Record(), REFUSED, tries=50, age=2.0, interval=0.5) < 0.1
    assert pause(Record(HEALTHY), OK, tries=1, age=0.1, interval=0.5) == 0.5
    assert pause(Record(), REFUSED, tries=50, age=START_ALLOWANCE + 1, interval=0.5) == 0.5


@pytest.mark.parametrize(
    ("matcher", "code", "expected"),
    [
        ("200", 200, True),
        ("200", 201, False),
        ("200-299", 204, True),
        ("200-299", 300, False),
        ("200,302", 302, True),
        ("200,300-399", 304, True),
        ("200, 302", 302, True),
        ("nonsense", 200, False),
    ],
)
def test_matcher(matcher: str, code: int, expected: bool) -> None:
    assert matches(matcher, code) is expected


def test_a_tcp_check_asks_for_no_code() -> None:
    assert run(Outcome("answered"), check=HealthCheck(protocol="TCP")).health == HEALTHY


@pytest.mark.parametrize(("seconds", "speed", "expected"), [(30, 60, 0.5), (30, 1, 30), (5, 60, 0.25), (5, 1000, 0.25)])
def test_the_interval_is_divided_by_the_speed_but_not_below_a_quarter_second(
    seconds: float, speed: float, expected: float
) -> None:
    assert real_interval(HealthCheck(interval=seconds), speed) == expected


outcomes = st.sampled_from([OK, ERROR, REFUSED, TIMEOUT, Outcome("failed")])
checks = st.builds(HealthCheck, healthy_threshold=st.integers(2, 10), unhealthy_threshold=st.integers(2, 10))


@given(st.lists(outcomes, max_size=60), checks)
def test_no_state_changes_before_its_threshold(some: list[Outcome], check: HealthCheck) -> None:
    record, successes, failures, was_down = Record(), 0, 0, False
    for number, outcome in enumerate(some):
        before = record.health.state
        record = step(record, outcome, check, now=100.0 + number, registered=0.0, interval=1.0)
        successes = successes + 1 if outcome is OK else 0
        failures = 0 if outcome is OK else failures + 1
        if before != "unhealthy" and record.health.state == "unhealthy":
            assert failures >= check.unhealthy_threshold
        if before == "unhealthy" and record.health.state == "healthy":
            assert successes >= check.healthy_threshold
        if outcome is OK and not was_down:
            assert record.health.state == "healthy"
        was_down = record.health.state == "unhealthy"


@given(st.lists(outcomes, max_size=30), checks)
def test_enough_of_the_same_always_decides(some: list[Outcome], check: HealthCheck) -> None:
    record = run(*some, check=check)
    assert run(*[OK] * check.healthy_threshold, check=check, record=record).health == HEALTHY
    later = record
    for number in range(check.unhealthy_threshold + 1):
        later = step(later, ERROR, check, now=1000.0 + number, registered=0.0, interval=1.0)
    assert later.health.state == "unhealthy"
