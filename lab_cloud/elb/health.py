"""When is a target healthy? Thresholds, matchers and reasons, decided without any I/O.

A new target is healthy after one check that succeeds, and unhealthy after as many failures in a row as the target
group's unhealthy threshold says. From then on the healthy threshold counts.

A container needs real time to start, however short AWS's waiting is made. So while a target is `initial` it is looked
at more often than its interval says, but only one failure per interval is held against it; and a port that nobody has
opened yet is not held against it at all for the first `START_ALLOWANCE` seconds.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from .model import HealthCheck

State = Literal["initial", "healthy", "unhealthy", "unused", "draining", "unavailable"]
Kind = Literal["answered", "timeout", "refused", "failed"]

START_ALLOWANCE = 5.0
"""Real seconds that a new target may take to open its port."""
SHORTEST_INTERVAL = 0.25
"""Real seconds; checks never follow each other faster, whatever the speed."""
EAGER = 0.02
EAGER_LIMIT = 0.08


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """The health of a target, in the words of DescribeTargetHealth."""

    state: State
    reason: str | None = None
    description: str | None = None


REGISTERING = TargetHealth("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
INITIAL = TargetHealth("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
HEALTHY = TargetHealth("healthy")
DRAINING = TargetHealth("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
NOT_REGISTERED = TargetHealth("unused", "Target.NotRegistered", "Target is not registered to the target group")
NOT_IN_USE = TargetHealth(
    "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
)
UNCHECKED = TargetHealth(
    "unavailable", "Target.HealthCheckDisabled", "Health checks are disabled for this target group"
)


def halted(state: str) -> TargetHealth:
    """The health of an instance that does not run."""
    return TargetHealth("unused", "Target.InvalidState", f"Target is in the {state} state")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one health check met.

    Parameters
    ----------
    kind : str
        ``answered``, ``timeout``, ``refused`` (nobody listens) or ``failed`` (reset, or an answer that is not HTTP).
    code : int
        The HTTP status of an answer; 0 for a TCP check.
    hint : str
        Why nothing could arrive, in words for the learner; empty when the target itself is at fault.
    """

    kind: Kind
    code: int = 0
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A target's health with what led to it.

    Parameters
    ----------
    health : TargetHealth
        What callers see.
    successes, failures : int
        Checks in a row with this result.
    counted : float or None
        When the last failure was held against it, in the caller's clock; None when none was.
    """

    health: TargetHealth = INITIAL
    successes: int = 0
    failures: int = 0
    counted: float | None = None


def step(
    record: Record, outcome: Outcome, check: HealthCheck, *, now: float, registered: float, interval: float
) -> Record:
    """The record after one more check.

    Parameters
    ----------
    record : Record
        What is known so far.
    outcome : Outcome
        What the check met.
    check : HealthCheck
        The target group's settings.
    now, registered : float
        The time of the check, and of the target's registration, in seconds of one clock.
    interval : float
        Real seconds between two checks.
    """
    if succeeded(outcome, check):
        return _success(record, check)
    if record.health.state == "initial" and not _counts(record, outcome, now, registered, interval):
        return replace(record, successes=0)
    failures = record.failures + 1
    health = record.health
    if health.state == "unhealthy" or failures >= check.unhealthy_threshold:
        health = unhealthy(outcome)
    return Record(health, 0, failures, now)


def succeeded(outcome: Outcome, check: HealthCheck) -> bool:
    """Does this outcome count as a success?"""
    if outcome.kind != "answered":
        return False
    return check.protocol not in ("HTTP", "HTTPS") or matches(check.matcher, outcome.code)


def unhealthy(outcome: Outcome) -> TargetHealth:
    """The state `unhealthy`, with AWS's reason for this outcome."""
    if outcome.kind == "answered":
        description = f"Health checks failed with these codes: [{outcome.code}]"
        return TargetHealth("unhealthy", "Target.ResponseCodeMismatch", description)
    if outcome.kind == "timeout":
        hint = f" ({outcome.hint})" if outcome.hint else ""
        return TargetHealth("unhealthy", "Target.Timeout", f"Request timed out{hint}")
    return TargetHealth("unhealthy", "Target.FailedHealthChecks", "Health checks failed")


def pause(record: Record, outcome: Outcome, *, tries: int, age: float, interval: float) -> float:
    """Real seconds until the next check.

    Parameters
    ----------
    record : Record
        What is known after the last check.
    outcome : Outcome
        What the last check met.
    tries : int
        Checks since the registration.
    age : float
        Real seconds since the registration.
    interval : float
        Real seconds between two checks.
    """
    if record.health.state != "initial" or age > START_ALLOWANCE:
        return interval
    eager = min(EAGER_LIMIT, EAGER * 1.3 ** min(tries, 20))
    return min(interval, eager if outcome.kind == "refused" else 2 * eager)


def real_interval(check: HealthCheck, speed: float) -> float:
    """Real seconds between two checks: AWS's interval divided by the speed, but not below a quarter of a second."""
    return max(SHORTEST_INTERVAL, check.interval / speed)


def matches(matcher: str, code: int) -> bool:
    """Is this HTTP code one of those that count as success?

    >>> matches("200,300-399", 302)
    True
    """
    return any(low <= code <= high for low, high in _ranges(matcher))


@lru_cache(maxsize=256)
def _ranges(matcher: str) -> tuple[tuple[int, int], ...]:
    found = []
    for part in matcher.replace(" ", "").split(","):
        low, _, high = part.partition("-")
        if low.isdecimal() and (not high or high.isdecimal()):
            found.append((int(low), int(high or low)))
    return tuple(found)


def _success(record: Record, check: HealthCheck) -> Record:
    successes = record.successes + 1
    if record.health.state == "unhealthy" and successes < check.healthy_threshold:
        return replace(record, successes=successes, failures=0)
    return Record(HEALTHY, successes)


def _counts(record: Record, outcome: Outcome, now: float, registered: float, interval: float) -> bool:
    if outcome.kind == "refused" and now - registered < START_ALLOWANCE:
        return False
    return record.counted is None or now - record.counted >= 0.9 * interval
