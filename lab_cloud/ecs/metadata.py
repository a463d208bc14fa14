"""The task metadata endpoint, version 4: how a program finds out which task it is, and what it uses.

Follows https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html.
The address carries a secret token instead
of a signature, as a container on AWS reaches it by a link-local address that only it has.
"""

import datetime
import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from ..runtime.spec import Handle
from ..wire import Response
from ..wire.sigv4 import Request
from . import names
from .store import Store
from .task import Container, Task
from .task_definition import MIB

PREFIX = "/v4/"

Shown = dict[str, Any]


class Metadata:
    """Answers ``GET /v4/<token>/<container>``, with ``/task``, ``/taskWithTags``, ``/stats`` and ``/task/stats``.

    Parameters
    ----------
    store : Store
        What ECS knows.
    lock : RLock
        The world's; measuring is slow, so it is not held then.
    """

    def __init__(self, store: Store, lock: AbstractContextManager[Any]) -> None:
        self._store = store
        self._lock = lock

    def __call__(self, request: Request) -> Response | None:
        """Answer one request; None when the token is nobody's. Called without the lock."""
        with self._lock:
            found = self._find(request)
        shown = found() if callable(found) else found
        if shown is None:
            return None
        return Response(200, {"content-type": "application/json"}, json.dumps(shown).encode())

    def _find(self, request: Request) -> Shown | Callable[[], Shown] | None:
        """What to show, or what measures it."""
        parts = request.path.removeprefix(PREFIX).strip("/").split("/")
        task = self._task(parts[0])
        if task is None or request.method != "GET":
            return None
        container = next((each for each in task.containers if len(parts) > 1 and each.name == parts[1]), None)
        if container is None:
            return None
        path = "/".join(parts[2:])
        if path in ("task", "taskWithTags"):
            return {**_task(task), **({"TaskTags": dict(task.tags)} if path == "taskWithTags" else {})}
        if path in ("stats", "task/stats"):
            wanted = task.containers if path == "task/stats" else [container]
            handles = {each.name: each.handle for each in wanted if each.alive and each.handle is not None}
            limits = {each.name: int(each.definition.get("memory") or task.memory or 0) * MIB for each in wanted}
            if path == "task/stats":
                return lambda: {handle.id: _stats(name, handle, limits[name]) for name, handle in handles.items()}
            return lambda: next((_stats(name, handle, limits[name]) for name, handle in handles.items()), {})
        return _container(task, container) if not path else None

    def _task(self, token: str) -> Task | None:
        if not token:
            return None
        for region in self._store.regions.values():
            for task in region.tasks.values():
                if task.metadata_token == token and task.status != "STOPPED":
                    return task
        return None


def _stats(name: str, handle: Handle, limit: int) -> Shown:
    """What a container uses, as Docker's ``stats`` tells it; what is not measured here is left out."""
    found = handle.stats()
    when = datetime.datetime.fromtimestamp(found.read, datetime.UTC).isoformat().replace("+00:00", "Z")
    return {
        "read": when,
        "name": name,
        "id": handle.id,
        "cpu_stats": {"cpu_usage": {"total_usage": int(found.cpu_seconds * 1e9)}, "online_cpus": os.cpu_count() or 1},
        "memory_stats": {"usage": found.memory, "limit": limit},
    }


def _task(task: Task) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if task.cpu:
        limits["CPU"] = int(task.cpu) / 1024 if task.cpu.isdigit() else task.cpu
    if task.memory:
        limits["Memory"] = int(task.memory) if task.memory.isdigit() else task.memory
    return {
        "Cluster": names.arn(task.region, f"cluster/{task.cluster}"),
        "TaskARN": task.arn,
        "Family": task.definition.family,
        "Revision": str(task.definition.revision),
        "DesiredStatus": task.desired,
        "KnownStatus": task.status,
        "Limits": limits,
        "AvailabilityZone": task.zone,
        "LaunchType": task.launch_type,
        "ServiceName": task.service,
        "Containers": [_container(task, each) for each in task.containers],
    }


def _container(task: Task, container: Container) -> dict[str, Any]:
    interface = task.interface
    networks = []
    if interface is not None:
        networks = [
            {
                "NetworkMode": "awsvpc",
                "IPv4Addresses": [interface.address],
                "MACAddress": interface.mac,
                "PrivateDNSName": interface.dns_name,
            }
        ]
    return {
        "DockerId": container.handle.id if container.handle is not None else "",
        "Name": container.name,
        "DockerName": container.name,
        "Image": container.definition["image"],
        "ImageID": container.image_digest or "",
        "Labels": {
            "com.amazonaws.ecs.cluster": names.arn(task.region, f"cluster/{task.cluster}"),
            "com.amazonaws.ecs.container-name": container.name,
            "com.amazonaws.ecs.task-arn": task.arn,
            "com.amazonaws.ecs.task-definition-family": task.definition.family,
            "com.amazonaws.ecs.task-definition-version": str(task.definition.revision),
        },
        "DesiredStatus": task.desired,
        "KnownStatus": container.status,
        "Type": "NORMAL",
        "ContainerARN": container.arn,
        "Networks": networks,
    }
