"""The scheduler's loop: pods without a node are given one, by way of the API."""

import logging
from collections.abc import Callable
from typing import Protocol

from ..kubernetes import names
from ..kubernetes.status import ApiError
from . import scheduler
from .client import Client, Object
from .cluster_view import view_of
from .volume_binding import WATCHES, Claims
from .watching import Cache, Seen, owner_of

log = logging.getLogger(__name__)

SETTLE_SECONDS = 0.01
"""How long a burst of changes is let come in, before one look at all of them."""


class Loop(Protocol):
    """Where the scheduler thinks."""

    def later(self, seconds: float, job: Callable[[], None]) -> None:
        """Run a short job after some real seconds."""


class Telling(Protocol):
    """Where events go."""

    def tell(self, about: Object, reason: str, message: str, kind: str = "Normal", container: str = "") -> None:
        """Tell something of an object."""


class Scheduling:
    """The scheduler of one cluster.

    Parameters
    ----------
    client : Client
        The cluster's API.
    loop : Loop
        Where it thinks.
    events : Telling
        Where it tells.
    now : callable
        The time in epoch seconds.
    """

    def __init__(self, client: Client, loop: Loop, events: Telling, now: Callable[[], float]) -> None:
        self._client = client
        self._loop = loop
        self._events = events
        self._now = now
        self._pods, self._nodes = Cache(self.wake), Cache(self.wake)
        self._namespaces = Cache(lambda: None)
        self._storage = Seen(self.wake)
        self._volumes = Claims(client, self._storage)
        self._assumed: dict[str, str] = {}
        self._told: dict[str, str] = {}
        self._ends: list[Callable[[], None]] = []
        self._planned = self._closed = False

    def start(self) -> None:
        """Begin."""
        self._ends += self._storage.watch(self._client, WATCHES)
        for path, cache in (("namespaces", self._namespaces), ("nodes", self._nodes), ("pods", self._pods)):
            self._ends.append(self._client.watch(f"/api/v1/{path}", cache.deliver))

    def close(self) -> None:
        """End; does not wait."""
        self._closed = True
        for end in self._ends:
            end()

    def wake(self) -> None:
        """Something has changed. May be called from any thread."""
        if not self._planned:
            self._planned = True
            self._loop.later(SETTLE_SECONDS, self._run)

    def _run(self) -> None:
        self._planned = False
        if not self._closed:
            self.sync()

    def sync(self) -> None:
        """Give a node to every pod that can have one."""
        pods = self._pods.all()
        known = {each["metadata"]["uid"]: each for each in pods}
        gone = [uid for uid in self._assumed if uid not in known or known[uid]["spec"].get("nodeName")]
        for uid in gone:
            del self._assumed[uid]
        waiting = sorted((each for each in pods if self._is_mine(each)), key=scheduler.order)
        self._told = {each["metadata"]["uid"]: self._told.get(each["metadata"]["uid"], "") for each in waiting}
        if not waiting:
            return
        view = view_of(self._nodes.all(), pods, self._namespaces.all(), self._assumed)
        hopeless: dict[str, str] = {}
        for pod in waiting:
            alike = owner_of(pod)
            if alike and alike in hopeless:  # the same template, and less room than a moment ago
                self._refuse(pod, hopeless[alike])
                continue
            found = scheduler.decide(pod, view, self._volumes)
            if not found.node:
                hopeless[alike] = found.message
                self._refuse(pod, found.message)
                continue
            node = next(each for each in view.nodes if each.name == found.node)
            if self._volumes.bind(pod, node) and self._bind(pod, found.node):
                node.add(pod)

    def _is_mine(self, pod: Object) -> bool:
        spec, metadata = pod["spec"], pod["metadata"]
        return (
            not spec.get("nodeName")
            and metadata["uid"] not in self._assumed
            and spec.get("schedulerName", scheduler.NAME) == scheduler.NAME
            and "deletionTimestamp" not in metadata
            and not spec.get("schedulingGates")
            and (pod.get("status") or {}).get("phase", "Pending") == "Pending"
        )

    def _bind(self, pod: Object, node: str) -> bool:
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/binding"
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": metadata["name"]}, "target": target}
        self._assumed[metadata["uid"]] = node
        try:
            self._client.create(path, body)
        except ApiError as error:
            del self._assumed[metadata["uid"]]
            log.info("%s was not bound: %s", path, error.message)
            return False
        name = f"{metadata['namespace']}/{metadata['name']}"
        self._events.tell(pod, "Scheduled", f"Successfully assigned {name} to {node}")
        return True

    def _refuse(self, pod: Object, message: str) -> None:
        """Say why a pod waits, when that is new."""
        metadata = pod["metadata"]
        if self._told[metadata["uid"]] == message:
            return
        self._told[metadata["uid"]] = message
        self._events.tell(pod, "FailedScheduling", message, "Warning")
        before = [each for each in (pod.get("status") or {}).get("conditions") or () if each["type"] != "PodScheduled"]
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": message,
            "lastProbeTime": None,
            "lastTransitionTime": names.timestamp(self._now()),
        }
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status"
        try:
            self._client.merge(path, {"status": {"conditions": [*before, condition]}})
        except ApiError as error:
            log.info("%s: %s", path, error.message)
