"""On which container instance a task runs. Pure.

First the instances are found that have the CPU, memory, ports, network interfaces and attributes; then those are left
that the constraints allow; then the strategies choose, one after the other.

References
----------
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .query import Subject, parse

CPU, MEMORY, PORTS, ENI = "RESOURCE:CPU", "RESOURCE:MEMORY", "RESOURCE:PORTS", "RESOURCE:ENI"
ATTRIBUTE, AGENT, MEMBER, DISTINCT, INACTIVE = "ATTRIBUTE", "AGENT", "MemberOf", "DistinctInstance", "INACTIVE"
GUIDE = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
IN_WORDS = {
    CPU: "has insufficient CPU units available.",
    MEMORY: "has insufficient memory available.",
    PORTS: "is already using a port required by your task.",
    ENI: 'encountered error "RESOURCE:ENI".',
    ATTRIBUTE: "is missing an attribute required by your task.",
    AGENT: "has the Amazon ECS container agent disconnected.",
    MEMBER: 'encountered error "MemberOf placement constraint unsatisfied.".',
    DISTINCT: 'encountered error "DistinctInstance placement constraint unsatisfied.".',
    INACTIVE: "is not ACTIVE.",
}
ORDER = (INACTIVE, AGENT, ATTRIBUTE, MEMBER, DISTINCT, CPU, MEMORY, PORTS, ENI)
"""The closest instance is the one whose first obstacle comes last in this order."""
ZONE = "attribute:ecs.availability-zone"
HOST = ("instanceId", "host")


@dataclass(frozen=True)
class Need:
    """What one task needs.

    Parameters
    ----------
    cpu, memory : int
        CPU units and MiB.
    ports : frozenset of (int, str)
        Static host ports with their protocols.
    interface : bool
        Whether it has a network interface of its own (awsvpc).
    attributes : frozenset of str
        What its task definition requires.
    """

    cpu: int = 0
    memory: int = 0
    ports: frozenset[tuple[int, str]] = frozenset()
    interface: bool = False
    attributes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class InstanceView:
    """A container instance as placement sees it.

    Parameters
    ----------
    id : str
        Its id.
    cpu, memory, interfaces : int
        What is left of them.
    ports : frozenset of (int, str)
        Host ports that are taken.
    subject : Subject
        Its attributes, and the groups of its tasks.
    alike : int
        Tasks of the group (service) of the task that is to be placed.
    active, connected : bool
        Whether it takes tasks, and whether its agent answers.
    """

    id: str
    cpu: int = 0
    memory: int = 0
    interfaces: int = 0
    ports: frozenset[tuple[int, str]] = frozenset()
    subject: Subject = field(default_factory=lambda: Subject({}))
    alike: int = 0
    active: bool = True
    connected: bool = True

    def with_task(self, need: Need, group: str = "") -> "InstanceView":
        """The same instance once a task has been placed on it."""
        return replace(
            self,
            cpu=self.cpu - need.cpu,
            memory=self.memory - need.memory,
            interfaces=self.interfaces - need.interface,
            ports=self.ports | need.ports,
            alike=self.alike + 1,
            subject=Subject(self.subject.values, self.subject.task_groups | {group}),
        )


@dataclass(frozen=True)
class Rules:
    """Constraints and strategies, in ECS's spelling."""

    constraints: tuple[Mapping[str, str], ...] = ()
    strategies: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class Placed:
    """Where a task goes, or why nowhere.

    Parameters
    ----------
    instance : str
        The id; empty when there is none.
    closest : str
        The instance that comes closest, when there is none.
    obstacle : str
        What it lacks: one of `ORDER`.
    """

    instance: str = ""
    closest: str = ""
    obstacle: str = ""

    @property
    def why(self) -> str:
        """The reason in ECS's words; empty when it was placed."""
        if self.instance:
            return ""
        if not self.closest:
            return "Reason: No Container Instances were found in your cluster."
        return f"The closest matching container-instance {self.closest} {IN_WORDS[self.obstacle]}"


def place(
    need: Need,
    instances: Sequence[InstanceView],
    rules: Rules = Rules(),
    choose: Callable[[Sequence[InstanceView]], InstanceView] = random.choice,
) -> Placed:
    """Choose an instance.

    Parameters
    ----------
    need : Need
        What the task needs.
    instances : sequence of InstanceView
        All that may be considered.
    rules : Rules
        Constraints and strategies.
    choose : callable
        Picks one of several that are equally good for the strategy ``random``.
    """
    obstacles = {each.id: obstacle(need, each, rules.constraints) for each in instances}
    fitting = [each for each in instances if not obstacles[each.id]]
    if not fitting:
        if not instances:
            return Placed()
        closest = max(instances, key=lambda each: ORDER.index(obstacles[each.id]))
        return Placed(closest=closest.id, obstacle=obstacles[closest.id])
    return Placed(_by_strategy(fitting, instances, rules.strategies, choose).id)


def obstacle(need: Need, instance: InstanceView, constraints: Sequence[Mapping[str, str]] = ()) -> str:
    """What keeps a task from an instance: one of `ORDER`, or an empty text."""
    if not instance.active:
        return INACTIVE
    if not instance.connected:
        return AGENT
    if any(f"attribute:{name}" not in instance.subject.values for name in need.attributes):
        return ATTRIBUTE
    for constraint in constraints:
        if constraint["type"] == "memberOf" and not parse(constraint.get("expression", ""))(instance.subject):
            return MEMBER
        if constraint["type"] == "distinctInstance" and instance.alike:
            return DISTINCT
    if need.cpu > instance.cpu:
        return CPU
    if need.memory > instance.memory:
        return MEMORY
    if need.ports & instance.ports:
        return PORTS
    return ENI if need.interface and instance.interfaces < 1 else ""


def _by_strategy(
    fitting: Sequence[InstanceView],
    instances: Sequence[InstanceView],
    strategies: Sequence[Mapping[str, str]],
    choose: Callable[[Sequence[InstanceView]], InstanceView],
) -> InstanceView:
    left = list(fitting)
    for strategy in strategies:
        kind, subject = strategy["type"], strategy.get("field", "")
        if kind == "random":
            return choose(left)
        if kind == "spread":
            counts = _counts(subject, instances)
            fewest = min(counts[_spot(subject, each)] for each in left)
            left = [each for each in left if counts[_spot(subject, each)] == fewest]
        else:
            least = min(_left_over(subject, each) for each in left)
            left = [each for each in left if _left_over(subject, each) == least]
    return left[0]


def _counts(subject: str, instances: Sequence[InstanceView]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for each in instances:
        counts[_spot(subject, each)] += each.alike
    return counts


def _spot(subject: str, instance: InstanceView) -> str:
    if subject in HOST:
        return instance.id
    return instance.subject.values.get(subject, "")


def _left_over(subject: str, instance: InstanceView) -> int:
    return instance.memory if subject.lower() == "memory" else instance.cpu


DEFAULT_STRATEGIES: tuple[Mapping[str, str], ...] = ({"type": "spread", "field": ZONE},)
"""Of services that name none: their tasks are spread over the Availability Zones. RunTask's are placed at random."""


def instances_needed(needs: Sequence[Need], empty: InstanceView) -> int:
    """How many empty instances hold these tasks: the first on which each fits, the largest first.

    Parameters
    ----------
    needs : sequence of Need
        Of the tasks that wait. Those that do not even fit on an empty instance are left out.
    empty : InstanceView
        An instance of the group as it joins.
    """
    bins: list[InstanceView] = []
    for need, count in sorted(Counter(needs).items(), key=lambda each: (-each[0].memory, -each[0].cpu)):
        if obstacle(need, empty):
            continue
        number = 0  # instances only fill up: where one task did not fit, the next one like it does not fit either
        for _ in range(count):
            while number < len(bins) and obstacle(need, bins[number]):
                number += 1
            if number == len(bins):
                bins.append(empty)
            bins[number] = bins[number].with_task(need)
    return len(bins)
