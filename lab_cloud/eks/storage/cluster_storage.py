"""The storage of one cluster: its CSI drivers, and what looks at claims for them."""

from typing import TYPE_CHECKING

from ...clock import Clock
from ...core import Core
from ...efs.mounting import Mounting
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

if TYPE_CHECKING:
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


def open_storage(
    core: Core, efs: Mounting, folders: Folders, mounter: ClaimMounter, cluster: Cluster, api: "ApiServer"
) -> tuple[ClusterStorage, MountpointDriver]:
    """Begin to work for a cluster.

    Parameters
    ----------
    core : Core
        What the parts of the cloud share.
    efs : Mounting
        The way to the files of Amazon EFS.
    folders : Folders
        Where volumes lie.
    mounter : ClaimMounter
        Who mounts claims.
    cluster : Cluster
        The cluster.
    api : ApiServer
        Its API.

    Returns
    -------
    storage : ClusterStorage
        What works for it until it is closed.
    buckets : MountpointDriver
        What mounts its buckets.
    """

    def account(driver: str) -> DriverAccount:
        return DriverAccount(core, efs, cluster, driver)

    drivers: list[Driver] = [make(account(make.name), folders) for make in (EbsDriver, LustreDriver, TridentDriver)]
    drivers.append(EfsDriver(account(EfsDriver.name)))
    recorder = Recorder(Loopback(api, "s3-csi-node"), "s3.csi.aws.com")
    buckets = MountpointDriver(account(MountpointDriver.name), folders, recorder, core.clock.now)
    return ClusterStorage(core.clock, drivers, mounter, cluster, api, buckets), buckets
