"""All objects of one cluster, in memory, and what has happened to them of late.

An object that has been stored is never changed: a write puts a new one in its place. So a reader may hold what it got
without the lock. Every write has a revision of its own, one number for the whole cluster, as in etcd.
"""

import itertools
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .resources import Resource
from .status import expired

Object = dict[str, Any]
Key = tuple[str, str]
Listener = Callable[["Event"], None]

KEPT_EVENTS = 5_000
ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"


@dataclass(frozen=True)
class Event:
    """One write.

    Parameters
    ----------
    revision : int
        Of the write.
    kind : str
        ``ADDED``, ``MODIFIED`` or ``DELETED``.
    resource : Resource
        What was written.
    found : dict
        The object after the write; of a deletion, the last one.
    before : dict, optional
        The object before it.
    """

    revision: int
    kind: str
    resource: Resource
    found: Object
    before: Object | None = None


class Store:
    """The objects.

    Attributes
    ----------
    lock : RLock
        Held around every read-change-write.
    """

    def __init__(self, kept: int = KEPT_EVENTS) -> None:
        self.lock = threading.RLock()
        self.revision = 1
        self._objects: dict[Resource, dict[Key, Object]] = {}
        self._history: deque[Event] = deque(maxlen=kept)
        self._forgotten = 0  # the newest revision that the history does not hold any more
        self._listeners: dict[int, Listener] = {}
        self._numbers = itertools.count()

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        """One object; None for none."""
        return self._objects.get(resource, {}).get((namespace, name))

    def all(self, resource: Resource, namespace: str = "") -> list[Object]:
        """The objects of a resource, of one namespace or all, by namespace and name."""
        with self.lock:
            found = self._objects.get(resource, {})
            return [found[key] for key in sorted(found) if not namespace or key[0] == namespace]

    def everything(self) -> list[tuple[Resource, Object]]:
        """All objects of all resources."""
        with self.lock:
            return [(resource, each) for resource, found in self._objects.items() for each in found.values()]

    def put(self, resource: Resource, found: Object) -> Object:
        """Store an object with a new revision; under the lock.

        Returns
        -------
        dict
            The object as stored, with its ``resourceVersion``.
        """
        metadata = found["metadata"]
        key = metadata.get("namespace", ""), metadata["name"]
        own = self._objects.setdefault(resource, {})
        before = own.get(key)
        self.revision += 1
        made = {**found, "metadata": {**metadata, "resourceVersion": str(self.revision)}}
        own[key] = made
        self._happened(Event(self.revision, ADDED if before is None else MODIFIED, resource, made, before))
        return made

    def remove(self, resource: Resource, namespace: str, name: str) -> Object:
        """Take an object away; under the lock.

        Returns
        -------
        dict
            The object with the revision of its end.
        """
        before = self._objects[resource].pop((namespace, name))
        self.revision += 1
        made = {**before, "metadata": {**before["metadata"], "resourceVersion": str(self.revision)}}
        self._happened(Event(self.revision, DELETED, resource, made, before))
        return made

    def _happened(self, event: Event) -> None:
        if len(self._history) == self._history.maxlen:
            self._forgotten = self._history[0].revision
        self._history.append(event)
        for listener in list(self._listeners.values()):
            listener(event)

    # -- the past and the future --------------------------------------------------------------------------------------

    def since(self, revision: int) -> list[Event]:
        """What was written after a revision.

        Raises
        ------
        ApiError
            410, when that is forgotten.
        """
        with self.lock:
            if revision < self._forgotten:
                raise expired(f"too old resource version: {revision} ({self._forgotten})")
            return [each for each in self._history if each.revision > revision]

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call a function with every write from now on, under the lock; returns what ends that."""
        with self.lock:
            number = next(self._numbers)
            self._listeners[number] = listener

        def end() -> None:
            with self.lock:
                self._listeners.pop(number, None)

        return end
