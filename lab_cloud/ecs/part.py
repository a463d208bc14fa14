"""ECS as a part of the cloud."""

from ..autoscaling.part import Ec2AutoScaling
from ..cloudwatch.part import CloudWatch
from ..core import Core
from ..efs.part import Efs
from ..elb.reconciler import Elb
from ..wire.moto_logs import MotoLogs
from .agents import Agents
from .announcer import Announcer
from .api import EcsApi
from .collector import EcsCollector
from .ebs_volumes import EbsVolumes
from .exec_door import PREFIX as EXEC
from .exec_door import ExecDoor
from .express.surroundings import Surroundings
from .health_reconciler import HealthChecks
from .host_collector import HostCollector
from .interruption import Interruptions
from .launch import Launcher
from .metadata import PREFIX, Metadata
from .neighbours import AlarmNeighbour, AutoScalingNeighbour, Ec2Neighbour, ElbNeighbour, VpcNeighbour
from .outside import Announcements, Registries
from .provider_reconciler import Providers
from .roles import Roles
from .service_reconciler import ServiceReconciler
from .storage import Storage
from .store import Store
from .task import Task
from .task_reconciler import TaskReconciler


class Ecs:
    """Clusters, tasks and services, and what keeps them as they should be.

    Parameters
    ----------
    core : Core
        Where it plugs in.
    elb : Elb
        The load balancers whose target groups services use.
    watch : CloudWatch
        Where measurements go.
    logs : MotoLogs
        Where output goes.
    registries : Registries
        Where images are pulled with a role's permissions.
    capacity : Ec2AutoScaling
        The groups whose instances run tasks.
    events : Announcements
        Who is told of what happens.
    files : Efs
        The file systems that tasks mount.
    """

    def __init__(
        self,
        core: Core,
        elb: Elb,
        watch: CloudWatch,
        logs: MotoLogs,
        registries: Registries,
        capacity: Ec2AutoScaling,
        events: Announcements,
        files: Efs,
    ) -> None:
        self._core = core
        self.store = Store()
        networks, balancing = VpcNeighbour(core.book), ElbNeighbour(elb.targets)
        hosts = Ec2Neighbour(core.authority)
        roles = Roles(core.authority, core.guard, core.vendor, core.dispatcher.invoke, hosts.role)
        ebs = EbsVolumes(core.folder / "ecs" / "ebs", core.world, core.authority, self._service_tags)
        storage = Storage(core.folder / "ecs", core.world, files.mounting, roles, ebs)
        core.world.add(ebs)
        core.on_start.append(storage.clear)
        core.on_close.append(storage.clear)
        launcher = Launcher(core.world, core.runtime, logs, registries, roles, storage, core.running.endpoint)
        tasks = TaskReconciler(self.store, core.world, launcher, networks, balancing, core.delays)
        self.agents = Agents(self.store, core.world, hosts, core.delays)
        core.world.add(self.agents)
        core.world.add(tasks)
        core.world.add(HealthChecks(self.store, core.world))
        alarms = AlarmNeighbour(watch.alarms)
        core.world.add(ServiceReconciler(self.store, core.world, tasks, balancing, roles, core.delays, alarms))
        groups = AutoScalingNeighbour(capacity.store, capacity.api)
        providers = Providers(self.store, core.world, groups)
        core.world.add(providers)
        capacity.acting.wished = providers.wish
        capacity.groups.hooks.append(providers.drains)
        around = Surroundings(core.dispatcher, core.world.lock, core.authority)
        door = ExecDoor(core.running.endpoint, core.world.lock, core.clock)
        core.sockets[EXEC] = door
        core.on_close.append(door.close)
        api = EcsApi(
            self.store, core.clock, networks, balancing, groups, hosts, self.agents, registries, around, roles, door
        )
        core.dispatcher.own("ecs", api)
        core.world.add(api.express)
        announcer = Announcer(self.store, events)
        tasks.entered = announcer.task
        core.world.add(announcer)
        collector = EcsCollector(self.store, core.world.lock)
        watch.sampler.add(collector)
        watch.sampler.add(HostCollector(self.store, core.world.lock, hosts, collector.used_by_host))
        watch.sampler.add(providers)
        core.slow_doors[PREFIX] = Metadata(self.store, core.world.lock)
        core.commands["interrupt"] = Interruptions(self.store, core.world, core.delays).interrupt
        core.on_reset += [self._reset, self.agents.forget, announcer.forget, ebs.forget]

    def containers(self) -> int:
        """How many containers run."""
        return sum(
            container.alive
            for region in self.store.regions.values()
            for task in region.tasks.values()
            for container in task.containers
        )

    def _service_tags(self, task: Task) -> dict[str, str]:
        service = self.store.region(task.region).services.get((task.cluster, task.service))
        return service.tags if service is not None else {}

    def _reset(self) -> None:
        now = self._core.clock.now()
        for region in self.store.regions.values():
            for task in region.tasks.values():
                task.ask_to_stop("UserInitiated", "The cloud was reset", now)
                for container in task.containers:
                    if container.alive and container.handle is not None:
                        container.handle.kill()
        self.store.regions.clear()
