"""Amazon EKS, as its clients see it."""

from ..clock import Clock
from ..delays import Delays
from ..wire import Call
from .access_api import AccessOperations
from .addons_api import AddonOperations
from .clusters_api import ClusterOperations
from .fargate_api import FargateOperations
from .nodegroups_api import NodegroupOperations
from .outside import Machines, Networks, Roles
from .pod_identity_api import PodIdentityOperations
from .refused import REFUSED
from .store import Region, Store
from .tags_api import TagOperations
from .updates_api import UpdateOperations


class EksApi(
    ClusterOperations,
    AccessOperations,
    NodegroupOperations,
    FargateOperations,
    PodIdentityOperations,
    AddonOperations,
    UpdateOperations,
    TagOperations,
):
    """All operations of EKS that the embedded cloud has; those in `refused` answer ``UnsupportedOperation``.

    Parameters
    ----------
    store : Store
        What EKS knows.
    clock : Clock
        The time.
    delays : Delays
        How long AWS's own steps take.
    roles : Roles
        Where roles are looked up.
    networks : Networks
        Where subnets are looked up.
    machines : Machines
        Where images and launch templates are looked up.
    """

    refused = REFUSED

    def __init__(
        self, store: Store, clock: Clock, delays: Delays, roles: Roles, networks: Networks, machines: Machines
    ) -> None:
        self._store = store
        self._clock = clock
        self._delays = delays
        self._roles = roles
        self._networks = networks
        self._machines = machines

    def _region(self, call: Call) -> Region:
        return self._store.region(call.region)
