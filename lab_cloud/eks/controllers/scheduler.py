"""The scheduler: which node a pod goes to, or why to none.

References
----------
https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .cluster_view import ClusterView, NodeView
from .predicates import HOPELESS, NO_VICTIMS, refusals
from .scores import best

Object = Mapping[str, Any]
NO_NODES = "no nodes available to schedule pods"
NAME = "default-scheduler"


class VolumeBinding(Protocol):
    """What the volumes of a pod say about where it may run."""

    def blocked(self, pod: Object) -> str:
        """Why no node at all can take it, for instance because of a claim that is not there; empty for nothing."""

    def refusal(self, pod: Object, node: NodeView) -> str:
        """Why this node cannot, for instance because of the zone of a volume; empty for nothing."""

    def bind(self, pod: Object, node: NodeView) -> bool:
        """The pod is to go to this node: choose volumes for claims that wait for that.

        Returns whether all are bound; if not, the scheduler asks again when something changes.
        """


@dataclass(frozen=True)
class Placement:
    """Where a pod goes.

    Parameters
    ----------
    node : str
        The name of the node; empty for none.
    message : str
        Why to none.
    """

    node: str
    message: str = ""


def decide(pod: Object, view: ClusterView, volumes: VolumeBinding) -> Placement:
    """Where a pod goes; pure.

    Parameters
    ----------
    pod : mapping
        A pod without a node.
    view : ClusterView
        The cluster.
    volumes : VolumeBinding
        What its volumes say.
    """
    total = len(view.nodes)
    if not total:
        return Placement("", NO_NODES)
    blocked = volumes.blocked(pod)
    if blocked:
        return Placement("", f"0/{total} nodes are available: {blocked}. " + _preemption(total, {HOPELESS: total}))
    fitting, reasons, rooms = [], Counter[str](), Counter[str]()
    for node in view.nodes:
        found, room = refusals(pod, node, view, volumes.refusal)
        if not found:
            fitting.append(node)
        reasons.update(found)
        rooms[NO_VICTIMS if room else HOPELESS] += 1
    if fitting:
        return Placement(best(pod, fitting, view).name)
    listed = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
    return Placement("", f"0/{total} nodes are available: {listed}. " + _preemption(total, rooms))


def _preemption(total: int, rooms: Mapping[str, int]) -> str:
    listed = ", ".join(sorted(f"{count} {reason}" for reason, count in rooms.items()))
    return f"preemption: 0/{total} nodes are available: {listed}."


def order(pod: Object) -> tuple[int, str, str]:
    """Which pod comes first: by priority, then by age."""
    metadata = pod["metadata"]
    return -int(pod["spec"].get("priority") or 0), metadata.get("creationTimestamp", ""), metadata["name"]
