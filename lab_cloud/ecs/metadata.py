"""The task metadata endpoint, version 4: how a program finds out which task it is.

Follows "Amazon ECS task metadata endpoint version 4 for tasks on Fargate". The address carries a secret token instead
of a signature, as a container on AWS reaches it by a link-local address that only it has.
"""

import json
from typing import Any

from ..wire import Response
from ..wire.sigv4 import Request
from . import names
from .store import Store
from .task import Container, Task

PREFIX = "/v4/"


class Metadata:
    """Answers ``GET /v4/<token>/<container>`` and ``…/task``.

    Parameters
    ----------
    store : Store
        What ECS knows.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, request: Request) -> Response | None:
        """Answer one request; None when the token is nobody's."""
        parts = request.path.removeprefix(PREFIX).strip("/").split("/")
        task = self._task(parts[0])
        if task is None or request.method != "GET":
            return None
        container = next((each for each in task.containers if len(parts) > 1 and each.name == parts[1]), None)
        if container is None:
            return None
        shown = _task(task) if parts[2:] == ["task"] else _container(task, container)
        return Response(200, {"content-type": "application/json"}, json.dumps(shown).encode())

    def _task(self, token: str) -> Task | None:
        if not token:
            return None
        for region in self._store.regions.values():
            for task in region.tasks.values():
                if task.metadata_token == token and task.status != "STOPPED":
                    return task
        return None


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
