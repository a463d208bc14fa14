"""Which loopback ports stand for the Services of a cluster, and where each leads.

A cluster address (10.100.x.y) exists only inside the network of a real cluster; without a machine's administrator
nobody can give it to a loopback device, nor make names such as demo.default.svc.cluster.local resolve. So each port of
a Service gets a loopback port, and the Service says which in the annotation `ANSWERS_AT` and in an event. Pods get it
by their environment, as the documentation describes it. The number of a NodePort is taken itself where it is free.

References
----------
https://kubernetes.io/docs/concepts/services-networking/service/
https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ANSWERS_AT = "containers-on-aws.lab/answers-at"
LOOPBACK = "127.0.0.1"
SERVICE_NAME = "kubernetes.io/service-name"
Object = Mapping[str, Any]
Key = tuple[str, str, int]
"""Namespace and name of a Service, and the port."""


@dataclass(frozen=True)
class DoorPlan:
    """One port of one Service.

    Parameters
    ----------
    node_port : int
        0 for none.
    targets : tuple
        Addresses and ports of the pods that may get connections.
    sticky : bool
        Whether a client stays with its pod; all clients are on this machine, so it is one pod for all.
    """

    node_port: int = 0
    targets: tuple[tuple[str, int], ...] = ()
    sticky: bool = False


def decide(services: Iterable[Object], slices: Iterable[Object]) -> dict[Key, DoorPlan]:
    """The doors that a cluster needs; pure.

    Parameters
    ----------
    services, slices : iterable of mapping
        The Services and EndpointSlices.
    """
    by_service: dict[tuple[str, str], list[Object]] = {}
    for each in slices:
        labels = each["metadata"].get("labels") or {}
        owner = each["metadata"]["namespace"], str(labels.get(SERVICE_NAME, ""))
        by_service.setdefault(owner, []).append(each)
    found: dict[Key, DoorPlan] = {}
    for each in services:
        spec, metadata = each["spec"], each["metadata"]
        if spec.get("clusterIP") in (None, "", "None"):
            continue
        place = str(metadata["namespace"]), str(metadata["name"])
        for port in spec.get("ports") or ():
            if port.get("protocol", "TCP") == "TCP":
                targets = targets_of(by_service.get(place, ()), port.get("name", ""))
                sticky = spec.get("sessionAffinity") == "ClientIP"
                found[*place, int(port["port"])] = DoorPlan(int(port.get("nodePort") or 0), targets, sticky)
    return found


def targets_of(slices: Iterable[Object], port_name: str) -> tuple[tuple[str, int], ...]:
    """The addresses and ports behind a named port: those that are ready, else those that still serve while they end."""
    ready: list[tuple[str, int]] = []
    ending: list[tuple[str, int]] = []
    for each in slices:
        ports = [int(one["port"]) for one in each.get("ports") or () if one.get("name", "") == port_name]
        for endpoint in each.get("endpoints") or ():
            states = endpoint.get("conditions") or {}
            places = [(str(address), port) for address in endpoint["addresses"] for port in ports]
            if states.get("ready", True):
                ready += places
            elif states.get("serving") and states.get("terminating"):
                ending += places
    return tuple(sorted(ready or ending))


def answers_at(ports: Mapping[int, int]) -> str:
    """What the annotation says, from the ports of a Service to loopback ports."""
    return ",".join(f"{port}={LOOPBACK}:{loopback}" for port, loopback in sorted(ports.items()))


def loopback_ports(service: Object) -> dict[int, int]:
    """What the annotation of a Service says."""
    text = (service["metadata"].get("annotations") or {}).get(ANSWERS_AT, "")
    pairs = [each.partition("=") for each in text.split(",") if "=" in each]
    return {int(port): int(place.rpartition(":")[2]) for port, _, place in pairs}


def prefix_of(name: str) -> str:
    """What the variables of a Service begin with."""
    return name.upper().replace("-", "_")


def environment(services: Iterable[Object], namespace: str, *, links: bool = True) -> dict[str, str]:
    """The variables by which a pod finds Services: those of its namespace, and the API server.

    Parameters
    ----------
    services : iterable of mapping
        The Services of the cluster.
    namespace : str
        The pod's.
    links : bool
        The pod's ``enableServiceLinks``.
    """
    made: dict[str, str] = {}
    for each in sorted(services, key=lambda one: str(one["metadata"]["name"])):
        own = each["metadata"]["name"], each["metadata"]["namespace"]
        if own != ("kubernetes", "default") and (not links or own[1] != namespace):
            continue
        ports, known = each["spec"].get("ports") or (), loopback_ports(each)
        shown = [(port, known[port["port"]]) for port in ports if port["port"] in known]
        prefix = prefix_of(own[0])
        for place, (port, loopback) in enumerate(shown):
            if place == 0:
                made[f"{prefix}_SERVICE_HOST"], made[f"{prefix}_SERVICE_PORT"] = LOOPBACK, str(loopback)
                made[f"{prefix}_PORT"] = f"tcp://{LOOPBACK}:{loopback}"
            if port.get("name"):
                made[f"{prefix}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(loopback)
            link = f"{prefix}_PORT_{port['port']}_TCP"
            made |= {link: f"tcp://{LOOPBACK}:{loopback}", f"{link}_PROTO": "tcp", f"{link}_ADDR": LOOPBACK}
            made[f"{link}_PORT"] = str(loopback)
    return made
