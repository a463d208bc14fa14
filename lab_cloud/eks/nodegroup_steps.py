"""What a managed node group does next. Pure.

References
----------
https://docs.aws.amazon.com/eks/latest/APIReference/API_Issue.html
https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .nodegroup import ACTIVE, CREATING, DEGRADED, DELETING, UPDATING, Issue

Step = Literal[
    "wait",
    "make",
    "activate",
    "fail",
    "degrade",
    "recover",
    "finish",
    "fail-update",
    "roll",
    "empty",
    "unmake",
    "remove",
]


@dataclass(frozen=True)
class NodeView:
    """An instance of the group.

    Parameters
    ----------
    instance : str
        Its id.
    current : bool
        Whether it comes from the version of the launch template that all should have.
    leaving : bool
        Whether it is being terminated.
    joined, ready : bool
        Whether it is a node, and whether that is Ready.
    why : str
        What keeps it from joining or from being Ready, as far as is known.
    """

    instance: str
    current: bool = True
    leaving: bool = False
    joined: bool = True
    ready: bool = True
    why: str = ""


@dataclass(frozen=True)
class View:
    """What is known of a node group.

    Parameters
    ----------
    status : str
        Its status.
    made : bool
        Whether its Auto Scaling group was made.
    desired : int
        How many nodes it should have.
    nodes : tuple of NodeView
        Its instances.
    issues : tuple of Issue
        What is wrong with what it needs.
    waited : bool
        Whether it has been in trouble for as long as EKS waits.
    update : str
        The type of the update that runs; empty for none.
    due : bool
        Whether that has taken its least time.
    """

    status: str
    made: bool = True
    desired: int = 0
    nodes: tuple[NodeView, ...] = ()
    issues: tuple[Issue, ...] = ()
    waited: bool = False
    update: str = ""
    due: bool = True


def troubles(view: View) -> tuple[Issue, ...]:
    """What keeps a group from having its nodes."""
    if view.issues:
        return view.issues
    staying = [each for each in view.nodes if not each.leaving]
    outside = [each for each in staying if not each.joined and each.why]
    if outside:
        message = f"Instances failed to join the kubernetes cluster: {outside[0].why}"
        return (Issue("NodeCreationFailure", message, tuple(each.instance for each in outside)),)
    sick = [each for each in staying if each.joined and not each.ready and each.why]
    if sick:
        message = f"Unhealthy nodes in the kubernetes cluster: {sick[0].why}"
        return (Issue("NodeCreationFailure", message, tuple(each.instance for each in sick)),)
    return ()


def settled(view: View) -> bool:
    """Whether the group has its nodes, and no more."""
    return not any(each.leaving for each in view.nodes) and (
        len(view.nodes) == view.desired and all(each.ready for each in view.nodes)
    )


def decide(view: View) -> Step:
    """The next step of a node group."""
    if view.status == DELETING:
        if not view.made:
            return "remove"
        return "empty" if view.nodes else "unmake"
    if view.status == CREATING:
        return _creating(view)
    if view.status in (ACTIVE, DEGRADED):
        if view.issues:
            return "degrade"
        return "recover" if view.status == DEGRADED else "wait"
    if view.status == UPDATING:
        return _updating(view)
    return "wait"


def _creating(view: View) -> Step:
    if not view.made:
        return "fail" if view.issues else "make"
    if settled(view):
        return "activate"
    return "fail" if view.waited and troubles(view) else "wait"


def _updating(view: View) -> Step:
    if not view.due:
        return "wait"
    if view.update == "VersionUpdate":
        if view.waited and troubles(view):
            return "fail-update"
        old = [each for each in view.nodes if not each.current]
        return "roll" if old else "finish" if settled(view) else "wait"
    if view.waited and troubles(view):
        return "fail-update"
    return "finish" if settled(view) else "wait"


@dataclass(frozen=True)
class Roll:
    """One step of the replacement of nodes.

    Parameters
    ----------
    desired : int
        How many instances the Auto Scaling group should have.
    drain : tuple of str
        Instances that are to be emptied and terminated, without a replacement.
    """

    desired: int
    drain: tuple[str, ...] = ()


def at_once(config: Mapping[str, Any], desired: int) -> int:
    """How many nodes may be away at the same time."""
    if config.get("maxUnavailablePercentage"):
        return max(desired * int(config["maxUnavailablePercentage"]) // 100, 1)
    return int(config.get("maxUnavailable") or 1)


def roll(desired: int, nodes: Sequence[NodeView], batch: int, *, minimal: bool) -> Roll:
    """How old nodes are replaced: new ones come first; or old ones go first when little more may run (MINIMAL).

    Parameters
    ----------
    desired : int
        How many nodes the group has when nothing is updated.
    nodes : sequence of NodeView
        Its instances.
    batch : int
        How many may be away at the same time.
    minimal : bool
        Whether ``updateStrategy`` is MINIMAL.
    """
    staying = [each for each in nodes if not each.leaving]
    old = [each for each in staying if not each.current]
    new = [each for each in staying if each.current]
    ready = [each for each in new if each.ready]
    leaving = len(nodes) - len(staying)
    if minimal:
        away = leaving + len(new) - len(ready) + max(desired - len(staying), 0)
        gone = tuple(each.instance for each in old[: max(batch - away, 0)])
        return Roll(desired, gone)
    wanted = min(desired, len(new) + batch) if len(new) == len(ready) and leaving < batch else max(len(new), 1)
    wanted = max(wanted, len(new))
    # an old one may go for each new one that serves
    spare = max(len(ready) + len(old) - desired, 0)
    gone = tuple(each.instance for each in old[: min(max(batch - leaving, 0), spare)])
    return Roll(wanted + len(old) - len(gone), gone)
