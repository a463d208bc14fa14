"""Which of the nodes that can take a pod is best. Pure.

The weights are those of the default scheduler; each score goes from 0 to 100.

References
----------
https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins
"""

from collections.abc import Mapping, Sequence
from typing import Any

from . import affinity
from .cluster_view import HOSTNAME, ZONE, ClusterView, NodeView, requests

Object = Mapping[str, Any]
MOST = 100.0
TAINTS, NODE_AFFINITY, POD_AFFINITY, SPREAD, LEAST_USED, BALANCED = 3, 2, 2, 2, 1, 1
LEAST_CPU, LEAST_MEMORY = 100, 200 * 1024**2
"""What a pod that asks for nothing counts as here, so that such pods spread too."""


def best(pod: Object, nodes: Sequence[NodeView], view: ClusterView) -> NodeView:
    """The best of some nodes, at least one; of equals the one with the first name."""
    totals = scores(pod, nodes, view)
    return max(sorted(nodes, key=lambda node: node.name), key=lambda node: totals[node.name])


def scores(pod: Object, nodes: Sequence[NodeView], view: ClusterView) -> dict[str, float]:
    """The sum of all scores, by the names of nodes."""
    wanted = requests(pod)
    raw = {node.name: LEAST_USED * _least_used(wanted, node) + BALANCED * _balanced(wanted, node) for node in nodes}
    parts = (
        (TAINTS, {node.name: -affinity.disliked(pod, node.taints) for node in nodes}),
        (NODE_AFFINITY, {node.name: affinity.preference(pod, node) for node in nodes}),
        (POD_AFFINITY, {node.name: affinity.liking(pod, node, view) for node in nodes}),
        (SPREAD, {node.name: -_crowd(pod, node, view) for node in nodes}),
    )
    for weight, found in parts:
        for name, value in _normalized(found).items():
            raw[name] += weight * value
    return raw


def _normalized(found: Mapping[str, float]) -> dict[str, float]:
    least, most = min(found.values()), max(found.values())
    if least == most:
        return dict.fromkeys(found, 0.0)
    return {name: MOST * (value - least) / (most - least) for name, value in found.items()}


def _used(wanted: Mapping[str, int], node: NodeView, name: str, least: int) -> float:
    """The part of a resource that would be used, when a pod that asks for nothing counts as a small one."""
    have = node.allocatable.get(name, 0)
    if not have:
        return 1.0
    asked = sum(max(requests(each).get(name, 0), least) for each in node.pods) + max(wanted.get(name, 0), least)
    return min(asked / have, 1.0)


def _least_used(wanted: Mapping[str, int], node: NodeView) -> float:
    cpu, memory = _used(wanted, node, "cpu", LEAST_CPU), _used(wanted, node, "memory", LEAST_MEMORY)
    return MOST * (1 - (cpu + memory) / 2)


def _balanced(wanted: Mapping[str, int], node: NodeView) -> float:
    cpu, memory = _used(wanted, node, "cpu", 0), _used(wanted, node, "memory", 0)
    return MOST * (1 - abs(cpu - memory) / 2)


def _crowd(pod: Object, node: NodeView, view: ClusterView) -> float:
    """How many pods like this one are near: by its own soft constraints, or those of its owner by node and zone."""
    soft = affinity.constraints(pod, "ScheduleAnyway")
    if soft:
        total = 0.0
        for each in soft:
            value = node.labels.get(each["topologyKey"])
            counted = affinity.spread(each, pod, view)
            total += counted.get(value, 0) if value is not None else max(counted.values(), default=0) + 1
        return total
    owner = _owner(pod)
    if not owner:
        return 0.0
    here = sum(_owner(each) == owner for each in node.pods)
    zone = node.labels.get(ZONE)
    near = sum(
        _owner(each) == owner for one in view.nodes if zone and one.labels.get(ZONE) == zone for each in one.pods
    )
    return here + near * (0.5 if HOSTNAME in node.labels else 1.0)


def _owner(pod: Object) -> str:
    owners = pod["metadata"].get("ownerReferences") or ()
    return next((str(each["uid"]) for each in owners if each.get("controller")), "")
