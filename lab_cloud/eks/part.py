"""EKS as a part of the cloud."""

from collections.abc import Callable

from ..core import Core
from .agents.loop import Loop
from .agents.machine import Machine, Registries
from .api import EksApi
from .neighbours import IamNeighbour, VpcNeighbour
from .planes import Planes
from .reconciler import ClusterReconciler
from .store import Store


class Eks:
    """Clusters, and what keeps them as they should be.

    Parameters
    ----------
    core : Core
        Where it plugs in.
    secret_of : callable
        From an access key id to its secret key, or None.
    registries : Registries
        Where images are pulled with a role's permissions.
    """

    def __init__(self, core: Core, secret_of: Callable[[str], str | None], registries: Registries) -> None:
        self.store = Store()
        loop = Loop("kubelet")
        machine = Machine(core.runtime, registries, core.clock, core.folder / "pods", loop)
        networks = VpcNeighbour()
        self._planes = Planes(core.world, core.folder, secret_of, machine)
        core.world.add(ClusterReconciler(self.store, self._planes, networks))
        core.dispatcher.own("eks", EksApi(self.store, core.clock, core.delays, IamNeighbour(), networks))
        core.on_reset.append(self._reset)
        core.on_close += [self._planes.close_all, loop.close]

    def _reset(self) -> None:
        self._planes.close_all()
        self.store.regions.clear()
