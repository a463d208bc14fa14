"""Which nodes and which neighbours a pod wants: selectors, affinity, taints, spreading. Pure.

References
----------
https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..kubernetes import selectors
from .cluster_view import ClusterView, NodeView

Object = Mapping[str, Any]
HARD = ("NoSchedule", "NoExecute")


def labels_of(pod: Object) -> Mapping[str, str]:
    """A pod's labels."""
    return pod["metadata"].get("labels") or {}


# -- nodes ------------------------------------------------------------------------------------------------------------


def term_holds(term: Object, node: NodeView) -> bool:
    """Whether a node is what one term of a node selector asks for; an empty term selects nothing."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    named = {"metadata.name": node.name}
    return all(selectors.holds(each, node.labels) for each in expressions) and all(
        selectors.holds(each, named) for each in fields
    )


def wants_node(pod: Object, node: NodeView) -> bool:
    """Whether a node is what ``nodeSelector`` and the required node affinity ask for."""
    spec = pod["spec"]
    if any(node.labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    wanted = _affinity(pod, "nodeAffinity").get("requiredDuringSchedulingIgnoredDuringExecution")
    return wanted is None or any(term_holds(each, node) for each in wanted.get("nodeSelectorTerms") or ())


def preference(pod: Object, node: NodeView) -> int:
    """How much the preferred node affinity likes a node."""
    terms = _affinity(pod, "nodeAffinity").get("preferredDuringSchedulingIgnoredDuringExecution") or ()
    return sum(int(each["weight"]) for each in terms if term_holds(each["preference"], node))


def _affinity(pod: Object, kind: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (pod["spec"].get("affinity") or {}).get(kind) or {}
    return found


def tolerates(pod: Object, taint: Mapping[str, str]) -> bool:
    """Whether a pod bears a taint."""
    return any(_tolerates(each, taint) for each in pod["spec"].get("tolerations") or ())


def _tolerates(toleration: Object, taint: Mapping[str, str]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint.get("key"):
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


def untolerated(pod: Object, taints: Iterable[Mapping[str, str]]) -> Mapping[str, str] | None:
    """The first taint that keeps a pod away."""
    return next((each for each in taints if each.get("effect") in HARD and not tolerates(pod, each)), None)


def disliked(pod: Object, taints: Iterable[Mapping[str, str]]) -> int:
    """How many taints it would rather not have."""
    return sum(each.get("effect") == "PreferNoSchedule" and not tolerates(pod, each) for each in taints)


# -- neighbours -------------------------------------------------------------------------------------------------------


def terms(pod: Object, kind: str) -> Sequence[Object]:
    """The required terms of ``podAffinity`` or ``podAntiAffinity``."""
    found: Sequence[Object] = _affinity(pod, kind).get("requiredDuringSchedulingIgnoredDuringExecution") or ()
    return found


def selects(term: Object, owner: Object, other: Object, view: ClusterView) -> bool:
    """Whether a term of a pod's affinity means another pod."""
    namespace = other["metadata"].get("namespace", "")
    named = term.get("namespaces") or ()
    selector = term.get("namespaceSelector")
    if namespace in named:
        pass
    elif selector is not None:
        if not selectors.of_spec(selector)(view.namespaces.get(namespace, {})):
            return False
    elif named or namespace != owner["metadata"].get("namespace", ""):
        return False
    return selectors.of_spec(term.get("labelSelector"))(labels_of(other))


def has_neighbour(term: Object, pod: Object, node: NodeView, view: ClusterView) -> bool:
    """Whether a pod that a term means is in the node's domain."""
    key = term["topologyKey"]
    if key not in node.labels:
        return False
    domain = view.domains(key)[node.labels[key]]
    return any(selects(term, pod, other, view) for each in domain for other in each.pods)


def affinity_holds(pod: Object, node: NodeView, view: ClusterView) -> bool:
    """Whether the required pod affinity lets a pod be here.

    The first pod of a group that wants to be together finds nobody: if it is one of those that it looks for itself,
    it may be anywhere.
    """
    wanted = terms(pod, "podAffinity")
    if not wanted:
        return True
    if any(each["topologyKey"] not in node.labels for each in wanted):
        return False
    if all(has_neighbour(each, pod, node, view) for each in wanted):
        return True
    nobody = not any(selects(each, pod, other, view) for each in wanted for one in view.nodes for other in one.pods)
    return nobody and all(selects(each, pod, pod, view) for each in wanted)


def anti_affinity_holds(pod: Object, node: NodeView, view: ClusterView) -> bool:
    """Whether the required pod anti-affinity lets a pod be here."""
    return not any(has_neighbour(each, pod, node, view) for each in terms(pod, "podAntiAffinity"))


def neighbours_bear(pod: Object, node: NodeView, view: ClusterView) -> bool:
    """Whether the anti-affinity of the pods that are there lets it be here."""
    for one in view.nodes:
        for other in one.pods:
            for each in terms(other, "podAntiAffinity"):
                key = each["topologyKey"]
                if key in one.labels and one.labels[key] == node.labels.get(key) and selects(each, other, pod, view):
                    return False
    return True


def liking(pod: Object, node: NodeView, view: ClusterView) -> int:
    """How much the preferred pod affinity and anti-affinity like a node."""
    total = 0
    for kind, sign in (("podAffinity", 1), ("podAntiAffinity", -1)):
        for each in _affinity(pod, kind).get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            term = each["podAffinityTerm"]
            key = term["topologyKey"]
            if key in node.labels:
                domain = view.domains(key)[node.labels[key]]
                found = sum(selects(term, pod, other, view) for one in domain for other in one.pods)
                total += sign * int(each["weight"]) * found
    return total


# -- spreading --------------------------------------------------------------------------------------------------------


def constraints(pod: Object, when: str) -> list[Object]:
    """The topology spread constraints of one kind (``DoNotSchedule``, ``ScheduleAnyway``)."""
    found = pod["spec"].get("topologySpreadConstraints") or ()
    return [each for each in found if each.get("whenUnsatisfiable", "DoNotSchedule") == when]


def _selector(constraint: Object, pod: Object) -> Mapping[str, Any] | None:
    selector = constraint.get("labelSelector")
    keys = [key for key in constraint.get("matchLabelKeys") or () if key in labels_of(pod)]
    if not keys:
        return selector
    own = {key: labels_of(pod)[key] for key in keys}
    return {**(selector or {}), "matchLabels": {**((selector or {}).get("matchLabels") or {}), **own}}


def spread(constraint: Object, pod: Object, view: ClusterView) -> dict[str, int]:
    """How many pods that a constraint counts are in each domain that counts."""
    matches = selectors.of_spec(_selector(constraint, pod))
    namespace = pod["metadata"].get("namespace", "")
    found: dict[str, int] = {}
    key = constraint["topologyKey"]
    for node in view.nodes:
        if key not in node.labels:
            continue
        if constraint.get("nodeAffinityPolicy", "Honor") == "Honor" and not wants_node(pod, node):
            continue
        if constraint.get("nodeTaintsPolicy", "Ignore") == "Honor" and untolerated(pod, node.taints):
            continue
        here = sum(
            each["metadata"].get("namespace", "") == namespace
            and "deletionTimestamp" not in each["metadata"]
            and matches(labels_of(each))
            for each in node.pods
        )
        found[node.labels[key]] = found.get(node.labels[key], 0) + here
    return found


def skew_allows(constraint: Object, pod: Object, node: NodeView, counted: Mapping[str, int]) -> bool:
    """Whether a pod may be here without the domains becoming too unequal."""
    here = node.labels[constraint["topologyKey"]]
    least = min(counted.values(), default=0)
    if len(counted) < int(constraint.get("minDomains") or 1):
        least = 0
    itself = selectors.of_spec(_selector(constraint, pod))(labels_of(pod))
    return counted.get(here, 0) + itself - least <= int(constraint["maxSkew"])
