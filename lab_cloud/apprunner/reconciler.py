"""Observe services, decide, apply: the thin part around `decide`.

References
----------
https://docs.aws.amazon.com/apprunner/latest/dg/monitor-cwl.html
"""

from ..delays import Delays
from ..elb.model import TargetGroup
from ..runtime.spec import Exit, Handle
from ..world import World
from . import names
from .decide import Action, Drain, Fail, InstanceView, Pull, Route, ServiceView, Start, Stop, decide
from .doors import REQUEST_SECONDS, DoorPlan, Doors, group_of
from .launch import Launcher, Logs
from .service import MIB, Instance, Operation, Run, Service
from .store import Region, Store

RETRY_SECONDS = 5.0
"""Real seconds before an instance that has ended by itself is replaced, when another has of late."""
CALM_SECONDS = 60.0
FAILED_PULL = "Failed to pull your application image."
FAILED_BUILD = "Failed to build your application source code."
BEGINNINGS = {
    "CREATE_SERVICE": "Service creation started.",
    "UPDATE_SERVICE": "Service update started.",
    "START_DEPLOYMENT": "Deployment started.",
    "PAUSE_SERVICE": "Service pause started.",
    "RESUME_SERVICE": "Service resume started.",
    "DELETE_SERVICE": "Service deletion started.",
}
CLOSED = {
    "CREATE_FAILED": "its creation failed; the log stream 'events' says why",
    "PAUSED": "it is paused",
    "OPERATION_IN_PROGRESS": "an operation is in progress, and no instance is ready yet",
}


class Services:
    """Keeps services as they should be.

    Parameters
    ----------
    store : Store
        What App Runner knows.
    world : World
        Its loop.
    launcher : Launcher
        What starts instances.
    doors : Doors
        The service URLs.
    logs : Logs
        Where the events of services go.
    delays : Delays
        How long AWS waits before it scales in.
    """

    def __init__(
        self, store: Store, world: World, launcher: Launcher, doors: Doors, logs: Logs, delays: Delays
    ) -> None:
        self._store = store
        self._world = world
        self._launcher = launcher
        self._doors = doors
        self._logs = logs
        self._delays = delays

    def begin(self, service: Service, kind: str, now: float, *, deploys: bool = True) -> Operation:
        """Begin an operation."""
        operation = service.begin(kind, now, deploys=deploys)
        self.tell(service, BEGINNINGS[kind], now)
        return operation

    def deploy(self, service: Service, now: float) -> Operation:
        """Deploy the newest version of the service's image."""
        service.pushed = False
        service.release(service.settings)
        return self.begin(service, "START_DEPLOYMENT", now)

    def pushed(self, image: str, region: str) -> None:
        """A tag of a private repository now names another image: deploy it where that is wanted. Under the lock.

        What is pushed while a service is paused is not deployed when it is resumed, as on AWS.

        Parameters
        ----------
        image : str
            The reference, with the cloud's own registry as its host.
        region : str
            The repository's region.
        """
        for service in self._store.services():
            living = service.status in ("RUNNING", "OPERATION_IN_PROGRESS")
            if living and service.settings.automatic and self._launcher.same_image(service, image, region):
                service.pushed = True

    def tell(self, service: Service, message: str, now: float) -> None:
        """Add an event to the service's log."""
        self._write(service, "events", message, now)

    def tick(self, now: float) -> None:
        """Observe, decide, apply."""
        self._doors.targets.expire(now)
        for region in self._store.regions.values():
            region.forget(now)
            for service in region.living():
                self._tick(region, service, now)
        self.apply_doors()

    def apply_doors(self) -> None:
        """Let the service URLs be as the services are."""
        plans: dict[str, DoorPlan] = {}
        groups: dict[str, TargetGroup] = {}
        for region in self._store.regions.values():
            for service in region.living():
                plans[service.arn] = _door(region, service)
                for number in {one.release for one in service.instances.values()} | ({service.active} - {0}):
                    release, key = service.releases[number], service.group(number)
                    groups[key] = group_of(service.name, key, release.port, release.settings.check)
        self._doors.apply(plans, groups)

    def _tick(self, region: Region, service: Service, now: float) -> None:
        if service.pushed and service.status == "RUNNING":
            self.deploy(service, now)
        if service.active:
            service.loads.append((now, self._doors.in_flight(service.group(service.active))))
            while service.loads[0][0] < now - self._delays.real("apprunner.scale-in"):
                service.loads.popleft()
        for action in decide(self._view(region, service, now), now):
            self._apply(service, action, now)

    def _view(self, region: Region, service: Service, now: float) -> ServiceView:
        operation = service.operation
        candidate = service.releases.get(service.candidate)
        scaling = region.scaling_of(service).values
        return ServiceView(
            operation=operation.kind if operation is not None else "",
            deploys=operation is not None and operation.deploys,
            pull=candidate.pull if candidate is not None else "",
            failing=operation is not None and bool(operation.failure),
            active=service.active,
            candidate=service.candidate,
            instances=tuple(self._look(service, one, now) for one in service.instances.values()),
            least=scaling["MinSize"],
            most=scaling["MaxSize"],
            concurrency=scaling["MaxConcurrency"],
            peak=max((load for _moment, load in service.loads), default=0),
            retry_at=service.retry_at,
        )

    def _look(self, service: Service, instance: Instance, now: float) -> InstanceView:
        port = service.releases[instance.release].port
        target = self._doors.target(service.group(instance.release), instance.address, port)
        instance.rest(target, now)
        state = "unready"
        if instance.ended:
            state = "ended"
        elif instance.handle is None:
            state = "starting"
        elif target is not None and target.record.health.state in ("healthy", "unhealthy"):
            state = "ready" if target.record.health.state == "healthy" else "unhealthy"
        since = instance.drain_since
        return InstanceView(
            id=instance.id,
            release=instance.release,
            state=state,
            draining=since is not None,
            overdue=since is not None and now - since > REQUEST_SECONDS,
            in_flight=target.in_flight if target is not None else 0,
        )

    def _apply(self, service: Service, action: Action, now: float) -> None:
        if isinstance(action, Pull):
            self._pull(service, now)
        elif isinstance(action, Start):
            for _ in range(action.count):
                self._start(service, action.release)
        elif isinstance(action, Drain):
            instance = service.instances[action.id]
            instance.drain_since = now
            self._doors.drain(service.group(instance.release), instance.address)
        elif isinstance(action, Stop):
            self._stop(service, service.instances[action.id])
        elif isinstance(action, Route):
            self._route(service, now)
        elif isinstance(action, Fail):
            self._fail(service, action, now)
        else:
            self._finish(service, now)

    def _pull(self, service: Service, now: float) -> None:
        release = service.releases[service.candidate]
        release.pull = "pulling"
        built = release.settings.code is not None
        began = "Starting source code build." if built else "Starting to pull your application image."
        self._deployment(service, began, now)
        stream = self._stream(service)

        def say(line: str) -> None:
            if stream:
                group = service.log_group("service")
                self._logs.write(service.region, group, stream, self._world.clock.now(), f"[Build] {line}")

        def ready(run: Run | None, why: str) -> None:
            if self._store.region(service.region).services.get(service.arn) is not service:
                return  # the cloud was reset meanwhile
            moment = self._world.clock.now()
            release.run, release.pull = run, "failed" if why else "pulled"
            if why and built:
                text = f"Failed to build your application source code. Reason: {why}"
            elif why:
                text = f"Failed to pull your application image {release.settings.image}: {why}"
            else:
                done = "built source code" if built else "pulled your application image"
                text = f"Successfully {done}. Provisioning instances and deploying it."
            self._deployment(service, text, moment)

        self._launcher.prepare(service, release, say, ready)

    def _start(self, service: Service, number: int) -> None:
        release = service.releases[number]
        settings = release.settings
        instance = Instance(names.hex_id(), number, settings.cpu / 1024, settings.memory * MIB)
        service.instances[instance.id] = instance

        def started(handle: Handle | None, why: str) -> None:
            instance.handle = handle
            if handle is None:
                instance.ended = why
                self._note_end(service, instance)
            elif instance.stopping or service.instances.get(instance.id) is not instance:
                handle.stop()
            elif not instance.ended and instance.drain_since is None:
                port = release.port
                self._doors.add(service.group(number), instance.address, port, handle.ports[port])

        def ended(exit: Exit) -> None:  # noqa: A002
            instance.ended = f"Your application stopped or failed to start. Container exit code: {exit.code}." + (
                f" {exit.reason}" if exit.reason else ""
            )
            self._note_end(service, instance)

        self._launcher.start(service, release, instance, started, ended)

    def _note_end(self, service: Service, instance: Instance) -> None:
        """An instance has ended, or could not be started."""
        self._launcher.end(instance)
        now = self._world.clock.now()
        self._doors.drain(service.group(instance.release), instance.address)
        self._doors.remove(instance.address)
        if not instance.stopping and instance.release == service.active:
            service.retry_at = now + RETRY_SECONDS if now - service.retry_at < CALM_SECONDS else now
            self.tell(service, f"An instance has ended and is replaced. {instance.ended}", now)

    def _stop(self, service: Service, instance: Instance) -> None:
        if instance.ended:
            self._doors.drain(service.group(instance.release), instance.address)
            del service.instances[instance.id]
            self._launcher.forget(service.prune())
        elif not instance.stopping:
            instance.stopping = True
            if instance.handle is not None:
                instance.handle.stop()

    def _route(self, service: Service, now: float) -> None:
        operation = service.operation
        assert operation is not None
        service.active, service.candidate = service.candidate, 0
        service.last = service.active  # `loads` stay: the new instances are to carry what the old ones did
        service.retry_at = 0.0
        self._deployment(service, "Health check is successful. Routing traffic to application.", now)
        self._over(service, operation, "RUNNING", "SUCCEEDED", now)

    def _fail(self, service: Service, action: Fail, now: float) -> None:
        operation = service.operation
        assert operation is not None
        release = service.releases[service.candidate]
        port = release.port
        if not action.instance:
            operation.failure = FAILED_BUILD if release.settings.code else FAILED_PULL
        elif service.instances[action.instance].ended:
            operation.failure = service.instances[action.instance].ended
        else:
            check = release.settings.check
            how = f"{check['Protocol']} {check['Path']}" if check["Protocol"] == "HTTP" else check["Protocol"]
            operation.failure = (
                f"Health check failed on port '{port}' [Protocol: {how}]. Please check your configured port number. "
                "For more information, see the application logs."
            )
        self._deployment(service, operation.failure, now)
        service.candidate = 0
        if operation.kind in ("UPDATE_SERVICE", "START_DEPLOYMENT"):
            operation.status, operation.updated = "ROLLBACK_IN_PROGRESS", now
            self._deployment(service, "Rolling back to the version before.", now)

    def _finish(self, service: Service, now: float) -> None:
        operation = service.operation
        assert operation is not None
        if operation.failure:
            status = {"CREATE_SERVICE": "CREATE_FAILED", "RESUME_SERVICE": "PAUSED"}.get(operation.kind, "RUNNING")
            rolled_back = operation.status == "ROLLBACK_IN_PROGRESS"
            if rolled_back:
                service.settings = service.releases[service.active].settings
            self._over(service, operation, status, "ROLLBACK_SUCCEEDED" if rolled_back else "FAILED", now)
        elif operation.kind == "DELETE_SERVICE":
            service.deleted, service.active = now, 0
            self._launcher.forget(service.images())
            self._over(service, operation, "DELETED", "SUCCEEDED", now)
        elif operation.kind == "PAUSE_SERVICE":
            service.active, service.pushed = 0, False
            service.loads.clear()
            self._over(service, operation, "PAUSED", "SUCCEEDED", now)
        else:
            service.releases[service.active].settings = service.settings
            self._over(service, operation, "RUNNING", "SUCCEEDED", now)

    def _over(self, service: Service, operation: Operation, status: str, result: str, now: float) -> None:
        operation.status, operation.ended, operation.updated = result, now, now
        service.operation, service.status, service.updated = None, status, now
        words = operation.kind.replace("_", " ").capitalize()
        if operation.failure:
            text = f"{words} failed. Failure reason: {operation.failure}"
            if result == "ROLLBACK_SUCCEEDED":
                text += " Successfully rolled back to the version before."
            self.tell(service, text, now)
        else:
            self.tell(service, f"{words} completed successfully. Service status is set to {status}.", now)

    def _deployment(self, service: Service, message: str, now: float) -> None:
        """Add to the events, and to the log of the deployment."""
        self.tell(service, message, now)
        stream = self._stream(service)
        if stream:
            self._write(service, stream, message, now)

    def _stream(self, service: Service) -> str:
        """The log stream of the operation in progress; empty when there is none."""
        return f"deployment/{service.operation.id}" if service.operation is not None else ""

    def _write(self, service: Service, stream: str, message: str, now: float) -> None:
        group = service.log_group("service")
        self._logs.open_stream(service.region, group, stream, create_group=True)
        self._logs.write(service.region, group, stream, now, f"[AppRunner] {message}")


def _door(region: Region, service: Service) -> DoorPlan:
    scaling = region.scaling_of(service).values
    operation = service.operation
    ending = operation is not None and operation.kind in ("PAUSE_SERVICE", "DELETE_SERVICE")
    if service.active and not ending:
        group, closed = service.group(service.active), ""
    else:
        group, closed = "", f"The App Runner service {service.name} does not answer: {CLOSED[service.status]}."
    return DoorPlan(
        key=f"{service.region}/{service.name}",
        name=service.name,
        url=service.url,
        group=group,
        limit=scaling["MaxSize"] * scaling["MaxConcurrency"],
        closed=closed,
    )
