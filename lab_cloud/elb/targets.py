"""Which targets are registered, and what is known of each.

The registry is the one truth about targets. API calls and the ECS scheduler register and deregister; health checks
report; the load balancers' data plane asks a group for its next target. It has its own short lock, held for no I/O.
"""

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..clock import Clock
from . import health
from .counters import SAMPLES, Counters
from .health import Outcome, Record, TargetHealth
from .model import TargetGroup

Key = tuple[str, int]
Place = tuple[str, str, int]
RUNNING, ENDED = ("pending", "running"), ("shutting-down", "terminated")
"""States of instances."""


class Target:
    """One address and port in one target group. Read freely; change only through the registry."""

    __slots__ = (
        "barrier", "check_barrier", "counters", "drain_limit", "drain_until", "gone", "group", "halted", "in_flight",
        "ip", "port", "record", "registered", "tries", "zone",
    )  # fmt: skip

    def __init__(self, group: "Group", ip: str, port: int, zone: str | None) -> None:
        self.group = group
        self.ip = ip
        self.port = port
        self.zone = zone
        self.record = Record()
        self.registered: float | None = None  # when checks began, in the prober's clock
        self.tries = 0
        self.in_flight = 0
        self.barrier = ""  # why a security group keeps the load balancer out; empty when it does not
        self.check_barrier = ""  # the same, on the port of health checks
        self.halted = ""  # the state of an instance that does not run
        self.drain_until: float | None = None
        self.drain_limit = 0.0
        self.gone = False
        self.counters = Counters()

    @property
    def draining(self) -> bool:
        """Whether it has been deregistered and only finishes what it has begun."""
        return self.drain_until is not None

    @property
    def health(self) -> TargetHealth:
        """The health as DescribeTargetHealth shows it."""
        if self.draining:
            return health.DRAINING
        if self.halted:
            return health.halted(self.halted)
        if not self.group.in_use:
            return health.NOT_IN_USE
        if not self.group.config.check.enabled:
            return health.UNCHECKED
        return self.record.health

    @property
    def check_port(self) -> int:
        """The port that health checks ask."""
        port = self.group.config.check.port
        return int(port) if port.isdecimal() else self.port


class Group:
    """A target group's targets, and whose turn it is."""

    __slots__ = ("_turn", "config", "counters", "in_use", "ready", "targets")

    def __init__(self, config: TargetGroup) -> None:
        self.config = config
        self.in_use = False
        self.targets: dict[Key, Target] = {}
        self.ready: tuple[Target, ...] = ()
        self.counters = Counters(SAMPLES)
        self._turn = 0

    def choose(self) -> Target | None:
        """The target that gets the next request: one of the healthy ones, or of all when none is healthy.

        By turns (``round_robin``), by chance (``weighted_random``; all weights are equal, since anomalies are not
        looked for), or the one with the fewest open requests (``least_outstanding_requests``). Slow start and
        zones are not carried out: a new target gets its full share at once, wherever it is.
        """
        ready = self.ready
        if not ready:
            return None
        algorithm = self.config.algorithm
        turn = self._turn = (self._turn + 1) % len(ready)
        if algorithm == "round_robin":
            return ready[turn]
        if algorithm == "weighted_random":
            return random.choice(ready)  # noqa: S311 - a fair share is no secret
        return min(ready[turn:] + ready[:turn], key=lambda target: target.in_flight)

    def refresh(self) -> None:
        """Work out again who may get requests."""
        candidates = [target for target in self.targets.values() if not target.draining and not target.halted]
        fit = [target for target in candidates if target.health.state in ("healthy", "unavailable")]
        self.ready = tuple(fit or candidates)


@dataclass(frozen=True, slots=True)
class TargetState:
    """A target as it stands now, for callers outside."""

    ip: str
    port: int
    zone: str | None
    check_port: int
    health: TargetHealth
    in_flight: int


class TargetRegistry:
    """All target groups' targets.

    Parameters
    ----------
    clock : Clock
        Gives the time and the speed; the deregistration delay is divided by it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._groups: dict[str, Group] = {}
        self._draining = 0
        self.version = 0  # counts registrations and departures, so that readers notice them cheaply
        self.on_change: Callable[[], None] = lambda: None
        self.on_register: Callable[[], None] = lambda: None

    def register(self, group_arn: str, ip: str, port: int, zone: str | None = None) -> None:
        """Add a target, or take it back when it is draining; registering twice changes nothing.

        Parameters
        ----------
        group_arn : str
            The target group.
        ip : str
            An address in the VPC, or an instance's id.
        port : int
            The port that gets the requests.
        zone : str, optional
            The Availability Zone.
        """
        with self._lock:
            group = self._group(group_arn)
            known = group.targets.get((ip, port))
            if known is not None and not known.draining:
                return
            if known is not None:
                self._draining -= 1
                known.gone = True
            group.targets[ip, port] = Target(group, ip, port, zone)
            group.refresh()
            self.version += 1
        self.on_register()

    def deregister(self, group_arn: str, ip: str, port: int | None = None) -> None:
        """Send no new request to a target; it stays `draining` for the group's deregistration delay.

        Parameters
        ----------
        group_arn, ip : str
            As for `register`. A target that is not there is no error, as on AWS.
        port : int, optional
            None means every port of this address.
        """
        with self._lock:
            group = self._groups.get(group_arn)
            if group is None:
                return
            now = self._clock.now()
            delay = group.config.deregistration_delay
            for target in list(group.targets.values()):
                if target.ip != ip or port not in (None, target.port) or target.draining:
                    continue
                if not group.in_use or (delay == 0 and not target.in_flight):
                    target.gone = True
                    del group.targets[target.ip, target.port]
                else:
                    target.drain_until = now + self._clock.real(delay)
                    target.drain_limit = now + delay
                    self._draining += 1
            group.refresh()
            self.version += 1

    def health(self, group_arn: str, ip: str, port: int) -> TargetHealth | None:
        """The health of one target; None when it is not registered, or has drained away."""
        group = self._groups.get(group_arn)
        target = group.targets.get((ip, port)) if group is not None else None
        return target.health if target is not None else None

    def states(self, group_arn: str) -> list[TargetState]:
        """All targets of a group, in the order of their registration."""
        with self._lock:
            group = self._groups.get(group_arn)
            targets = list(group.targets.values()) if group is not None else []
            return [
                TargetState(one.ip, one.port, one.zone, one.check_port, one.health, one.in_flight) for one in targets
            ]

    def group(self, group_arn: str) -> Group:
        """The live group, for the data plane; made when it is not known yet."""
        with self._lock:
            return self._group(group_arn)

    def configure(self, groups: Mapping[str, TargetGroup], in_use: Iterable[str]) -> None:
        """Take over target groups' settings, and forget the groups that were deleted.

        Parameters
        ----------
        groups : mapping
            The settings by ARN.
        in_use : iterable of str
            ARNs of the groups that some listener forwards to.
        """
        used = frozenset(in_use)
        with self._lock:
            for arn in [arn for arn in self._groups if arn not in groups]:
                for target in self._groups.pop(arn).targets.values():
                    target.gone = True
                    self._draining -= target.draining
                self.version += 1
            for arn, config in groups.items():
                group = self._group(arn)
                group.config = config
                if group.in_use != (arn in used):
                    group.in_use = arn in used
                    for target in group.targets.values():
                        target.record, target.registered, target.tries = Record(), None, 0
                group.refresh()
        self.on_register()

    def set_barriers(self, barriers: Mapping[Place, tuple[str, str]]) -> None:
        """Note which targets a security group keeps the load balancer from.

        Parameters
        ----------
        barriers : mapping
            (group ARN, ip, port) to the reasons on the traffic's port and on that of health checks; empty where open.
        """
        with self._lock:
            for arn, group in self._groups.items():
                for target in group.targets.values():
                    target.barrier, target.check_barrier = barriers.get((arn, target.ip, target.port), ("", ""))

    def note_instances(self, states: Mapping[str, str]) -> None:
        """Leave out the instances that do not run, and begin to drain those that are no more.

        Parameters
        ----------
        states : mapping
            EC2's word for the state of each instance, by id.
        """
        with self._lock:
            targets = [one for one in self._targets() if one.ip.startswith("i-") and not one.draining]
            for target in targets:
                state = states.get(target.ip, "terminated")
                if state in ENDED:
                    self.deregister(target.group.config.arn, target.ip)
                    continue
                halted = "" if state in RUNNING else state
                if target.halted != halted:
                    target.halted, target.record, target.tries = halted, Record(), 0
                    target.group.refresh()

    def report(self, target: Target, outcome: Outcome, now: float) -> None:
        """Take in one health check's outcome; `now` is in the prober's clock."""
        with self._lock:
            if target.gone or target.draining or not target.group.in_use:
                return
            config = target.group.config
            before = target.record.health
            began = target.registered if target.registered is not None else now
            interval = health.real_interval(config.check, self._clock.speed)
            target.record = health.step(
                target.record, outcome, config.check, now=now, registered=began, interval=interval
            )
            target.tries += 1
            changed = before != target.record.health
            if changed:
                target.group.refresh()
        if changed:
            self.on_change()

    def expire(self, now: float) -> bool:
        """Let go of targets that have drained; True when there were any.

        A request that is still being answered is waited for, up to the real (undivided) deregistration delay.
        """
        if not self._draining:
            return False
        with self._lock:
            done = [
                target
                for target in self._targets()
                if target.drain_until is not None
                and now >= target.drain_until
                and (not target.in_flight or now >= target.drain_limit)
            ]
            for target in done:
                target.gone = True
                del target.group.targets[target.ip, target.port]
            self._draining -= len(done)
            self.version += bool(done)
        return bool(done)

    def checked(self) -> list[Target]:
        """The targets whose health has to be checked."""
        with self._lock:
            return [
                target
                for target in self._targets()
                if target.group.in_use and target.group.config.check.enabled
                if not target.draining and not target.halted
            ]

    def places(self) -> list[tuple[str, str, int, int]]:
        """Of each registered target: its group's ARN, its address, its port, and the port of its health checks."""
        with self._lock:
            return [(one.group.config.arn, one.ip, one.port, one.check_port) for one in self._targets()]

    def healthy_hosts(self, group_arn: str) -> tuple[int, int]:
        """How many targets of a group are healthy, and how many unhealthy."""
        states = [state.health.state for state in self.states(group_arn)]
        return states.count("healthy"), states.count("unhealthy")

    def _targets(self) -> Iterator[Target]:
        for group in self._groups.values():
            yield from group.targets.values()

    def _group(self, arn: str) -> Group:
        group = self._groups.get(arn)
        if group is None:
            group = self._groups[arn] = Group(TargetGroup(arn, arn))
        return group
