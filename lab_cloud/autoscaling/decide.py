"""Which instances a group launches and terminates now. Pure.

Instances are spread over the Availability Zones, at most one more in one than in another as far as protection from
scale-in allows. An unhealthy instance is terminated first and replaced then. When a zone has two more than another, one
is launched where it is missing before one is terminated where it is too many.

References
----------
https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

UNHEALTHY, SURPLUS = "unhealthy", "surplus"
POLICIES = (
    "Default",
    "AllocationStrategy",
    "OldestInstance",
    "NewestInstance",
    "OldestLaunchConfiguration",
    "OldestLaunchTemplate",
    "ClosestToNextInstanceHour",
)
HOUR = 3600.0


@dataclass(frozen=True)
class MemberView:
    """One instance of the group that counts: pending or in service.

    Parameters
    ----------
    id, zone : str
        Which one, and where.
    launched : float
        Epoch seconds.
    pending : bool
        Whether it is not yet in service.
    healthy : bool
        Whether its health checks pass.
    protected : bool
        Whether it is protected from scale-in.
    version : int
        Of the launch template; the oldest goes first.
    configured : bool
        Whether it comes from a launch configuration, which counts as older than any template.
    """

    id: str
    zone: str
    launched: float = 0.0
    pending: bool = False
    healthy: bool = True
    protected: bool = False
    version: int = 0
    configured: bool = False


@dataclass(frozen=True)
class GroupView:
    """A group as the decision sees it.

    Parameters
    ----------
    desired : int
        How many instances are wanted; between the bounds.
    zones : tuple of str
        Its Availability Zones.
    members : tuple of MemberView
        The instances that count.
    policies : tuple of str
        ``TerminationPolicies``, applied one after the other.
    suspended : frozenset of str
        Names of suspended processes.
    """

    desired: int
    zones: tuple[str, ...]
    members: tuple[MemberView, ...] = ()
    policies: tuple[str, ...] = ("Default",)
    suspended: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Terminate:
    """Terminate one instance, and why."""

    id: str
    why: str


@dataclass(frozen=True)
class Decision:
    """What happens now.

    Parameters
    ----------
    launch : tuple of str
        The zones of new instances.
    terminate : tuple of Terminate
        The instances that go.
    balancing : bool
        Whether the launch only brings the zones back into balance.
    """

    launch: tuple[str, ...] = ()
    terminate: tuple[Terminate, ...] = ()
    balancing: bool = False


def decide(group: GroupView, now: float) -> Decision:
    """Say what brings the group closer to its desired capacity.

    Parameters
    ----------
    group : GroupView
        The group as it is.
    now : float
        Epoch seconds.
    """
    may_launch, may_terminate = "Launch" not in group.suspended, "Terminate" not in group.suspended
    ill = [member for member in group.members if not member.healthy]
    gone: list[Terminate] = []
    if may_terminate and "ReplaceUnhealthy" not in group.suspended:
        gone = [Terminate(member.id, UNHEALTHY) for member in ill]
    leaving = {one.id for one in gone}
    kept = [member for member in group.members if member.id not in leaving]
    if len(kept) < group.desired:
        missing = group.desired - len(kept)
        return Decision(_emptiest(group.zones, kept, missing) if may_launch else (), tuple(gone))
    if len(kept) > group.desired and may_terminate and not _moving(group, kept):
        chosen = chosen_to_go(kept, len(kept) - group.desired, group.policies, now)
        gone += [Terminate(member.id, SURPLUS) for member in chosen]
        return Decision((), tuple(gone))
    balanced = not gone and len(kept) == group.desired and may_launch and may_terminate
    if balanced and "AZRebalance" not in group.suspended and not any(member.pending for member in kept):
        zone = _imbalance(group.zones, kept)
        if zone:
            return Decision((zone,), balancing=True)
    return Decision((), tuple(gone))


def chosen_to_go(
    members: Sequence[MemberView], count: int, policies: Sequence[str] = ("Default",), now: float = 0.0
) -> list[MemberView]:
    """The instances that scaling in takes: from the zone that has most of them, by the termination policies.

    Parameters
    ----------
    members : sequence of MemberView
        The instances of the group.
    count : int
        How many are to go; fewer go when the others are protected.
    policies : sequence of str
        Applied one after the other, until one instance is left.
    now : float
        Epoch seconds.
    """
    left, chosen = list(members), []
    for _ in range(count):
        free = [member for member in left if not member.protected]
        if not free:
            break
        counts = Counter(member.zone for member in left)
        fullest = max(counts[member.zone] for member in free)
        found = [member for member in free if counts[member.zone] == fullest]
        for policy in policies:
            found = _apply(policy, found, now)
        # AWS takes one of them at random; here it is always the same one
        member = min(found, key=lambda each: (each.launched, each.id))
        left.remove(member)
        chosen.append(member)
    return chosen


def _apply(policy: str, found: list[MemberView], now: float) -> list[MemberView]:
    if policy == "Default":
        return _apply("ClosestToNextInstanceHour", _apply("OldestLaunchTemplate", found, now), now)
    if policy in ("OldestLaunchConfiguration", "OldestLaunchTemplate"):
        return _least(found, lambda each: (not each.configured, each.version))
    if policy == "OldestInstance":
        return _least(found, lambda each: each.launched)
    if policy == "NewestInstance":
        return _least(found, lambda each: -each.launched)
    if policy == "ClosestToNextInstanceHour":
        return _least(found, lambda each: HOUR - (now - each.launched) % HOUR)
    return found


def _least(found: list[MemberView], key: Callable[[MemberView], object]) -> list[MemberView]:
    smallest = min(key(each) for each in found)  # type: ignore[type-var]
    return [each for each in found if key(each) == smallest]


def _emptiest(zones: Sequence[str], members: Sequence[MemberView], count: int) -> tuple[str, ...]:
    counts = Counter(member.zone for member in members)
    chosen = []
    for _ in range(count):
        zone = min(zones, key=lambda each: counts[each])
        counts[zone] += 1
        chosen.append(zone)
    return tuple(chosen)


def _imbalance(zones: Sequence[str], members: Sequence[MemberView]) -> str:
    """The zone that needs one of another's instances; empty when the zones are in balance as far as can be."""
    counts = Counter(member.zone for member in members)
    least = min(zones, key=lambda each: counts[each])
    movable = [member for member in members if not member.protected]
    if any(member.zone not in zones for member in movable):
        return least
    return least if any(counts[member.zone] - counts[least] > 1 for member in movable) else ""


def _moving(group: GroupView, members: Sequence[MemberView]) -> bool:
    """Whether the one instance too many has just been launched to balance the zones, and is not in service yet."""
    coming = [member for member in members if member.pending]
    if len(members) != group.desired + 1 or len(coming) != 1:
        return False
    rest = [member for member in members if not member.pending]
    return _imbalance(group.zones, rest) == coming[0].zone
