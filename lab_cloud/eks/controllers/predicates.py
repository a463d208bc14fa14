"""Why a node cannot take a pod, in the words of the scheduler. Pure.

References
----------
https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins
"""

from collections.abc import Callable, Mapping
from typing import Any

from . import affinity
from .cluster_view import ClusterView, NodeView, host_ports, requests

Object = Mapping[str, Any]
UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
HOPELESS = "Preemption is not helpful for scheduling"
NO_VICTIMS = "No preemption victims found for incoming pod"
VolumeRefusal = Callable[[Object, NodeView], str]


def refusals(pod: Object, node: NodeView, view: ClusterView, volumes: VolumeRefusal) -> tuple[list[str], bool]:
    """Why a node cannot take a pod.

    Parameters
    ----------
    pod : mapping
        The pod.
    node : NodeView
        The node.
    view : ClusterView
        The cluster.
    volumes : callable
        Why the pod's volumes keep it from a node; an empty text for nothing.

    Returns
    -------
    list of str
        Of the first rule that refuses; empty when it can.
    bool
        Whether it could if pods went away.
    """
    for rule in (_node, _ports, _fit):
        found, room = rule(pod, node)
        if found:
            return found, room
    why = volumes(pod, node)
    if why:
        return [why], False
    return _neighbours(pod, node, view)


def _node(pod: Object, node: NodeView) -> tuple[list[str], bool]:
    if node.spec.get("unschedulable") and not affinity.tolerates(pod, UNSCHEDULABLE):
        return ["node(s) were unschedulable"], False
    taint = affinity.untolerated(pod, node.taints)
    if taint is not None:
        return [f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value') or ''}}}"], False
    if not affinity.wants_node(pod, node):
        return ["node(s) didn't match Pod's node affinity/selector"], False
    return [], False


def _ports(pod: Object, node: NodeView) -> tuple[list[str], bool]:
    wanted = host_ports(pod)
    if wanted and any(wanted & host_ports(each) for each in node.pods):
        return ["node(s) didn't have free ports for the requested pod ports"], True
    return [], True


def _fit(pod: Object, node: NodeView) -> tuple[list[str], bool]:
    found = []
    hopeless = False
    if len(node.pods) + 1 > node.allocatable.get("pods", 0):
        found.append("Too many pods")
    for name, wanted in requests(pod).items():
        free = node.allocatable.get(name, 0) - node.requested.get(name, 0)
        if wanted > 0 and wanted > free:
            found.append(f"Insufficient {name}")
            hopeless = hopeless or wanted > node.allocatable.get(name, 0)
    return found, not hopeless


def _neighbours(pod: Object, node: NodeView, view: ClusterView) -> tuple[list[str], bool]:
    for constraint in affinity.constraints(pod, "DoNotSchedule"):
        if constraint["topologyKey"] not in node.labels:
            return ["node(s) didn't match pod topology spread constraints (missing required label)"], False
        if not affinity.skew_allows(constraint, pod, node, affinity.spread(constraint, pod, view)):
            return ["node(s) didn't match pod topology spread constraints"], True
    if not affinity.affinity_holds(pod, node, view):
        return ["node(s) didn't match pod affinity rules"], False
    if not affinity.anti_affinity_holds(pod, node, view):
        return ["node(s) didn't match pod anti-affinity rules"], True
    if not affinity.neighbours_bear(pod, node, view):
        return ["node(s) didn't satisfy existing pods anti-affinity rules"], True
    return [], True
