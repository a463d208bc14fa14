"""The storage of every cluster whose control plane answers."""

from typing import TYPE_CHECKING

from ...core import Core
from ...efs.mounting import Mounting
from ..agents.machine import Machine
from ..cluster import Cluster
from .folders import Folders
from .mounting import ClaimMounter

if TYPE_CHECKING:  # loaded with the first cluster
    from ..kubernetes.api import ApiServer
    from .cluster_storage import ClusterStorage
    from .mountpoint import MountpointDriver


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
        from .cluster_storage import open_storage  # the drivers, loaded with the first cluster

        storage, buckets = open_storage(self._core, self._efs, self.folders, self.mounter, cluster, api)
        self._buckets[cluster.region, cluster.name] = buckets
        return storage

    def clear(self) -> None:
        """Everything is reset: no volume is left."""
        for each in self._buckets.values():
            each.close()
        self._buckets.clear()
        self.mounter.clusters.clear()
        self.folders.clear()
