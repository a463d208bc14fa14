"""The storage of every cluster whose control plane answers."""

from typing import TYPE_CHECKING

from ...clock import Clock
from ...core import Core
from ...efs.mounting import Mounting
from ..agents.machine import Machine
from ..cluster import Cluster
from ..controllers.client import Loopback
from ..controllers.events import Recorder
from ..controllers.runner import Controllers
from .account import DriverAccount
from .driver import Driver
from .ebs import EbsDriver
from .efs import EfsDriver
from .folders import Folders
from .fsx import LustreDriver, TridentDriver
from .mounting import Attachments, ClaimMounter
from .mountpoint import MountpointDriver
from .provisioner import Provisioner

if TYPE_CHECKING:  # loaded with the first cluster
    from ..kubernetes.api import ApiServer

CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
GP2 = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "gp2"},
    "provisioner": "kubernetes.io/aws-ebs",
    "parameters": {"type": "gp2", "fsType": "ext4"},
    "volumeBindingMode": "WaitForFirstConsumer",
}
"""The class that EKS makes; since Kubernetes 1.30 it is not the default one."""


class Storage:
    """The storage of all clusters.

    Parameters
    ----------
    core : Core
        Where it plugs in.
    machine : Machine
        What mounts volumes.
    efs : Mounting
        The way to the files of Amazon EFS.
    """

    def __init__(self, core: Core, machine: Machine, efs: Mounting) -> None:
        self._core = core
        self._efs = efs
        self.folders = Folders(core.folder / "storage")
        self._buckets: dict[tuple[str, str], MountpointDriver] = {}
        self.mounter = machine.mounters["persistentVolumeClaim"] = ClaimMounter()

    def attach(self, cluster: Cluster, api: "ApiServer") -> "ClusterStorage":
        """Begin to work for a cluster."""
        core, folders = self._core, self.folders

        def account(driver: str) -> DriverAccount:
            return DriverAccount(core, self._efs, cluster, driver)

        drivers: list[Driver] = [make(account(make.name), folders) for make in (EbsDriver, LustreDriver, TridentDriver)]
        drivers.append(EfsDriver(account(EfsDriver.name)))
        recorder = Recorder(Loopback(api, "s3-csi-node"), "s3.csi.aws.com")
        buckets = MountpointDriver(account(MountpointDriver.name), folders, recorder, core.clock.now)
        self._buckets[cluster.region, cluster.name] = buckets
        return ClusterStorage(core.clock, drivers, self.mounter, cluster, api, buckets)

    def clear(self) -> None:
        """Everything is reset: no volume is left."""
        for each in self._buckets.values():
            each.close()
        self._buckets.clear()
        self.mounter.clusters.clear()
        self.folders.clear()


class ClusterStorage:
    """The drivers of one cluster.

    Parameters
    ----------
    clock : Clock
        The time and the speed.
    drivers : list of Driver
        The CSI drivers.
    mounter : ClaimMounter
        Who mounts claims.
    cluster : Cluster
        The cluster.
    api : ApiServer
        Its API.
    buckets : MountpointDriver
        What mounts buckets.
    """

    def __init__(
        self,
        clock: Clock,
        drivers: list[Driver],
        mounter: ClaimMounter,
        cluster: Cluster,
        api: "ApiServer",
        buckets: MountpointDriver,
    ) -> None:
        client = Loopback(api, "csi-controller")
        by_name = {each.name: each for each in drivers}
        mounter.clusters[cluster.region, cluster.name] = Attachments(client, by_name, clock.now, buckets)
        self._buckets = buckets
        client.create(CLASSES, GP2)
        # apart from Kubernetes' own controllers: a driver waits for the world's lock
        self._controllers = Controllers(client, [Provisioner(client, each, clock.speed) for each in drivers])
        self._controllers.start()

    def close(self) -> None:
        """End; volumes stay, as on AWS."""
        self._controllers.close()
        self._buckets.close()
