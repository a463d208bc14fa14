"""Claims in pods: volumes are attached to nodes, and their folders mounted.

References
----------
https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..agents.node import Node
from ..agents.volumes import NotMounted
from ..controllers.client import Client
from ..controllers.events import Recorder
from ..fargate import COMPUTE, SHARED
from ..kubernetes.status import ApiError
from .driver import Driver, DriverError, PodDriver

Object = Mapping[str, Any]
OTHERS = ("hostPath", "local", "nfs", "awsElasticBlockStore")
ALONE = {"ReadWriteOnce", "ReadWriteOncePod"}
DRIVERS = "/apis/storage.k8s.io/v1/csidrivers"


@dataclass
class Attached:
    """A volume on a node.

    Parameters
    ----------
    volume : mapping
        The PersistentVolume.
    node : Node
        The node.
    pods : dict of str to str
        The names of the pods there that use it, by their uids.
    """

    volume: Object
    node: Node
    pods: dict[str, str] = field(default_factory=dict)


class Attachments:
    """The volumes of one cluster that are on nodes.

    Parameters
    ----------
    client : Client
        The cluster's API.
    drivers : mapping of str to Driver
        The CSI drivers by name.
    now : callable
        The time in epoch seconds.
    buckets : PodDriver, optional
        The driver that mounts for each pod.
    """

    def __init__(
        self, client: Client, drivers: Mapping[str, Driver], now: Callable[[], float], buckets: PodDriver | None = None
    ) -> None:
        self.client = client
        self._drivers = drivers
        self._buckets = buckets
        self._now = now
        self._recorder = Recorder(client, "attachdetach-controller")
        self._lock = threading.Lock()
        self._attached: dict[tuple[str, str], Attached] = {}

    def mount(self, pod: Object, volume: Object, node: Node) -> Path:
        """The folder of a PersistentVolume on a node; slow.

        Raises
        ------
        NotMounted
            It cannot be had there now.
        """
        name, spec = volume["metadata"]["name"], volume["spec"]
        source = spec.get("csi")
        if not source:
            kind = next((key for key in OTHERS if key in spec), "this kind")
            raise NotMounted(f'MountVolume.SetUp failed for volume "{name}" : {kind} is not simulated here')
        driver, buckets = self._drivers.get(source["driver"]), self._buckets
        mounts = buckets if buckets is not None and buckets.name == source["driver"] else None
        if (driver is None and mounts is None) or not self._registered(source["driver"], node):
            raise NotMounted(
                f'MountVolume.MountDevice failed for volume "{name}" : kubernetes.io/csi: attacher.MountDevice failed '
                f"to create newCsiDriverClient: driver name {source['driver']} not found in the list of registered "
                "CSI drivers"
            )
        if driver is not None and driver.attaches:
            self._attach(driver, pod, volume, node)
        try:
            if mounts is not None:
                return mounts.mount(pod, volume, node)
            assert driver is not None
            return driver.folder(volume, node)
        except DriverError as error:
            raise NotMounted(f'MountVolume.SetUp failed for volume "{name}" : {error}') from None

    def _registered(self, name: str, node: Node) -> bool:
        if node.labels.get(COMPUTE) == "fargate" and name in SHARED:
            return True  # Fargate has it in itself
        try:
            self.client.get(f"{DRIVERS}/{name}")
        except ApiError:
            return False
        return True

    def _attach(self, driver: Driver, pod: Object, volume: Object, node: Node) -> None:
        name, key = volume["metadata"]["name"], (volume["metadata"]["name"], node.name)
        with self._lock:
            others = [each for (one, there), each in self._attached.items() if one == name and there != node.name]
            if others and set(volume["spec"].get("accessModes") or ()) <= ALONE:
                pods = ", ".join(sorted(each for one in others for each in one.pods.values()))
                text = f'Multi-Attach error for volume "{name}" Volume is already used by pod(s) {pods}'
                raise NotMounted(text, "FailedAttachVolume")
            new = key not in self._attached
            found = self._attached.setdefault(key, Attached(volume, node))
            found.pods[pod["metadata"]["uid"]] = pod["metadata"]["name"]
        if not new:
            return
        try:
            driver.attach(volume, node)
        except DriverError as error:
            with self._lock:
                self._attached.pop(key, None)
            text = f'AttachVolume.Attach failed for volume "{name}" : {error}'
            raise NotMounted(text, "FailedAttachVolume") from None
        self._recorder.tell(
            pod, "SuccessfulAttachVolume", f'AttachVolume.Attach succeeded for volume "{name}" ', self._now()
        )

    def release(self, pod: Object, node: Node) -> None:
        """A pod on a node has ended: what only it used there is detached; slow."""
        if self._buckets is not None:
            self._buckets.release(pod)
        uid, left = pod["metadata"]["uid"], []
        with self._lock:
            for (name, there), found in self._attached.items():
                if there == node.name and found.pods.pop(uid, None) is not None and not found.pods:
                    left.append((name, found))
        for name, found in left:
            try:
                self._drivers[found.volume["spec"]["csi"]["driver"]].detach(found.volume, node)
            except DriverError as error:
                self._recorder.tell(found.volume, "FailedDetachVolume", str(error), self._now(), warning=True)
            with self._lock:
                self._attached.pop((name, node.name), None)


class ClaimMounter:
    """Mounts the claims of pods, of all clusters.

    Attributes
    ----------
    clusters : dict
        What is attached, by the region and the name of a cluster.
    """

    def __init__(self) -> None:
        self.clusters: dict[tuple[str, str], Attachments] = {}

    def mount(self, pod: Object, volume: Object, node: Node) -> Path:
        """The folder of a claim.

        Raises
        ------
        NotMounted
            It cannot be had now.
        """
        found = self.clusters.get((node.region, node.cluster))
        if found is None:
            raise NotMounted(f"there is no cluster {node.cluster}")
        claim = volume["persistentVolumeClaim"]["claimName"]
        path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/persistentvolumeclaims/{claim}"
        bound = found.client.get(path)
        if (bound.get("status") or {}).get("phase") != "Bound":
            raise NotMounted(f'PVC "{claim}" is not bound')
        return found.mount(pod, found.client.get(f"/api/v1/persistentvolumes/{bound['spec']['volumeName']}"), node)

    def unmount(self, pod: Object, volume: Object, node: Node) -> None:
        """The pod has ended."""
        found = self.clusters.get((node.region, node.cluster))
        if found is not None:
            found.release(pod, node)
