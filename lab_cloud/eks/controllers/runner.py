"""The loop of the controllers: look at what has changed, decide, do it, by way of the API."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from ..kubernetes import names
from ..kubernetes.status import ApiError
from . import deployment, replica_set
from .client import Client

log = logging.getLogger(__name__)

AGAIN_SECONDS = 5.0
SETTLE_SECONDS = 0.01
"""How long a burst of changes is let come in, before one look at all of them."""
Object = dict[str, Any]


class Cache:
    """The objects of one resource as a watch tells them, by uid.

    Parameters
    ----------
    changed : callable
        Called after each change, on the thread that wrote.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._found: dict[str, Object] = {}

    def deliver(self, kind: str, found: Object) -> None:
        """Take in what a watch tells."""
        if kind == "BOOKMARK":
            return
        uid = found["metadata"]["uid"]
        if kind == "DELETED":
            self._found.pop(uid, None)
        else:
            self._found[uid] = found
        self._changed()

    def all(self) -> list[Object]:
        """The objects now."""
        return list(self._found.values())


class Controllers:
    """The controllers of one cluster, on a thread of their own.

    Parameters
    ----------
    client : Client
        The cluster's API.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._dirty = threading.Event()
        self._closing = False
        self._deployments = Cache(self._dirty.set)
        self._sets, self._pods = Cache(self._dirty.set), Cache(self._dirty.set)
        self._ends: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._run, name="controllers", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._ends.append(self._client.watch("/apis/apps/v1/deployments", self._deployments.deliver))
        self._ends.append(self._client.watch("/apis/apps/v1/replicasets", self._sets.deliver))
        self._ends.append(self._client.watch("/api/v1/pods", self._pods.deliver))
        self._thread.start()

    def close(self) -> None:
        """End; does not wait."""
        self._closing = True
        for end in self._ends:
            end()
        self._dirty.set()

    def _run(self) -> None:
        while not self._closing:
            self._dirty.wait(AGAIN_SECONDS)
            time.sleep(SETTLE_SECONDS)
            self._dirty.clear()
            try:
                self.sync()
            except Exception:
                log.exception("a controller failed")

    def sync(self) -> None:
        """Bring everything once closer to what is wanted."""
        owned: dict[str, list[Object]] = {}
        for each in (*self._sets.all(), *self._pods.all()):
            owned.setdefault(replica_set.owner_of(each), []).append(each)
        for each in self._deployments.all():
            with contextlib.suppress(ApiError):
                self._sync_deployment(each, owned.get(each["metadata"]["uid"], []))
        for each in self._sets.all():
            with contextlib.suppress(
                ApiError
            ):  # gone or changed meanwhile: the watch tells, and the next look mends it
                self._sync_set(each, owned.get(each["metadata"]["uid"], []))

    def _sync_deployment(self, found: Object, sets: list[Object]) -> None:
        metadata = found["metadata"]
        if "deletionTimestamp" in metadata:
            return
        plan = deployment.decide(found, sets)
        base = f"/apis/apps/v1/namespaces/{metadata['namespace']}"
        own = f"{base}/deployments/{metadata['name']}"
        if plan.create is not None:
            self._client.create(f"{base}/replicasets", plan.create)
        for name, revision in plan.revisions.items():
            self._client.merge(f"{base}/replicasets/{name}", _revised(revision))
        for name, count in plan.scale.items():
            self._client.merge(f"{base}/replicasets/{name}", {"spec": {"replicas": count}})
        for name in plan.delete:
            self._client.delete(f"{base}/replicasets/{name}")
        if deployment.revision_of(found) != plan.revision:
            self._client.merge(own, _revised(plan.revision))
        wanted = {**plan.status, "conditions": self._timed(found, plan.status["conditions"])}
        if found.get("status") != wanted:
            self._client.merge(f"{own}/status", {"status": wanted})

    def _timed(self, found: Object, conditions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Conditions with their times: those of before, when they say the same."""
        before = {each["type"]: each for each in (found.get("status") or {}).get("conditions") or ()}
        now = names.timestamp(time.time())
        made = []
        for each in conditions:
            old = before.get(each["type"], {})
            same = all(old.get(key) == value for key, value in each.items())
            updated = old.get("lastUpdateTime", now) if same else now
            since = old.get("lastTransitionTime", now) if old.get("status") == each["status"] else now
            made.append({**each, "lastUpdateTime": updated, "lastTransitionTime": since})
        return made

    def _sync_set(self, found: Object, pods: list[Object]) -> None:
        plan = replica_set.decide(found, pods)
        metadata = found["metadata"]
        base = f"/api/v1/namespaces/{metadata['namespace']}/pods"
        own = f"/apis/apps/v1/namespaces/{metadata['namespace']}/replicasets/{metadata['name']}"
        if found.get("status") != plan.status:
            self._client.merge(f"{own}/status", {"status": plan.status})
        for _ in range(plan.create):
            self._client.create(base, replica_set.new_pod(found))
        for name in plan.delete:
            self._client.delete(f"{base}/{name}")


def _revised(revision: int) -> Object:
    return {"metadata": {"annotations": {deployment.REVISION: str(revision)}}}
