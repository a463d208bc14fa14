"""EKS as a part of the cloud."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..autoscaling.part import Ec2AutoScaling
from ..cloudwatch.part import CloudWatch
from ..core import Core
from ..efs.mounting import Mounting
from ..elb.targets import TargetRegistry
from ..runtime.mounts import remove_folder
from ..wire.moto_logs import MotoLogs
from . import images
from .addon_reconciler import AddonReconciler
from .agents.addresses import Addresses
from .agents.loop import Loop
from .agents.machine import Machine, Registries
from .api import EksApi
from .cluster import Cluster
from .drains import Drains
from .fargate_reconciler import Fargate
from .identity import PodIdentities
from .insights import InsightsCollector
from .neighbours import AutoScalingNeighbour, Ec2Neighbour, IamNeighbour, VpcNeighbour
from .nodegroup_maker import Maker
from .nodegroup_reconciler import NodegroupReconciler
from .nodes import Nodes
from .planes import Planes
from .reconciler import ClusterReconciler
from .storage.part import Storage
from .store import Store

if TYPE_CHECKING:
    from .kubernetes.api import ApiServer
    from .services.part import ClusterServices


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
    capacity : Ec2AutoScaling
        The groups whose instances become nodes.
    targets : TargetRegistry
        The targets of all load balancers.
    files : Mounting
        The way to the files of Amazon EFS.
    watch : CloudWatch
        Where metrics go.
    logs : MotoLogs
        Where logs go.
    """

    def __init__(
        self,
        core: Core,
        secret_of: Callable[[str], str | None],
        registries: Registries,
        capacity: Ec2AutoScaling,
        targets: TargetRegistry,
        files: Mounting,
        watch: CloudWatch,
        logs: MotoLogs,
    ) -> None:
        self.store = Store()
        loop = Loop("kubelet")
        addresses = Addresses(core.book, core.world.spawn)
        pods = core.folder / "pods"
        machine = Machine(core.runtime, registries, core.clock, pods, loop, addresses)
        networks, roles, machines = VpcNeighbour(), IamNeighbour(core.authority), Ec2Neighbour()
        self._machines = machines
        groups = AutoScalingNeighbour(capacity.store, capacity.api)
        self._planes = Planes(core.world, core.folder, secret_of, machine, logs)
        watch.sampler.add(InsightsCollector(self.store, self._planes, core.world.lock, logs))
        self._planes.attach.append(lambda cluster, api: _services(core, targets, cluster, api))
        identities = PodIdentities(self.store, core.world, roles, core.vendor, core.running.endpoint)
        machine.identities = self._identities = identities
        self._planes.opened.append(identities.watch)
        self._storage = Storage(core, machine, files)
        self._planes.attach.append(self._storage.attach)
        self._drains = Drains(core.world, self._planes)
        beside = (machines, roles, networks)
        self._nodes = Nodes(self.store, core.world, self._planes, *beside, core.delays, self._drains)
        capacity.groups.hooks.append(self._nodes.holds)
        core.world.add(ClusterReconciler(self.store, core.world, self._planes, networks))
        core.world.add(self._nodes)
        core.world.add(
            NodegroupReconciler(
                self.store,
                core.world,
                self._planes,
                self._nodes,
                Maker(machines, groups, roles, networks),
                groups,
                roles,
                networks,
                core.delays,
                self._drains,
            )
        )
        core.world.add(AddonReconciler(self.store, core.world, self._planes, roles))
        self._fargate = Fargate(self.store, core.world, self._planes, networks, core.delays)
        self._planes.opened.append(self._fargate.watch)
        core.world.add(self._fargate)
        core.dispatcher.own("eks", EksApi(self.store, core.clock, core.delays, roles, networks, machines))
        core.on_reset.append(self._reset)
        core.on_start.append(lambda: loop.work(lambda: remove_folder(pods)))  # what a killed cloud has left
        core.on_start.append(lambda: loop.work(self._storage.clear))
        core.on_close += [self._planes.close_all, loop.close, addresses.close, lambda: remove_folder(pods)]
        core.on_close.append(self._storage.clear)

    def published_images(self, region: str) -> dict[str, str]:
        """The parameters of SSM that tell of EKS-optimized images; EC2 knows those images then."""
        found = images.parameters(region)
        for each in images.all_images(region).values():
            if each.id in found.values():
                self._machines.know_image(region, each)
        return found

    def _reset(self) -> None:
        self._planes.close_all()
        self.store.regions.clear()
        self._nodes.clear()
        self._drains.clear()
        self._fargate.clear()
        self._identities.clear()
        self._storage.clear()


def _services(core: Core, targets: TargetRegistry, cluster: Cluster, api: "ApiServer") -> "ClusterServices":
    from .services.part import ClusterServices  # loaded with the first cluster

    return ClusterServices(core, targets, cluster, api)
