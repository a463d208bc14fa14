"""How calls that fail are tried again and given up, by a clock that is moved by hand."""

import json
import threading
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.clock import ManualClock
from lab_cloud.events.counters import Counters
from lab_cloud.events.delivery import Deliveries
from lab_cloud.events.event import made
from lab_cloud.events.outside import Failed, Order
from lab_cloud.events.pattern import read
from lab_cloud.events.retry import LONGEST_WAIT, Policy, wait
from lab_cloud.events.router import Router
from lab_cloud.events.store import EventStore, Rule
from lab_cloud.events.trail import Trail
from lab_cloud.world import World


class Stubborn:
    """Targets that fail so many times."""

    def __init__(self, failures: int, again: bool = True) -> None:
        self.failures, self.again = failures, again
        self.calls = 0
        self.dead: list[dict[str, str]] = []

    def call(self, order: Order) -> dict[str, Any]:
        self.calls += 1
        if self.calls <= self.failures:
            raise Failed("ERROR_FROM_TARGET", "not now", again=self.again)
        return {}

    def bury(self, order: Order, queue: str, attributes: dict[str, str]) -> None:
        self.dead.append(attributes)


def delivered(targets: Stubborn, policy: dict[str, int], seconds: int = 3600) -> list[str]:
    """Send one event with such a policy, live on for so long, and tell the steps of its path."""
    clock = ManualClock(60.0)
    world, trail, store = World(clock), Trail(), EventStore()
    deliveries = Deliveries(world, targets, trail)
    router = Router(clock, store, deliveries, trail, Counters(threading.RLock()))
    rule = Rule("r", "default", "rule-arn", "1", pattern=read('{"source": ["s"]}'))
    rule.targets["t"] = {"Arn": "target-arn", "RetryPolicy": policy, "DeadLetterConfig": {"Arn": "grave"}}
    store.region("us-east-1").find(None).rules["r"] = rule
    event = made("us-east-1", "s", "t", {}, clock.now())
    assert router.accept("us-east-1", "default", event) == ["r"]
    for _ in range(seconds):
        deliveries.tick(clock.now())
        if not deliveries.waiting:
            break
        clock.advance(1.0)
    assert not deliveries.waiting
    (path,) = trail.shown()["paths"]
    return [step["step"] for step in path["steps"]]


def test_a_target_that_recovers_gets_the_event() -> None:
    targets = Stubborn(3)
    assert delivered(targets, {})[-1] == "target called"
    assert (targets.calls, targets.dead) == (4, [])


def test_attempts_run_out() -> None:
    targets = Stubborn(99)
    assert delivered(targets, {"MaximumRetryAttempts": 2})[-2:] == ["target failed", "dead letter kept"]
    assert targets.calls == 3
    assert targets.dead == [
        {
            "RULE_ARN": "rule-arn",
            "TARGET_ARN": "target-arn",
            "ERROR_CODE": "ERROR_FROM_TARGET",
            "ERROR_MESSAGE": "not now",
            "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
            "RETRY_ATTEMPTS": "2",
        }
    ]


def test_age_runs_out() -> None:
    targets = Stubborn(10_000)
    delivered(targets, {"MaximumEventAgeInSeconds": 60})
    assert targets.dead[0]["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"


def test_what_cannot_help_is_not_tried_again() -> None:
    targets = Stubborn(1, again=False)
    delivered(targets, {})
    assert targets.calls == 1
    assert "RETRY_ATTEMPTS" not in targets.dead[0]


class Moody:
    """A target that takes one call in three, and keeps in mind which events came."""

    def __init__(self) -> None:
        self.calls = 0
        self.came: list[int] = []
        self.dead: list[int] = []

    def call(self, order: Order) -> dict[str, Any]:
        self.calls += 1
        if self.calls % 3:
            raise Failed("ERROR_FROM_TARGET", "not now", again=True)
        self.came.append(json.loads(order.payload)["detail"]["n"])
        return {}

    def bury(self, order: Order, queue: str, attributes: dict[str, str]) -> None:
        self.dead.append(json.loads(order.payload)["detail"]["n"])


def test_of_a_thousand_events_each_arrives_once_or_is_a_dead_letter() -> None:
    clock, moody = ManualClock(60.0), Moody()
    world, trail, store = World(clock), Trail(), EventStore()
    deliveries = Deliveries(world, moody, trail)
    router = Router(clock, store, deliveries, trail, Counters(threading.RLock()))
    rule = Rule("r", "default", "rule-arn", "1", pattern=read('{"source": ["s"]}'))
    rule.targets["t"] = {"Arn": "a", "RetryPolicy": {"MaximumRetryAttempts": 1}, "DeadLetterConfig": {"Arn": "grave"}}
    store.region("us-east-1").find(None).rules["r"] = rule
    for number in range(1000):
        router.accept("us-east-1", "default", made("us-east-1", "s", "t", {"n": number}, clock.now()))
    while deliveries.waiting:
        deliveries.tick(clock.advance(0.1))
    assert sorted(moody.came + moody.dead) == list(range(1000))
    assert len(moody.came) > 100
    assert len(moody.dead) > 100


@given(st.integers(0, 500), st.floats(0, 1))
def test_waits_grow_and_stay_bounded(retries: int, chance: float) -> None:
    assert 0 < wait(retries, chance) <= LONGEST_WAIT
    assert wait(retries, chance) <= wait(retries + 1, chance)


@given(st.integers(0, 200), st.floats(0, 100_000))
def test_a_policy_ends_by_one_of_its_limits(retries: int, age: float) -> None:
    policy = Policy.of({"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": 600})
    assert bool(policy.exhausted(retries, age)) == (retries >= 10 or age >= 600)
