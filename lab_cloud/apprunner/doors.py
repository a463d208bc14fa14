"""The service URLs: each service has its own loopback port, served by the load balancers' data plane.

On AWS the URL speaks HTTPS; here it speaks HTTP on loopback, and instances are told what AWS would tell them
(``X-Forwarded-Proto: https``). The pages for a service that has no instances, or too many requests, are this cloud's.

References
----------
https://docs.aws.amazon.com/apprunner/latest/dg/develop.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..elb.counters import Counters
from ..elb.listening import Deed, Fixed, Forward, Listening
from ..elb.messages import page
from ..elb.model import HealthCheck, TargetGroup
from ..elb.plane import DataPlane, Door, Ports
from ..elb.probes import Prober
from ..elb.targets import Target, TargetRegistry
from ..network.addresses import AddressBook
from ..world import World

REQUEST_SECONDS = 120.0
"""Real seconds that a request may take, as on AWS."""
DRAIN_SECONDS = 30.0


@dataclass(frozen=True)
class DoorPlan:
    """What a service's URL does.

    Parameters
    ----------
    key : str
        Stands for it across restarts: its region and name.
    name, url : str
        The service's.
    group : str
        The instances that get the requests; empty when none do.
    limit : int
        Requests at once; the next one is answered with 429.
    closed : str
        Why nobody answers, when `group` is empty.
    """

    key: str
    name: str
    url: str
    group: str = ""
    limit: int = 0
    closed: str = ""


class Doors:
    """The data plane of App Runner.

    Parameters
    ----------
    world : World
        Whose loop serves.
    book : AddressBook
        Where instances really listen.
    home : Path or None
        The folder `.lab/`, where ports are remembered.
    """

    def __init__(self, world: World, book: AddressBook, home: Path | None) -> None:
        self._world = world
        self._book = book
        self.targets = TargetRegistry(world.clock)
        self._prober = Prober(self.targets, book, world.clock.speed)
        self.targets.on_change = world.wake
        self.targets.on_register = self._prober.notice
        self._plane = DataPlane(book, world.spawn, self._prober.hint)
        self._ports = Ports(home, "apprunner-ports.json")
        self._doors: dict[str, Door] = {}
        self._plans: dict[str, DoorPlan] = {}
        self._groups: dict[str, TargetGroup] = {}
        self.counters: dict[str, Counters] = {}

    def start(self) -> None:
        """Begin to check instances; once the world has its loop."""
        self._world.spawn(self._prober.start)

    def close(self) -> None:
        """Give the ports back; the server's loop has ended already."""
        for door in self._doors.values():
            door.sock.close()
        self._doors.clear()

    def apply(self, plans: Mapping[str, DoorPlan], groups: Mapping[str, TargetGroup]) -> None:
        """Be as planned.

        Parameters
        ----------
        plans : mapping
            By the service's ARN.
        groups : mapping
            The health checks of each release's instances, by what stands for them.
        """
        if groups != self._groups:
            self._groups = dict(groups)
            self.targets.configure(self._groups, self._groups)
        for arn in [arn for arn in self._doors if arn not in plans]:
            self._plane.close(self._doors.pop(arn))
            del self._plans[arn], self.counters[arn]
        for arn, plan in plans.items():
            if self._plans.get(arn) == plan:
                continue
            counters = self.counters.setdefault(arn, Counters())
            listening = self._listening(plan, counters)
            door = self._doors.get(arn)
            if door is None:
                door = self._doors[arn] = Door(plan.key, self._ports.bind(plan.key), listening)
                self._plane.open(door)
            else:
                door.change(listening)
            self._plans[arn] = plan

    def url(self, arn: str) -> tuple[str, str]:
        """The URL that works from here, and why no instance answers there, or an empty text."""
        return f"http://127.0.0.1:{self._doors[arn].port}/", self._plans[arn].closed

    def add(self, group: str, address: str, port: int, loopback: int) -> None:
        """An instance listens: check it, and let it have requests once it is healthy."""
        self._book.add(address, port, loopback)
        self.targets.register(group, address, port)

    def drain(self, group: str, address: str) -> None:
        """Send an instance no more requests."""
        self.targets.deregister(group, address)

    def remove(self, address: str) -> None:
        """An instance has ended."""
        self._book.remove(address)

    def target(self, group: str, address: str, port: int) -> Target | None:
        """An instance as the data plane knows it."""
        return self.targets.group(group).targets.get((address, port)) if group in self._groups else None

    def in_flight(self, group: str) -> int:
        """Requests that a release's instances are answering."""
        return sum(one.in_flight for one in list(self.targets.group(group).targets.values()))

    def _listening(self, plan: DoorPlan, counters: Counters) -> Listening:
        action: Deed = Fixed(404, b"text/html", page(404, plan.closed))
        if plan.group:
            action = Forward(((self.targets.group(plan.group), 1),), limit=plan.limit)
        return Listening(
            balancer=plan.name,
            dns_name=plan.url.encode(),
            port=443,
            action=action,
            counters=counters,
            scheme=b"https",
            idle_timeout=REQUEST_SECONDS,
        )


def group_of(name: str, key: str, port: int, check: Mapping[str, Any]) -> TargetGroup:
    """A release's instances as the data plane takes them.

    Parameters
    ----------
    name, key : str
        The service's name, and what stands for the release.
    port : int
        The instances' port.
    check : mapping
        ``HealthCheckConfiguration``.
    """
    return TargetGroup(
        arn=key,
        name=name,
        port=port,
        check=HealthCheck(
            protocol=check["Protocol"],
            path=check["Path"],
            matcher="200-399",
            interval=float(check["Interval"]),
            timeout=float(check["Timeout"]),
            healthy_threshold=check["HealthyThreshold"],
            unhealthy_threshold=check["UnhealthyThreshold"],
        ),
        deregistration_delay=DRAIN_SECONDS,
        algorithm="least_outstanding_requests",
    )
