"""How objects end: finalizers, grace, owners and what they own, namespaces and what is in them.

On a real cluster a controller does the latter two; here the API server does them at once, so that nothing is left
behind whatever controllers run.

References
----------
https://kubernetes.io/docs/concepts/architecture/garbage-collection/
"""

from collections.abc import Callable
from dataclasses import dataclass

from . import names, status
from .admission import Admission
from .resources import Resource, core
from .store import Object, Store

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True)
class Deletion:
    """How something is deleted.

    Parameters
    ----------
    propagation : str
        ``Background``, ``Foreground`` or ``Orphan``.
    grace : int, optional
        Seconds; None for the object's own.
    uid, resource_version : str
        What the object must have, if not empty.
    dry_run : bool
        Whether nothing is to be deleted.
    """

    propagation: str = "Background"
    grace: int | None = None
    uid: str = ""
    resource_version: str = ""
    dry_run: bool = False


BACKGROUND = Deletion()


class Garbage:
    """The end of objects.

    Parameters
    ----------
    store : Store
        The objects.
    admission : Admission
        What must stay.
    now : callable
        The time in epoch seconds.
    """

    def __init__(self, store: Store, admission: Admission, now: Callable[[], float]) -> None:
        self._store = store
        self._admission = admission
        self._now = now

    def delete(self, resource: Resource, namespace: str, name: str, how: Deletion) -> tuple[Object, bool]:
        """Delete an object, or begin to.

        Returns
        -------
        dict
            The object.
        bool
            Whether it is gone.

        Raises
        ------
        ApiError
            404, 409, 403.
        """
        with self._store.lock:
            found = self._store.get(resource, namespace, name)
            if found is None:
                raise status.not_found(resource.group, resource.name, name)
            self._check(resource, found, how)
            self._admission.deleting(resource, found)
            if how.dry_run:
                return found, True
            return self._end(resource, found, how)

    def _check(self, resource: Resource, found: Object, how: Deletion) -> None:
        metadata = found["metadata"]
        for kind, wanted, real in (
            ("UID", how.uid, metadata["uid"]),
            ("ResourceVersion", how.resource_version, metadata["resourceVersion"]),
        ):
            if wanted and wanted != real:
                why = f"Precondition failed: {kind} in precondition: {wanted}, {kind} in object meta: {real}"
                raise status.conflict(resource.group, resource.name, metadata["name"], why)

    def _end(self, resource: Resource, found: Object, how: Deletion) -> tuple[Object, bool]:
        finalizers = list(found["metadata"].get("finalizers") or ())
        dependents = self._dependents(found["metadata"]["uid"])
        if how.propagation == "Orphan":
            for other, each in dependents:
                self._let_go(other, each, found["metadata"]["uid"])
        elif how.propagation == "Foreground" and any(_blocks(each, found) for _, each in dependents):
            finalizers = [*(one for one in finalizers if one != FOREGROUND), FOREGROUND]
        grace = self._grace(resource, found, how)
        ends_later = bool(finalizers) or grace > 0 or resource.kind == "Namespace"
        if not ends_later:
            return self._remove(resource, found), True
        found = self._mark(resource, found, finalizers, grace)
        if FOREGROUND in finalizers:
            for other, each in self._dependents(found["metadata"]["uid"]):
                if "deletionTimestamp" not in each["metadata"]:
                    self._end(other, each, Deletion("Foreground"))
        if resource.kind == "Namespace":
            self._empty(found["metadata"]["name"])
        return found, self._store.get(
            resource, found["metadata"].get("namespace", ""), found["metadata"]["name"]
        ) is None

    def _grace(self, resource: Resource, found: Object, how: Deletion) -> int:
        """Seconds that a pod has: a node agent ends its processes and then deletes it with none."""
        if resource.kind != "Pod" or not found["spec"].get("nodeName"):
            return 0
        if found.get("status", {}).get("phase") in ENDED:
            return 0
        grace = how.grace if how.grace is not None else found["spec"].get("terminationGracePeriodSeconds", 30)
        return max(int(grace), 0)

    def _mark(self, resource: Resource, found: Object, finalizers: list[str], grace: int) -> Object:
        metadata = dict(found["metadata"])
        if finalizers:
            metadata["finalizers"] = finalizers
        shorter = metadata.get("deletionGracePeriodSeconds", grace) > grace
        if "deletionTimestamp" in metadata and not shorter and metadata == found["metadata"]:
            return found
        if "deletionTimestamp" not in metadata or shorter:
            metadata["deletionTimestamp"] = names.timestamp(self._now() + grace)
            metadata["deletionGracePeriodSeconds"] = grace
        if "generation" in metadata:
            metadata["generation"] += 1
        made = {**found, "metadata": metadata}
        if resource.kind == "Namespace":
            made["status"] = {**found.get("status", {}), "phase": "Terminating"}
        return self._store.put(resource, made)

    def _remove(self, resource: Resource, found: Object) -> Object:
        metadata = found["metadata"]
        gone = self._store.remove(resource, metadata.get("namespace", ""), metadata["name"])
        for other, each in self._dependents(metadata["uid"]):
            if "deletionTimestamp" in each["metadata"]:
                continue
            owners = [one for one in each["metadata"]["ownerReferences"] if one.get("uid") != metadata["uid"]]
            if any(self._lives(one) for one in owners):
                self._let_go(other, each, metadata["uid"])
            else:
                self._end(other, each, BACKGROUND)
        for owner in metadata.get("ownerReferences") or ():
            self._unblock(owner.get("uid", ""))
        if metadata.get("namespace"):
            self._close(metadata["namespace"])
        return gone

    def changed(self, resource: Resource, found: Object) -> None:
        """Take an object away whose last finalizer has gone; under the lock."""
        metadata = found["metadata"]
        if "deletionTimestamp" not in metadata or metadata.get("finalizers"):
            return
        if resource.kind == "Namespace":
            self._close(metadata["name"])
        elif not metadata.get("deletionGracePeriodSeconds"):
            self._remove(resource, found)

    # -- owners -------------------------------------------------------------------------------------------------------

    def _dependents(self, uid: str) -> list[tuple[Resource, Object]]:
        return [
            (resource, each)
            for resource, each in self._store.everything()
            if any(one.get("uid") == uid for one in each["metadata"].get("ownerReferences") or ())
        ]

    def _lives(self, owner: Object) -> bool:
        return any(each["metadata"]["uid"] == owner.get("uid") for _resource, each in self._store.everything())

    def _let_go(self, resource: Resource, found: Object, uid: str) -> None:
        owners = [one for one in found["metadata"]["ownerReferences"] if one.get("uid") != uid]
        metadata = {key: value for key, value in found["metadata"].items() if key != "ownerReferences"}
        if owners:
            metadata["ownerReferences"] = owners
        self._store.put(resource, {**found, "metadata": metadata})

    def _unblock(self, uid: str) -> None:
        """An owner that waits for what it owns (foreground) ends when the last of it has."""
        for resource, each in self._store.everything():
            if each["metadata"]["uid"] == uid and FOREGROUND in (each["metadata"].get("finalizers") or ()):
                if any(_blocks(one, each) for _, one in self._dependents(uid)):
                    return
                metadata = dict(each["metadata"])
                metadata["finalizers"] = [one for one in metadata["finalizers"] if one != FOREGROUND]
                stored = self._store.put(resource, {**each, "metadata": metadata})
                self.changed(resource, stored)
                return

    # -- namespaces ---------------------------------------------------------------------------------------------------

    def _empty(self, namespace: str) -> None:
        for resource, each in self._store.everything():
            if each["metadata"].get("namespace") == namespace and "deletionTimestamp" not in each["metadata"]:
                current = self._store.get(resource, namespace, each["metadata"]["name"])
                if current is not None:
                    self._end(resource, current, BACKGROUND)
        self._close(namespace)

    def _close(self, namespace: str) -> None:
        """A namespace that is being deleted goes when nothing is in it any more."""
        found = self._store.get(core("namespaces"), "", namespace)
        if found is None or "deletionTimestamp" not in found["metadata"] or found["metadata"].get("finalizers"):
            return
        if not any(each["metadata"].get("namespace") == namespace for _resource, each in self._store.everything()):
            self._remove(core("namespaces"), found)


def _blocks(dependent: Object, owner: Object) -> bool:
    uid = owner["metadata"]["uid"]
    owners = dependent["metadata"].get("ownerReferences") or ()
    return any(one.get("uid") == uid and one.get("blockOwnerDeletion") for one in owners)
