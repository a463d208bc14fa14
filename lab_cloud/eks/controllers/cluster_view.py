"""What the scheduler knows of a cluster at one moment: its nodes, and what runs on each.

References
----------
https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..kubernetes.validation import quantity

Object = Mapping[str, Any]
ENDED = ("Succeeded", "Failed")
RESOURCES = ("cpu", "memory", "ephemeral-storage")
HOSTNAME, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"


def amount(name: str, text: Any) -> int:
    """An amount of a resource as a whole number: CPU in millicores, all else in bytes or pieces."""
    found = quantity(str(text))
    return round(found * 1000) if name == "cpu" else round(found)


def requests(pod: Object) -> dict[str, int]:
    """What a pod asks for: the sum of its containers, or what one of its init containers needs if that is more."""
    spec = pod["spec"]
    total: dict[str, int] = {}
    peak: dict[str, int] = {}
    for each in spec.get("containers") or ():
        _add(total, _of(each))
    beside: dict[str, int] = {}
    for each in spec.get("initContainers") or ():
        own = _of(each)
        if each.get("restartPolicy") == "Always":  # it stays beside all that come after it
            _add(beside, own)
            own = {}
        for name in {*own, *beside}:
            peak[name] = max(peak.get(name, 0), own.get(name, 0) + beside.get(name, 0))
    _add(total, beside)
    for name, value in peak.items():
        total[name] = max(total.get(name, 0), value)
    _add(total, {name: amount(name, value) for name, value in (spec.get("overhead") or {}).items()})
    return total


def _of(container: Object) -> dict[str, int]:
    found = (container.get("resources") or {}).get("requests") or {}
    return {name: amount(name, value) for name, value in found.items()}


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for name, value in more.items():
        total[name] = total.get(name, 0) + value


def host_ports(pod: Object) -> set[tuple[int, str]]:
    """Ports of its node that a pod asks for."""
    return {
        (int(port["hostPort"]), port.get("protocol", "TCP"))
        for each in pod["spec"].get("containers") or ()
        for port in each.get("ports") or ()
        if port.get("hostPort")
    }


def counts(pod: Object) -> bool:
    """Whether a pod takes room on its node."""
    return (pod.get("status") or {}).get("phase") not in ENDED


@dataclass
class NodeView:
    """A node and its pods.

    Parameters
    ----------
    node : mapping
        The Node.
    pods : list of mapping
        The pods on it that take room.
    """

    node: Object
    pods: list[Object] = field(default_factory=list)
    requested: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.node["metadata"]["name"])

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Its labels."""
        return self.node["metadata"].get("labels") or {}

    @property
    def taints(self) -> Sequence[Mapping[str, str]]:
        """Its taints."""
        return self.spec.get("taints") or ()

    @property
    def spec(self) -> Object:
        """Its spec."""
        return self.node.get("spec") or {}

    @cached_property
    def allocatable(self) -> dict[str, int]:
        """What pods may ask of it."""
        found = (self.node.get("status") or {}).get("allocatable") or {}
        return {name: amount(name, value) for name, value in found.items()}

    def add(self, pod: Object) -> None:
        """A pod has been given to it."""
        self.pods.append(pod)
        _add(self.requested, requests(pod))


@dataclass
class ClusterView:
    """The nodes, and the labels of namespaces (which affinity may select by).

    Parameters
    ----------
    nodes : list of NodeView
        All nodes.
    namespaces : mapping of str to mapping
        From the name of a namespace to its labels.
    """

    nodes: list[NodeView]
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def domains(self, key: str) -> dict[str, list[NodeView]]:
        """The nodes by the value of a label, those without it left out."""
        found: dict[str, list[NodeView]] = {}
        for each in self.nodes:
            if key in each.labels:
                found.setdefault(each.labels[key], []).append(each)
        return found


def view_of(
    nodes: Iterable[Object], pods: Iterable[Object], namespaces: Iterable[Object] = (), assumed: Mapping[str, str] = {}
) -> ClusterView:
    """The view of a cluster.

    Parameters
    ----------
    nodes, pods, namespaces : iterable of mapping
        What the API has.
    assumed : mapping of str to str
        From the uid of a pod to the node that it was just given to.
    """
    views = {each["metadata"]["name"]: NodeView(each) for each in nodes}
    for pod in pods:
        name = pod["spec"].get("nodeName") or assumed.get(pod["metadata"]["uid"], "")
        if name in views and counts(pod):
            views[name].add(pod)
    labels = {each["metadata"]["name"]: each["metadata"].get("labels") or {} for each in namespaces}
    return ClusterView([views[name] for name in sorted(views)], labels)
