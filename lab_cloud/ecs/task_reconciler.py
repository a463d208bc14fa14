"""Moves each task through its life: observe, ask `lifecycle.next_status`, apply."""

from collections import Counter
from collections.abc import Callable, Sequence

from ..delays import Delays
from ..runtime.spec import Exit, Handle
from ..world import World
from .container_health import Record, check_of
from .dependencies import ContainerView, dead_end, startable
from .interruption import CODE as SPOT
from .launch import Launcher, share_of
from .lifecycle import TaskView, next_status
from .outside import LoadBalancing, Networks
from .placement import DEFAULT_STRATEGIES
from .placer import candidates, find_place, host_ports, rules_of, settle
from .store import Region, Store
from .task import STOPPED_VISIBLE_SECONDS, Container, Task

DEFAULT_START_SECONDS = 180.0
"""Fargate's default for ``startTimeout``; it races with the learner's program, so it is not divided."""
CANNOT_PULL = "CannotPullContainerError: pull image manifest has been retried 1 time(s): "


class TaskReconciler:
    """The half of ECS that an agent does on AWS.

    Parameters
    ----------
    store : Store
        What ECS knows.
    world : World
        The lock, the time, and the workers.
    launcher : Launcher
        What starts containers.
    networks, load_balancing
        The services beside ECS.
    delays : Delays
        How long AWS's own steps take.
    """

    def __init__(
        self,
        store: Store,
        world: World,
        launcher: Launcher,
        networks: Networks,
        load_balancing: LoadBalancing,
        delays: Delays,
    ) -> None:
        self._store = store
        self._world = world
        self._launcher = launcher
        self._networks = networks
        self._load_balancing = load_balancing
        self._delays = delays
        self._homeless: set[str] = set()
        self.entered: Callable[[Task, float], None] = lambda task, now: None

    def tick(self, now: float) -> None:
        """Move every task as far as it goes now."""
        for region in self._store.regions.values():
            self._homeless.clear()
            for task in list(region.tasks.values()):
                if task.status == "STOPPED":
                    self._forget_later(region, task, now)
                else:
                    self._move(region, task, now)

    def _forget_later(self, region: Region, task: Task, now: float) -> None:
        if task.stopped_at is not None and now - task.stopped_at > STOPPED_VISIBLE_SECONDS:
            del region.tasks[task.id]

    def _move(self, region: Region, task: Task, now: float) -> None:
        if task.status == "PROVISIONING" and not task.placed and task.desired == "RUNNING":
            self._place(region, task)
        if task.network is not None and task.interface is None and task.status == "PROVISIONING" and task.placed:
            self._attach(region, task, now)
        if task.pulled and task.status == "PENDING" and task.desired == "RUNNING":
            self._start_containers(task, now)
        while True:
            status = next_status(self._observe(region, task, now))
            if status is None:
                self._come_back(task)
                return
            self._leave(region, task)
            task.enter(status, now)
            self._enter(region, task, now)
            self.entered(task, now)
            self._world.wake()

    def _come_back(self, task: Task) -> None:
        if task.status == "DEPROVISIONING" or (task.status == "PROVISIONING" and task.placed):
            self._world.wake_at(task.entered_at + self._delays.real(f"ecs.{task.status.lower()}"))

    def _observe(self, region: Region, task: Task, now: float) -> TaskView:
        targets = self.targets_of(region, task)
        drained = task.status != "DEACTIVATING" or all(
            self._load_balancing.health(region.name, arn, address, port) is None for arn, address, port in targets
        )
        if task.stop_code == SPOT and now - (task.stopping_at or now) >= self._delays.real("ecs.spot-warning"):
            drained = True  # the capacity is gone
        return TaskView(
            status=task.status,
            desired=task.desired,
            since=now - task.entered_at,
            running=sum(container.alive for container in task.containers),
            ended=sum(container.status == "STOPPED" for container in task.containers),
            containers=len(task.containers),
            starting=task.starting or any(container.launching for container in task.containers),
            targets=bool(targets),
            placed=task.placed,
            drained=drained,
            provisioning=self._delays.real("ecs.provisioning"),
            deprovisioning=self._delays.real("ecs.deprovisioning"),
        )

    def targets_of(self, region: Region, task: Task) -> Sequence[tuple[str, str, int]]:
        """(target group, address, port) of each target that a task is, by its deployment's load balancers."""
        service = region.services.get((task.cluster, task.service)) if task.service else None
        if service is None or (task.interface is None and task.host is None):
            return ()
        deployment = next((each for each in service.history if each.id == task.deployment), None)
        if deployment is None:
            return ()
        if task.interface is not None:
            address = task.interface.address
            return [(group, address, port) for group, _container, port in deployment.targets]
        assert task.host is not None
        ports = {container.name: container.host_ports for container in task.containers}
        return [
            (group, task.host.id, ports[container][port])
            for group, container, port in deployment.targets
            if port in ports.get(container, {})
        ]

    def _place(self, region: Region, task: Task) -> None:
        """Look for an instance for a task that waits for one; once a tick for tasks that are alike."""
        alike = repr((task.cluster, task.definition.arn, task.capacity_provider, task.group, task.network,
                      task.placement, task.overrides))  # fmt: skip
        if alike in self._homeless:
            return
        if not self._find_place(region, task):
            self._homeless.add(alike)

    def _find_place(self, region: Region, task: Task) -> bool:
        zones = self._networks.zones(region.name, task.network) if task.network is not None else ()
        found = candidates(region, region.clusters[task.cluster], task.capacity_provider, zones)
        if not found:
            return False
        rules = rules_of(task.definition, task.placement, DEFAULT_STRATEGIES if task.service else ())
        placed = find_place(region, task.definition, found, rules, task.group, task.overrides)
        if placed.instance:
            settle(task, region.instances[placed.instance])
        return bool(placed.instance)

    def _attach(self, region: Region, task: Task, now: float) -> None:
        assert task.network is not None
        network = task.network
        if task.host is not None:
            network = self._networks.in_zone(region.name, network, task.host.zone)
        try:
            task.interface = self._networks.attach(region.name, network, _busy(region, task))
        except Exception as error:
            reason = f"ResourceInitializationError: unable to attach a network interface: {error}"
            task.ask_to_stop("TaskFailedToStart", reason, now)

    def _leave(self, region: Region, task: Task) -> None:
        if task.status in ("RUNNING", "ACTIVATING") and task.desired == "STOPPED":
            self._deregister(region, task)

    def _enter(self, region: Region, task: Task, now: float) -> None:
        if task.status == "PENDING":
            self._launch(region, task, now)
        elif task.status == "ACTIVATING":
            self._register(region, task, now)
        elif task.status == "STOPPING":
            for container in task.containers:
                if container.alive and container.handle is not None:
                    container.handle.stop()
        elif task.status == "DEPROVISIONING":
            if task.interface is not None:
                self._networks.detach(region.name, task.interface)
        elif task.status == "STOPPED":
            self._launcher.forget(task)
            for container in task.containers:
                container.status = "STOPPED"
                if task.host is not None:
                    for port in container.host_ports.values():
                        self._networks.shut(task.host.address, port)

    def _launch(self, region: Region, task: Task, now: float) -> None:
        task.pull_started_at = now
        why = self._refusal(region, task)
        if why:
            task.ask_to_stop("TaskFailedToStart", why, now)
            return
        task.starting, task.share = True, share_of(task)
        self._launcher.pull(task, lambda digests, why: self._pulled(task, digests, why))

    def _pulled(self, task: Task, digests: dict[str, str], why: str) -> None:
        now = self._world.clock.now()
        task.starting, task.pulled, task.pull_stopped_at = False, not why, now
        for container in task.containers:
            container.image_digest = digests.get(container.name)
        if why:
            self._cannot_start(task, why, now)

    def _cannot_start(self, task: Task, why: str, now: float) -> None:
        task.ask_to_stop("TaskFailedToStart", why, now)
        for container in task.containers:
            container.reason = container.reason or why

    def _start_containers(self, task: Task, now: float) -> None:
        views = [_view(container) for container in task.containers]
        why = dead_end(views, now - (task.pull_stopped_at or now))
        if why:
            self._cannot_start(task, f"Task failed to start: {why}", now)
            return
        ready = startable(views)
        for container in task.containers:
            if container.name in ready:
                container.launching = True
                self._launcher.start(
                    task,
                    container,
                    started=lambda container, handle, why: self._container_started(task, container, handle, why),
                    ended=lambda container, exit: self._container_ended(task, container, exit),  # noqa: A006
                )

    def _refusal(self, region: Region, task: Task) -> str:
        if task.interface is not None and task.host is None:
            refusal = self._networks.pull_refusal(region.name, task.interface)
            if refusal:
                return CANNOT_PULL + refusal
        return self._launcher.prepare(task)

    def _container_started(self, task: Task, container: Container, handle: Handle | None, why: str) -> None:
        now = self._world.clock.now()
        container.launching = False
        if handle is None:
            self._cannot_start(task, why, now)
            return
        container.handle, container.started_at = handle, now
        # it may have ended before this was posted; its end was then told already
        container.status = "RUNNING" if handle.exit is None else "STOPPED"
        check = check_of(container.definition, self._world.clock.speed)
        if check is not None:
            container.health = Record(due=now + check.interval)
        if task.interface is not None:
            self._networks.open(task.interface.address, dict(handle.ports))
        elif task.host is not None:
            container.host_ports = host_ports(self._store.region(task.region), task, container, handle.ports)
            known = {host: handle.ports[port] for port, host in container.host_ports.items() if port in handle.ports}
            self._networks.open(task.host.address, known)
        task.version += 1
        if task.desired == "STOPPED":
            handle.stop()

    def _container_ended(self, task: Task, container: Container, exit: Exit) -> None:  # noqa: A002
        now = self._world.clock.now()
        container.status, container.exit_code, container.reason = "STOPPED", exit.code, exit.reason
        task.version += 1
        if container.essential:
            task.execution_stopped_at = task.execution_stopped_at or now
            task.ask_to_stop("EssentialContainerExited", "Essential container in task exited", now)

    def _register(self, region: Region, task: Task, now: float) -> None:
        service = region.services[(task.cluster, task.service)]
        for arn, address, port in self.targets_of(region, task):
            self._load_balancing.register(region.name, arn, address, port, task.zone)
            service.tell(f"registered 1 targets in (target-group {arn})", now)

    def _deregister(self, region: Region, task: Task) -> None:
        targets = self.targets_of(region, task)
        if not targets:
            return
        now = self._world.clock.now()
        service = region.services[(task.cluster, task.service)]
        for arn, address, port in targets:
            self._load_balancing.deregister(region.name, arn, address, port)
            service.tell(f"deregistered 1 targets in (target-group {arn})", now)
        service.tell("has begun draining connections on 1 tasks.", now, about=f", taskSet {task.deployment}")


def _busy(region: Region, task: Task) -> Counter[str]:
    """How many tasks like this one each zone and each subnet has: of its deployment, or of its group."""
    busy: Counter[str] = Counter()
    for other in region.tasks.values():
        alike = (other.cluster, other.group, other.deployment) == (task.cluster, task.group, task.deployment)
        if alike and other.interface is not None and other.desired == "RUNNING":
            busy[other.interface.zone] += 1
            busy[other.interface.subnet] += 1
    return busy


def _view(container: Container) -> ContainerView:
    state = "waiting"
    if container.launching:
        state = "starting"
    elif container.alive:
        state = "running"
    elif container.handle is not None or container.status == "STOPPED":
        state = "ended"
    depends = tuple((item["containerName"], item["condition"]) for item in container.definition.get("dependsOn", ()))
    return ContainerView(
        name=container.name,
        state=state,
        exit_code=container.exit_code,
        health=container.health.status,
        depends=depends,
        start_timeout=float(container.definition.get("startTimeout", DEFAULT_START_SECONDS)),
    )
