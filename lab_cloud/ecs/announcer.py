"""Tells EventBridge what happens in ECS: tasks, container instances, services and deployments that change.

References
----------
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
"""

import datetime
from typing import Any

from . import names
from .container_instance import ContainerInstance
from .instances_api import shown
from .outside import Announcements
from .service import Deployment, Service
from .store import Region, Store
from .task import Task

SOURCE = "aws.ecs"
TASK, INSTANCE = "ECS Task State Change", "ECS Container Instance State Change"
ACTION, DEPLOYMENT = "ECS Service Action", "ECS Deployment State Change"
ACTIONS = (
    # (what the service's own event says, eventType, eventName)
    ("has reached a steady state.", "INFO", "SERVICE_STEADY_STATE"),
    ("is unable to consistently start tasks successfully.", "WARN", "SERVICE_TASK_START_IMPAIRED"),
    ("was unable to place a task", "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE"),
)
LEFT_OUT = ("tags", "inferenceAccelerators")


class Announcer:
    """The reconciler that notices changes, after all others of ECS.

    Parameters
    ----------
    store : Store
        What ECS knows.
    outside : Announcements
        EventBridge.
    """

    def __init__(self, store: Store, outside: Announcements) -> None:
        self._store = store
        self._outside = outside
        self._tasks: dict[str, tuple[int, str]] = {}
        self._instances: dict[str, tuple[Any, ...]] = {}
        self._events: dict[str, str] = {}
        self._desired: dict[str, int] = {}
        self._rollouts: dict[str, str] = {}

    def forget(self) -> None:
        """Begin anew, when everything is reset."""
        for known in (self._tasks, self._instances, self._events, self._desired, self._rollouts):
            known.clear()

    def tick(self, now: float) -> None:
        """Look for what has changed since the last tick."""
        for region in self._store.regions.values():
            for task in region.tasks.values():
                if self._tasks.get(task.id, (0, ""))[0] != task.version:
                    self.task(task, now)
            held: dict[str, list[str]] = {instance: [] for instance in region.instances}
            for task in region.tasks.values() if held else ():
                if task.host is not None and task.status != "STOPPED" and task.host.instance in held:
                    held[task.host.instance].append(task.id)
            for instance in region.instances.values():
                self._instance(region, instance, tuple(held[instance.id]), now)
            for service in region.services.values():
                self._service(service, now)
        if len(self._tasks) > 2 * sum(len(region.tasks) for region in self._store.regions.values()) + 100:
            there = {task for region in self._store.regions.values() for task in region.tasks}
            self._tasks = {task: known for task, known in self._tasks.items() if task in there}

    def task(self, task: Task, now: float) -> None:
        """Tell of a task as it is now; each status is told, though a task may go through several in one tick."""
        before = self._tasks.get(task.id, (0, ""))[1]
        self._tasks[task.id] = (task.version, task.status)
        if before != task.status:
            about = {"why": task.stopped_reason} if task.status == "STOPPED" else {}
            self._outside.task(task.arn, now, f"task {task.status}", **about)
        if not self._outside.wanted(task.region):
            return
        detail = {name: value for name, value in task.describe().items() if name not in LEFT_OUT}
        for attachment in detail["attachments"]:
            attachment["type"] = "eni"
        detail["updatedAt"] = _moment(now)
        self._outside.emit(task.region, SOURCE, TASK, plain(detail), [task.arn])

    def _instance(self, region: Region, instance: ContainerInstance, holds: tuple[str, ...], now: float) -> None:
        state = (instance.version, instance.status, instance.connected, holds)
        if self._instances.get(instance.id) == state:
            return
        self._instances[instance.id] = state
        if not self._outside.wanted(region.name):
            return
        detail = {name: value for name, value in shown(region, instance).items() if name not in LEFT_OUT}
        detail |= {"clusterArn": region.clusters[instance.cluster].arn, "updatedAt": _moment(now)}
        self._outside.emit(region.name, SOURCE, INSTANCE, plain(detail), [instance.arn])

    def _service(self, service: Service, now: float) -> None:
        last = self._events.get(service.arn, "")
        fresh = []
        for event in service.events:
            if event["id"] == last:
                break
            fresh.append(event)
        if service.events:
            self._events[service.arn] = service.events[0]["id"]
        if self._desired.setdefault(service.arn, service.desired) != service.desired:
            self._desired[service.arn] = service.desired
            self._act(service, "INFO", "SERVICE_DESIRED_COUNT_UPDATED", now, desiredCount=service.desired)
        for event in reversed(fresh):
            for words, level, name in ACTIONS:
                if words in event["message"]:
                    reason = event["message"].partition("Reason: ")[2]
                    self._act(service, level, name, now, **({"reason": reason} if reason else {}))
        for deployment in service.history:
            if self._rollouts.get(deployment.id) != deployment.rollout:
                self._rollouts[deployment.id] = deployment.rollout
                self._deployment(service, deployment, now)

    def _act(self, service: Service, level: str, name: str, now: float, **about: Any) -> None:
        detail = {
            "eventType": level,
            "eventName": name,
            "clusterArn": names.arn(service.region, f"cluster/{service.cluster}"),
            **about,
            "createdAt": _moment(now),
        }
        self._outside.emit(service.region, SOURCE, ACTION, detail, [service.arn])

    def _deployment(self, service: Service, deployment: Deployment, now: float) -> None:
        level = "ERROR" if deployment.rollout == "FAILED" else "INFO"
        detail = {
            "eventType": level,
            "eventName": f"SERVICE_DEPLOYMENT_{deployment.rollout}",
            "deploymentId": deployment.id,
            "updatedAt": _moment(now),
            "reason": deployment.reason,
        }
        self._outside.emit(service.region, SOURCE, DEPLOYMENT, detail, [service.arn])


def plain(value: Any) -> Any:
    """A description as an event has it: no empty members, and moments as text."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return _moment(value.timestamp()) if isinstance(value, datetime.datetime) else value


def _moment(seconds: float) -> str:
    shown_as = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return f"{shown_as:%Y-%m-%dT%H:%M:%S}.{shown_as.microsecond // 1000:03d}Z"
