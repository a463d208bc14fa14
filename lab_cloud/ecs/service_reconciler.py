"""Keeps each service as it is wanted: observe, ask `scheduler.decide`, apply."""

from collections import Counter

from ..delays import Delays
from ..world import World
from .capacity import NO_PROVIDED_INSTANCES, Capacity, waits, why_nowhere
from .container_instance import ContainerInstance
from .outside import AlarmStates, LoadBalancing
from .placement import DEFAULT_STRATEGIES, GUIDE, Need, obstacle
from .placer import candidates, empty_instance, find_place, need_of, rules_of, settle, views
from .roles import Roles
from .scheduler import Decision, DeploymentView, ServiceView, Stop, TaskView, backoff_seconds, decide
from .service import Deployment, Service
from .shifting import Shifting, sides
from .store import Region, Store
from .strategy import next_provider
from .task import Task
from .task_reconciler import TaskReconciler
from .tasks_api import new_task

INACTIVE_VISIBLE_SECONDS = 3600.0
COMING = ("PROVISIONING", "PENDING", "ACTIVATING", "RUNNING")


class ServiceReconciler:
    """The service scheduler of ECS.

    Parameters
    ----------
    store : Store
        What ECS knows.
    world : World
        The lock and the time.
    tasks : TaskReconciler
        Knows which targets a task is.
    load_balancing : LoadBalancing
        Says how those targets are.
    roles : Roles
        Says whether ECS can take the roles of new tasks.
    delays : Delays
        How long AWS's own steps take.
    alarms : AlarmStates
        What stops canary deployments.
    """

    def __init__(
        self,
        store: Store,
        world: World,
        tasks: TaskReconciler,
        load_balancing: LoadBalancing,
        roles: Roles,
        delays: Delays,
        alarms: AlarmStates,
    ) -> None:
        self._store = store
        self._world = world
        self._tasks = tasks
        self._load_balancing = load_balancing
        self._roles = roles
        self._delays = delays
        self._shifting = Shifting(world, load_balancing, alarms)

    def tick(self, now: float) -> None:
        """Look at every service once."""
        for region in self._store.regions.values():
            if not region.services:
                continue
            groups: dict[tuple[str, str], list[Task]] = {key: [] for key in region.services}
            for task in region.tasks.values():
                if task.service and task.status != "STOPPED":
                    groups.setdefault((task.cluster, task.service), []).append(task)
            for key, service in list(region.services.items()):
                if service.status == "INACTIVE":
                    if service.stopped_at is not None and now - service.stopped_at > INACTIVE_VISIBLE_SECONDS:
                        del region.services[key]
                else:
                    self._reconcile(region, service, groups[key], now)

    def _reconcile(self, region: Region, service: Service, tasks: list[Task], now: float) -> None:
        if service.status == "DRAINING" and not tasks:
            service.status, service.stopped_at = "INACTIVE", now
            return
        live = [task for task in tasks if task.desired == "RUNNING"]
        if service.settings["schedulingStrategy"] == "DAEMON" and service.status == "ACTIVE":
            self._count_daemons(region, service)
        self._count_failures(service, tasks, now)
        view = self._observe(region, service, live, now)
        before = service.shifting_from
        if before is None:
            self._apply(region, service, live, decide(view, now), now)
        else:
            self._shift(region, service, live, view, before, now)
        self._shifting.weigh(region, service, now)

    def _shift(
        self, region: Region, service: Service, live: list[Task], view: ServiceView, before: Deployment, now: float
    ) -> None:
        """Both revisions run in full; traffic goes over from one to the other."""
        wanted, kept, gone = sides(view, service.primary, before, now)
        alarms = self._shifting.step(region, service, ready=wanted.complete, now=now)
        if wanted.fail or alarms:
            asked = service.configuration["alarms"].get("rollback") if alarms else wanted.roll_back
            self._fail(service, before.id if asked else "", now, alarms)
            self._world.wake()
            return
        stops = (*wanted.stop, *kept.stop, *gone)
        self._stop(service, live, stops, now)
        for decision, deployment in ((wanted, service.primary), (kept, before)):
            if decision.start:
                self._start(region, service, live, decision, now, deployment)
        if stops or wanted.start or kept.start:
            self._world.wake()
        self._drop_finished(service, live)
        service.steady = False

    def _count_daemons(self, region: Region, service: Service) -> None:
        """A daemon wants one task on each instance that its constraints allow."""
        primary = service.primary
        rules = rules_of(primary.definition, service.settings)
        found = candidates(region, region.clusters[service.cluster])
        free = Need(attributes=need_of(primary.definition).attributes)
        shown = views(region, found)
        service.desired = sum(not obstacle(free, each, rules.constraints) for each in shown)
        primary.desired = service.desired

    def _observe(self, region: Region, service: Service, live: list[Task], now: float) -> ServiceView:
        views = tuple(self._task_view(region, service, task, now) for task in live)
        primary = service.primary
        cluster = region.clusters[service.cluster]
        nowhere = why_nowhere(region, Capacity(primary.launch_type, primary.strategy), cluster)
        waiting = next((task for task in live if not task.placed), None)
        if nowhere or waiting is not None:
            self._tell_nowhere(service, f"Reason: {nowhere}" if nowhere else self._why_waiting(region, waiting), now)
        elif service.primary.told_nowhere and len(live) >= service.desired:
            service.primary.told_nowhere = ""
        deployments = tuple(
            DeploymentView(
                id=each.id,
                in_progress=each.rollout == "IN_PROGRESS",
                failed=each.rollout == "FAILED",
                failures=each.failures_in_row,
                retry_at=each.retry_at,
                placeable=not nowhere or each is not primary,
            )
            for each in service.deployments
        )
        return ServiceView(
            desired=service.desired,
            deployments=deployments,
            tasks=views,
            minimum_percent=service.minimum_percent,
            maximum_percent=service.maximum_percent,
            breaker_threshold=service.breaker_threshold,
            rollback_to=self._rollback_target(service),
            zones=primary.zones if service.settings["availabilityZoneRebalancing"] == "ENABLED" else (),
        )

    def _why_waiting(self, region: Region, task: Task | None) -> str:
        if task is None:
            return ""
        found = candidates(region, region.clusters[task.cluster], task.capacity_provider)
        kind = region.providers[task.capacity_provider].launches if task.capacity_provider else ""
        lacking = obstacle(need_of(task.definition, task.overrides), empty_instance(kind)) if kind else ""
        if lacking:
            return f"Reason: even an empty {kind}, which the capacity provider's group launches, lacks {lacking}."
        if not found:
            return f"Reason: {NO_PROVIDED_INSTANCES}"
        rules = rules_of(task.definition, task.placement, DEFAULT_STRATEGIES)
        placed = find_place(region, task.definition, found, rules, task.group, task.overrides)
        return placed.why

    def _tell_nowhere(self, service: Service, reason: str, now: float) -> None:
        # said again only when the reason was gone in between, as AWS leaves out what it has said already
        kind = reason.rpartition(" has ")[2] if reason.startswith("The closest") else reason
        if reason and service.primary.told_nowhere != kind and service.desired:
            service.tell(
                "was unable to place a task because no container instance met all of its requirements. "
                f"{reason} {GUIDE}",
                now,
            )
            service.primary.told_nowhere = kind

    def _rollback_target(self, service: Service) -> str:
        wanted = service.configuration.get("deploymentCircuitBreaker", {}).get("rollback")
        completed = service.last_completed() if wanted else None
        return completed.id if completed is not None else ""

    def _task_view(self, region: Region, service: Service, task: Task, now: float) -> TaskView:
        running = task.status == "RUNNING"
        healthy, why = (False, "") if not running else self._health(region, service, task, now)
        if healthy and not task.was_healthy:
            task.was_healthy = True
            deployment = _deployment(service, task)
            if deployment is not None:
                deployment.retry_at, deployment.served = 0.0, True
                breaker = service.configuration.get("deploymentCircuitBreaker", {})
                if breaker.get("resetOnHealthyTask", True):
                    deployment.failures_in_row = 0
        # a service that is deleted does not wait for its tasks
        protected = task.protected_until > now and service.status == "ACTIVE"
        instance = region.instances.get(task.host.instance) if task.host is not None else None
        draining = instance is not None and instance.status == "DRAINING"
        return TaskView(
            task.id, task.deployment, running, healthy, why, task.created_at, protected, task.zone, draining
        )

    def _health(self, region: Region, service: Service, task: Task, now: float) -> tuple[bool, str]:
        targets = self._tasks.targets_of(region, task)
        age = now - (task.started_at or now)
        checked = any(container.essential and container.checked for container in task.containers)
        patient = age < self._world.clock.real(service.grace_seconds)
        if checked and task.health == "UNHEALTHY" and not patient:
            self._tell_unhealthy(service, task, f"(task {task.id}) failed container health checks.", now)
            return False, "Task failed container health checks"
        if not targets and not checked:
            return age >= self._delays.real("ecs.healthy-without-checks"), ""
        healthy = not checked or task.health == "HEALTHY"
        for arn, address, port in targets:
            health = self._load_balancing.health(region.name, arn, address, port)
            state = health.state if health is not None else "unused"
            healthy = healthy and state == "healthy"
            if state == "unhealthy" and not patient:
                assert health is not None
                group = arn.rpartition(":")[2].split("/")[1] if "/" in arn else arn
                about = f"(task {task.id}) (port {port}) is unhealthy in (target-group {group}) due to "
                self._tell_unhealthy(service, task, f"{about}(reason {health.reason})", now)
                return False, f"Task failed ELB health checks in (target-group {arn})"
        return healthy, ""

    def _tell_unhealthy(self, service: Service, task: Task, message: str, now: float) -> None:
        if task.told_unhealthy:
            return
        task.told_unhealthy = True
        service.tell(message, now)
        if not task.was_healthy:
            task.was_healthy = True  # counted once
            self._failed(service, task, now)

    def _count_failures(self, service: Service, tasks: list[Task], now: float) -> None:
        for task in tasks:
            stopped_itself = task.desired == "STOPPED" and task.stop_code in (
                "EssentialContainerExited",
                "TaskFailedToStart",
            )
            if stopped_itself and not task.was_healthy:
                task.was_healthy = True  # counted once
                self._failed(service, task, now)

    def _failed(self, service: Service, task: Task, now: float) -> None:
        deployment = _deployment(service, task)
        if deployment is not None:
            self._count_failed(service, deployment, now)

    def _count_failed(self, service: Service, deployment: Deployment, now: float) -> None:
        deployment.failed_tasks += 1
        deployment.failures_in_row += 1
        deployment.updated_at = now
        wait = backoff_seconds(deployment.failures_in_row)
        if wait and deployment is service.primary:
            deployment.retry_at = now + self._world.clock.real(wait)
            if wait == backoff_seconds(3):
                service.tell("is unable to consistently start tasks successfully.", now)

    def _apply(self, region: Region, service: Service, live: list[Task], decision: Decision, now: float) -> None:
        if decision.fail:
            self._fail(service, decision.roll_back, now)
            self._world.wake()
            return
        if decision.rebalance and not service.rebalancing:
            service.rebalancing = True
            service.tell(f"is not AZ balanced with {_spread(service, live)}. AZ Rebalancing in progress.", now)
        self._stop(service, live, decision.stop, now)
        if decision.start:
            self._start(region, service, live, decision, now, service.primary)
        if decision.stop or decision.start:
            self._world.wake()
        if decision.complete:
            self._complete(service, now)
        self._drop_finished(service, live)
        if decision.steady and service.rebalancing:
            service.rebalancing = False
            service.tell(f"is AZ balanced with {_spread(service, live)}.", now)
        if decision.steady and not service.steady:
            service.tell("has reached a steady state.", now)
        service.steady = decision.steady

    def _start(
        self,
        region: Region,
        service: Service,
        live: list[Task],
        decision: Decision,
        now: float,
        deployment: Deployment,
    ) -> None:
        cluster = region.clusters[service.cluster]
        why = self._roles.why_not(deployment.definition, {})
        if why:
            service.tell(f"failed to launch a task with (error {why}).", now)
            self._count_failed(service, deployment, now)
            return
        started = []
        counts = Counter(task.capacity_provider for task in live if task.deployment == deployment.id)
        for _ in range(decision.start):
            provider = next_provider(deployment.strategy, counts) if deployment.strategy else ""
            chosen = None
            if deployment.launch_type != "FARGATE":
                chosen = self._find(region, service, provider, now)
                if chosen is None and not waits(region, provider):
                    break
            task = new_task(
                region,
                cluster,
                deployment.definition,
                now,
                network=deployment.network,
                launch_type=deployment.launch_type,
            )
            task.service, task.group = service.name, f"service:{service.name}"
            task.deployment = task.started_by = deployment.id
            task.platform_version = deployment.platform_version
            if provider:
                task.capacity_provider = provider
                counts[provider] += 1
            task.placement = {key: service.settings[key] for key in ("placementConstraints", "placementStrategy")}
            if chosen is not None:
                settle(task, chosen)
            task.execute_command = bool(service.settings["enableExecuteCommand"])
            task.tags = service.task_tags(deployment)
            task.volume_configurations = deployment.deployed.get("volumeConfigurations") or []
            started.append(f"(task {task.id})")
        if not started:
            return
        where = f" in {decision.rebalance} to AZ Rebalance" if decision.rebalance else ""
        service.tell(f"has started {len(started)} tasks{where}: {' '.join(started)}.", now)

    def _find(self, region: Region, service: Service, provider: str, now: float) -> ContainerInstance | None:
        """An instance for a new task; when there is none, an event says why."""
        deployment, asked = service.primary, dict(service.settings)
        if asked["schedulingStrategy"] == "DAEMON":
            asked["placementConstraints"] = [*asked["placementConstraints"], {"type": "distinctInstance"}]
        zones = deployment.zones
        found = candidates(region, region.clusters[service.cluster], provider, zones)
        rules = rules_of(deployment.definition, asked, DEFAULT_STRATEGIES)
        placed = find_place(region, deployment.definition, found, rules, f"service:{service.name}")
        if not placed.instance and not waits(region, provider):
            self._tell_nowhere(service, placed.why, now)
        return region.instances.get(placed.instance)

    def _stop(self, service: Service, live: list[Task], stops: tuple[Stop, ...], now: float) -> None:
        by_id = {task.id: task for task in live}
        running = []
        for stop in stops:
            task = by_id[stop.task]
            if task.status == "RUNNING":
                running.append(task)
            reason = stop.unhealthy or f"Scaling activity initiated by (deployment {service.primary.id})"
            task.ask_to_stop("ServiceSchedulerInitiated", reason, now)
        if running:
            told = " ".join(f"(task {task.id})" for task in running)
            moved = running[0].interface if service.rebalancing and not stops[0].unhealthy else None
            where = f" in {moved.zone} due to AZ rebalancing" if moved is not None else ""
            service.tell(f"has stopped {len(running)} running tasks{where}: {told}.", now)

    def _complete(self, service: Service, now: float) -> None:
        deployment = service.primary
        deployment.rollout, deployment.ever_completed = "COMPLETED", True
        deployment.reason = f"ECS deployment {deployment.id} completed."
        deployment.updated_at = deployment.finished_at = now
        service.tell(f"(deployment {deployment.id}) deployment completed.", now)

    def _fail(self, service: Service, roll_back: str, now: float, alarms: tuple[str, ...] = ()) -> None:
        failed = service.primary
        failed.rollout, failed.updated_at, failed.finished_at = "FAILED", now, now
        failed.broken = not alarms
        watcher = "ECS deployment alarms" if alarms else "ECS deployment circuit breaker"
        what = f"alarm detected: {', '.join(alarms)}" if alarms else "tasks failed to start"
        failed.reason = f"{watcher}: {what}."
        service.tell(f"(deployment {failed.id}) deployment failed: {what}.", now)
        target = next((each for each in service.history if each.id == roll_back), None)
        if target is not None:
            service.roll_back(failed, target, watcher, now)

    def _drop_finished(self, service: Service, live: list[Task]) -> None:
        alive = {task.deployment for task in live if task.desired == "RUNNING"}
        service.deployments[1:] = [each for each in service.deployments[1:] if each.id in alive]


def _deployment(service: Service, task: Task) -> Deployment | None:
    return next((each for each in service.history if each.id == task.deployment), None)


def _spread(service: Service, live: list[Task]) -> str:
    """How many tasks each Availability Zone has, in the words of the service's events."""
    counts = Counter(task.interface.zone for task in live if task.interface is not None and task.desired == "RUNNING")
    return ", ".join(f"{counts[zone]} tasks in {zone}" for zone in service.primary.zones)
