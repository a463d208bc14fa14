"""A system of several parts as it is in the account: what serves, what works, what starts by the clock.

Only what the APIs say counts: no part is known by its name.
"""

from dataclasses import dataclass

SERVES, MANAGED, WORKS = "web service", "Express service", "worker service"


@dataclass(frozen=True)
class Door:
    """Where requests come in.

    Parameters
    ----------
    kind : str
        In AWS's words.
    name : str
        The load balancer's name, or the host name of an Express service.
    port : int
        The listener's.
    path : str
        The path that leads to the service; ``/`` when all do.
    group : str
        The ARN of the target group.
    """

    kind: str
    name: str
    port: int = 80
    path: str = "/"
    group: str = ""

    @property
    def address(self) -> str:
        """What `lab.url` takes."""
        return self.name if self.kind == MANAGED else f"{self.name}:{self.port}"


@dataclass(frozen=True)
class Service:
    """An ECS service.

    Parameters
    ----------
    cluster, name : str
        Their names.
    desired, running : int
        Tasks that are wanted, and that run.
    images : tuple of str
        Those of its containers.
    own : bool
        Whether one of them comes from a repository of this account.
    on : str
        What its tasks run on: ``Fargate``, ``Fargate Spot``, ``EC2``, or a capacity provider.
    managed : bool
        Whether Express Mode has made it.
    door : Door, optional
        Where requests come in; None for a worker.
    queues : tuple of str
        The queues that its settings name.
    """

    cluster: str
    name: str
    desired: int
    running: int
    images: tuple[str, ...] = ()
    own: bool = False
    on: str = "Fargate"
    managed: bool = False
    door: Door | None = None
    queues: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What it is for."""
        return MANAGED if self.managed else SERVES if self.door else WORKS


@dataclass(frozen=True)
class Queue:
    """An SQS queue.

    Parameters
    ----------
    name, url : str
        Its name and its address.
    waiting : int
        About how many messages wait.
    grave : str
        The name of its dead-letter queue; empty when it has none.
    """

    name: str
    url: str
    waiting: int = 0
    grave: str = ""


@dataclass(frozen=True)
class Timer:
    """A schedule, or a rule with a schedule, that starts tasks.

    Parameters
    ----------
    kind, name : str
        ``schedule`` or ``rule``, and its name.
    expression : str
        When it fires.
    enabled : bool
        Whether it fires at all.
    cluster, family : str
        Where it starts which task definition.
    """

    kind: str
    name: str
    expression: str
    enabled: bool
    cluster: str
    family: str

    @property
    def started_by(self) -> str:
        """What its tasks show as ``startedBy``."""
        return f"{'chronos-schedule' if self.kind == 'schedule' else 'events-rule'}/{self.name}"[:128]


@dataclass(frozen=True)
class System:
    """All of it. `kubernetes` are the names of EKS clusters, `graves` those queues that only take dead letters."""

    services: tuple[Service, ...] = ()
    queues: tuple[Queue, ...] = ()
    graves: tuple[Queue, ...] = ()
    timers: tuple[Timer, ...] = ()
    kubernetes: tuple[str, ...] = ()

    @property
    def webs(self) -> tuple[Service, ...]:
        """Services behind a load balancer of the learner's own."""
        return tuple(one for one in self.services if one.kind == SERVES)

    @property
    def managed(self) -> tuple[Service, ...]:
        """What Express Mode has made."""
        return tuple(one for one in self.services if one.kind == MANAGED)

    @property
    def workers(self) -> tuple[Service, ...]:
        """Services that nobody sends requests to."""
        return tuple(one for one in self.services if one.kind == WORKS)

    @property
    def empty(self) -> bool:
        """Whether nothing of a system is there."""
        return not (self.services or self.queues or self.timers or self.kubernetes)


def in_words(system: System) -> str:
    """The system as text."""
    if system.empty:
        return "Nothing of your system is there yet."
    lines = []
    for one in (*system.webs, *system.managed, *system.workers):
        image = "your own image" if one.own else ", ".join(one.images)
        lines.append(f"{one.kind} {one.name}: {one.running} of {one.desired} tasks on {one.on}, {image}")
        if one.door:
            lines.append(f"  requests come by {one.door.kind} {one.door.name}")
        lines += [f"  uses the queue {queue}" for queue in one.queues]
    for queue in system.queues:
        after = f", what fails ends in {queue.grave}" if queue.grave else ", without a dead-letter queue"
        lines.append(f"queue {queue.name}{after}")
    for timer in system.timers:
        state = "" if timer.enabled else ", turned off"
        lines.append(f"{timer.kind} {timer.name}: {timer.expression} starts {timer.family}{state}")
    lines += [f"EKS cluster {name}" for name in system.kubernetes]
    return "\n".join(lines)
