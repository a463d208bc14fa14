"""Pods on Fargate: each gets a node of its own, with an address in a private subnet; nodes go with their pods."""

import itertools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..delays import Delays
from ..errors import AwsError
from ..world import World
from . import joining
from .agents.node import GIB, Node
from .agents.recorder import WARNING, Recorder
from .cluster import Cluster
from .controllers import conditions
from .controllers.client import Object
from .fargate import COMPUTE, DYNAMIC, LABEL, SCHEDULER, TAINT, Profile, assign, profile_of, refusal, size_of
from .kubernetes.status import ApiError
from .nodegroup import ACTIVE, CREATING, DELETING
from .nodegroup_maker import map_role
from .outside import Machine, Networks
from .planes import Plane, Planes
from .storage.driver import BY
from .store import Store

if TYPE_CHECKING:  # loaded with the first cluster
    from .kubernetes.api import ApiServer

log = logging.getLogger(__name__)


@dataclass
class Place:
    """A pod's place on Fargate.

    Parameters
    ----------
    cluster : Cluster
        Its cluster.
    pod : Object
        The pod, as it was.
    node, interface : str
        The name of its node, and the id of its network interface.
    address, subnet, zone : str
        Where it is.
    due : float
        When it is there.
    """

    cluster: Cluster
    pod: Object
    node: str
    interface: str
    address: str
    subnet: str
    zone: str
    due: float
    on: bool = False
    bound: bool = False


class Fargate:
    """The reconciler of profiles and of pods that they take.

    Parameters
    ----------
    store : Store
        The clusters.
    world : World
        The lock, the time, the workers.
    planes : Planes
        Their API servers.
    networks : Networks
        Where pods' network interfaces are.
    delays : Delays
        How long AWS takes.
    """

    def __init__(self, store: Store, world: World, planes: Planes, networks: Networks, delays: Delays) -> None:
        self._store = store
        self._world = world
        self._planes = planes
        self._networks = networks
        self._delays = delays
        self._places: dict[str, Place] = {}
        self._told: dict[str, str] = {}
        self._turn = itertools.count()

    def clear(self) -> None:
        """Begin anew, when everything is reset."""
        self._places.clear()
        self._told.clear()

    def watch(self, cluster: Cluster, api: "ApiServer") -> None:
        """Give the new pods of a cluster to Fargate that a profile takes."""

        def created(pod: dict[str, Any]) -> None:
            active = [each for each in list(cluster.fargate.values()) if each.status == ACTIVE]
            profile = profile_of(pod, active) if active and not pod["spec"].get("nodeName") else None
            if profile is not None:
                assign(pod, profile)

        api.admission.pods.append(created)

    def tick(self, now: float) -> None:
        """Bring profiles and pods on."""
        for cluster in self._store.clusters():
            plane = self._planes.get(cluster)
            if plane is None or not cluster.fargate:
                continue
            mine = [each for each in plane.seen.all("pods") if each["spec"].get("schedulerName") == SCHEDULER]
            for profile in list(cluster.fargate.values()):
                self._bring_on(cluster, plane, profile, mine, now)
            for pod in mine:
                if not pod["spec"].get("nodeName") and "deletionTimestamp" not in pod["metadata"]:
                    self._serve(cluster, plane, pod, now)
        self._clear_up()

    def _bring_on(self, cluster: Cluster, plane: Plane, profile: Profile, mine: list[Object], now: float) -> None:
        if profile.status == CREATING:
            if now >= profile.due:
                profile.status = ACTIVE
                if cluster.mode == "CONFIG_MAP":
                    self._world.work(lambda: map_role(plane, profile.role, put=True, fargate=True))
            else:
                self._world.wake_at(profile.due)
        elif profile.status == DELETING:
            own = [each for each in mine if (each["metadata"].get("labels") or {}).get(LABEL) == profile.name]
            fresh = [each for each in own if "deletionTimestamp" not in each["metadata"]]
            if fresh:
                self._world.work(lambda: _delete(plane, fresh))
            if not own and now >= profile.due:
                del cluster.fargate[profile.name]
                entry = cluster.entries.get(profile.role)
                shared = any(each.role == profile.role for each in cluster.fargate.values())
                if entry is not None and entry.kind == "FARGATE_LINUX" and not shared:
                    del cluster.entries[profile.role]
                if cluster.mode == "CONFIG_MAP" and not shared:
                    self._world.work(lambda: map_role(plane, profile.role, put=False))

    # -- one pod ------------------------------------------------------------------------------------------------------

    def _serve(self, cluster: Cluster, plane: Plane, pod: Object, now: float) -> None:
        uid = pod["metadata"]["uid"]
        profile = cluster.fargate.get((pod["metadata"].get("labels") or {}).get(LABEL, ""))
        if profile is None:
            return
        place = self._places.get(uid)
        if place is None:
            why = self._refusal(plane, pod) or self._away(cluster, profile)
            if why:
                self._tell(plane, pod, why)
                return
            try:
                place = self._places[uid] = self._place(cluster, profile, pod, now)
            except AwsError as error:  # no free address, for one
                self._tell(plane, pod, f"Pod provisioning timed out (will retry): {error.message}")
                return
        if now < place.due:
            self._world.wake_at(place.due)
            return
        if not place.on:
            place.on = True
            plane.fleet.join(_node(cluster, profile, place))
        known = (each for each in plane.seen.all("nodes") if each["metadata"]["name"] == place.node)
        node = next(known, None)
        if not place.bound and node is not None and conditions.of(node, "Ready").get("status") == "True":
            place.bound = True
            self._world.work(lambda: _bind(plane, pod, place.node, self._world))

    def _refusal(self, plane: Plane, pod: Object) -> str:
        namespace = pod["metadata"]["namespace"]
        volumes = {each["metadata"]["name"]: each for each in plane.seen.all("persistentvolumes")}
        drivers = {}
        for claim in plane.seen.all("persistentvolumeclaims"):
            volume = volumes.get(claim["spec"].get("volumeName", ""))
            if claim["metadata"]["namespace"] == namespace and volume is not None:
                driver = (volume["spec"].get("csi") or {}).get("driver", "host")
                if BY in (volume["metadata"].get("annotations") or {}):
                    driver += DYNAMIC
                drivers[claim["metadata"]["name"]] = driver
        return refusal(pod, drivers)

    def _away(self, cluster: Cluster, profile: Profile) -> str:
        """Why nothing can be reached from the subnets of a profile."""
        for subnet in profile.subnets:
            machine = Machine("", "", "", subnet, "", "", "", "", "", "", public=False)
            why = self._networks.unreachable(cluster.region, machine)
            if why:
                return f"Pod provisioning timed out (will retry): {why.replace('the instance', 'the pod')}"
        return ""

    def _place(self, cluster: Cluster, profile: Profile, pod: Object, now: float) -> Place:
        subnet = profile.subnets[next(self._turn) % len(profile.subnets)]
        found = self._networks.subnet(cluster.region, subnet)
        about = f"fargate pod {pod['metadata']['namespace']}/{pod['metadata']['name']}"
        interface, address = self._networks.attach(cluster.region, subnet, (cluster.network.cluster_group,), about)
        return Place(
            cluster=cluster,
            pod=pod,
            node=f"fargate-{joining.name_of(cluster.region, address)}",
            interface=interface,
            address=address,
            subnet=subnet,
            zone=found.zone if found is not None else "",
            due=now + self._delays.real("eks.fargate-pod"),
        )

    def _tell(self, plane: Plane, pod: Object, why: str) -> None:
        uid = pod["metadata"]["uid"]
        if self._told.get(uid) == why:
            return
        self._told[uid] = why
        events = Recorder(plane.client, SCHEDULER, self._world.clock.now)
        self._world.work(lambda: events.tell(pod, "FailedScheduling", why, WARNING))

    def _clear_up(self) -> None:
        """Let nodes go whose pods are gone."""
        seen: dict[tuple[str, str], set[str]] = {}
        for uid, place in list(self._places.items()):
            plane = self._planes.get(place.cluster)
            if plane is None:
                self._networks.detach(place.cluster.region, place.interface)
                del self._places[uid]
                continue
            key = place.cluster.key
            if key not in seen:
                seen[key] = {each["metadata"]["uid"] for each in plane.seen.all("pods")}
            if uid in seen[key]:
                continue
            del self._places[uid]
            self._told.pop(uid, None)
            plane.fleet.leave(place.node)
            self._networks.detach(place.cluster.region, place.interface)
            if place.on:
                self._world.work(lambda plane=plane, place=place: _forget(plane, place.node))  # type: ignore[misc]


def _node(cluster: Cluster, profile: Profile, place: Place) -> Node:
    size = size_of(place.pod) or (0.25, 0.5)
    return Node(
        name=place.node,
        provider_id=f"aws:///{place.zone}/{place.interface}/{place.node}",
        cluster=cluster.name,
        instance_type="fargate",
        zone=place.zone,
        region=cluster.region,
        internal_ip=place.address,
        cpu=max(size[0], 2.0),
        memory=int(max(size[1], 4.0) * GIB),
        pods=1,
        version=cluster.version,
        role=profile.role,
        labels={COMPUTE: "fargate"},
        taints=(TAINT,),
    )


def _bind(plane: Plane, pod: Object, node: str, world: World) -> None:
    metadata = pod["metadata"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/binding"
    target = {"apiVersion": "v1", "kind": "Node", "name": node}
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": metadata["name"]}, "target": target}
    try:
        plane.client.create(path, body)
    except ApiError as error:
        log.info("%s was not bound: %s", path, error.message)
        return
    message = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {node}"
    Recorder(plane.client, SCHEDULER, world.clock.now).tell(pod, "Scheduled", message)


def _delete(plane: Plane, pods: list[Object]) -> None:
    for each in pods:
        metadata = each["metadata"]
        try:
            plane.client.delete(f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}")
        except ApiError as error:
            log.info("%s: %s", metadata["name"], error.message)


def _forget(plane: Plane, name: str) -> None:
    try:
        plane.client.delete(f"/api/v1/nodes/{name}")
    except ApiError as error:
        log.info("%s: %s", name, error.message)
