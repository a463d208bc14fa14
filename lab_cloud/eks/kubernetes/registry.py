"""What is done to objects: create, update, patch, apply; the rules that hold for all kinds.

Every method takes the store's lock itself. What a method is given is not changed.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import defaults, names, ownership, status, validation
from .admission import Admission
from .decoding import missing
from .garbage import Garbage
from .resources import Resource
from .schemas import Node, Schemas, load
from .store import Object, Store

SYSTEM_FIELDS = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds")
WITHOUT_GENERATION = ("Namespace", "Node", "PersistentVolume", "PersistentVolumeClaim", "Service", "Lease", "Event")
NAME_ATTEMPTS = 8


@dataclass(frozen=True)
class Write:
    """How something is written.

    Parameters
    ----------
    manager : str
        Who; the field manager.
    dry_run : bool
        Whether nothing is to be stored.
    subresource : str
        ``status``, ``scale`` or empty.
    force : bool
        Whether an apply takes what belongs to others.
    """

    manager: str = "unknown"
    dry_run: bool = False
    subresource: str = ""
    force: bool = False


class Registry:
    """The objects of one cluster, and how they change.

    Parameters
    ----------
    store : Store
        Where they are.
    admission : Admission
        What depends on other objects.
    now : callable
        The time in epoch seconds.
    """

    def __init__(self, store: Store, admission: Admission, now: Callable[[], float]) -> None:
        self.store = store
        self._admission = admission
        self.now = now
        self._schemas: Schemas = load()
        self.garbage = Garbage(store, admission, now)

    def get(self, resource: Resource, namespace: str, name: str) -> Object:
        """One object.

        Raises
        ------
        ApiError
            404.
        """
        found = self.store.get(resource, namespace, name)
        if found is None:
            raise status.not_found(resource.group, resource.name, name)
        return found

    # -- create -------------------------------------------------------------------------------------------------------

    def create(self, resource: Resource, namespace: str, sent: Object, write: Write) -> Object:
        """Store a new object.

        Parameters
        ----------
        resource, namespace
            Where it goes.
        sent : dict
            As the client sent it, of the right shape.
        write : Write
            How.

        Raises
        ------
        ApiError
            409, 422 and others.
        """
        made = copy.deepcopy(sent)
        made["apiVersion"], made["kind"] = resource.api_version, resource.kind
        metadata: dict[str, Any] = made.setdefault("metadata", {})
        for field in (*SYSTEM_FIELDS, "resourceVersion", "managedFields", "selfLink"):
            metadata.pop(field, None)
        if resource.namespaced:
            metadata["namespace"] = namespace
        else:
            metadata.pop("namespace", None)
        if "status" in resource.subresources and resource.kind != "Node":  # a node brings its own when it registers
            made.pop("status", None)
        with self.store.lock:
            if not metadata.get("name") and metadata.get("generateName"):
                metadata["name"] = self._free_name(resource, namespace, metadata["generateName"])
            name = metadata.get("name", "")
            metadata |= {"uid": names.uid(), "creationTimestamp": names.timestamp(self.now())}
            if "spec" in made and resource.kind not in WITHOUT_GENERATION:
                metadata["generation"] = 1
            defaults.fill(resource.kind, made)
            self._check(resource, made, None)
            if name and self.store.get(resource, namespace if resource.namespaced else "", name) is not None:
                raise status.already_exists(resource.group, resource.name, name)
            self._admission.created(resource, made)
            self._own(resource, {}, made, write)
            if "status" in resource.subresources:
                made.setdefault("status", {})  # clients read it as an object before any controller has written it
            if write.dry_run:
                return made
            return self.store.put(resource, made)

    def _free_name(self, resource: Resource, namespace: str, base: str) -> str:
        for _ in range(NAME_ATTEMPTS):
            name = names.generate(base)
            if self.store.get(resource, namespace if resource.namespaced else "", name) is None:
                break
        return name

    def _check(self, resource: Resource, made: Object, before: Object | None) -> None:
        causes = list(missing(self._schemas, resource.definition, made))
        known = {each.field for each in causes}
        found = validation.check(resource.kind, made, namespaced=resource.namespaced)
        causes += [each for each in found if each.field not in known]
        if before is not None:
            causes += validation.check_change(resource.kind, before, made)
        if causes:
            raise status.invalid(resource.group, resource.kind, made["metadata"].get("name", ""), causes)

    # -- change -------------------------------------------------------------------------------------------------------

    def update(self, resource: Resource, namespace: str, name: str, sent: Object, write: Write) -> Object:
        """Replace an object.

        Raises
        ------
        ApiError
            404, 409, 422 and others.
        """
        with self.store.lock:
            before = self.get(resource, namespace, name)
            asked = (sent.get("metadata") or {}).get("name", name)
            if asked != name:
                raise status.bad_request(
                    f"the name of the object ({asked}) does not match the name on the URL ({name})"
                )
            return self._replace(resource, before, sent, write)

    def patch(
        self, resource: Resource, namespace: str, name: str, change: Callable[[Object], Any], write: Write
    ) -> Object:
        """Change an object by a function of what it is.

        Parameters
        ----------
        change : callable
            From the object to the one that is wanted; it returns a new one.

        Raises
        ------
        ApiError
            404, 409, 422 and others.
        """
        with self.store.lock:
            before = self.get(resource, namespace, name)
            return self._replace(resource, before, change(before), write)

    def node(self, resource: Resource) -> Node:
        """The schema of a resource's objects."""
        return self._schemas.node(resource.definition)

    def _replace(self, resource: Resource, before: Object, sent: Object, write: Write) -> Object:
        old, name = before["metadata"], before["metadata"]["name"]
        asked = sent.get("metadata") or {}
        version = asked.get("resourceVersion")
        if version and version != old["resourceVersion"]:
            raise status.conflict(resource.group, resource.name, name)
        if asked.get("uid") not in (None, "", old["uid"]):
            why = f"Precondition failed: UID in precondition: {asked['uid']}, UID in object meta: {old['uid']}"
            raise status.conflict(resource.group, resource.name, name, why)
        made = self._prepared(resource, before, sent, write)
        self._own(resource, before, made, write)
        return self._finish(resource, before, made, write)

    def _prepared(self, resource: Resource, before: Object, sent: Object, write: Write) -> Object:
        """The object as it is to be, without who owns what."""
        old = before["metadata"]
        if write.subresource == "status":
            made = {**before, "metadata": dict(old)}
            for part in ("labels", "annotations"):
                if part in (sent.get("metadata") or {}):
                    made["metadata"][part] = copy.deepcopy(sent["metadata"][part])
            made.pop("status", None)
            if "status" in sent:
                made["status"] = copy.deepcopy(sent["status"])
            return made
        made = copy.deepcopy(sent)
        made["apiVersion"], made["kind"] = resource.api_version, resource.kind
        metadata = made.setdefault("metadata", {})
        for field in (*SYSTEM_FIELDS, "name", "namespace", "resourceVersion", "managedFields", "selfLink"):
            metadata.pop(field, None)
            if field in old:
                metadata[field] = old[field]
        if "status" in resource.subresources:
            made.pop("status", None)
            if "status" in before:
                made["status"] = before["status"]
        if "deletionTimestamp" in old:
            added = set(metadata.get("finalizers") or ()) - set(old.get("finalizers") or ())
            if added:
                why = "Forbidden: no new finalizers can be added if the object is being deleted"
                cause = status.Cause("metadata.finalizers", why, "FieldValueForbidden")
                raise status.invalid(resource.group, resource.kind, old["name"], [cause])
        _keep_address(resource, before, made)
        defaults.fill(resource.kind, made)
        self._check(resource, made, before)
        self._admission.changed(resource, before, made)
        if "generation" in old and made.get("spec") != before.get("spec"):
            metadata["generation"] = old["generation"] + 1
        return made

    def _finish(self, resource: Resource, before: Object, made: Object, write: Write) -> Object:
        if write.dry_run:
            return made
        if _same(before, made):
            return before
        stored = self.store.put(resource, made)
        self.garbage.changed(resource, stored)
        return stored

    # -- apply --------------------------------------------------------------------------------------------------------

    def apply(self, resource: Resource, namespace: str, name: str, sent: Object, write: Write) -> tuple[Object, bool]:
        """Server-side apply.

        Returns
        -------
        dict
            The object.
        bool
            Whether it is new.

        Raises
        ------
        ApiError
            409, when a field belongs to somebody else who wants another value.
        """
        if (sent.get("metadata") or {}).get("managedFields"):
            raise status.bad_request("metadata.managedFields must be nil")
        with self.store.lock:
            before = self.store.get(resource, namespace, name)
            writer = self._entry(resource, write, ownership.APPLY)
            node = self.node(resource)
            if before is None:
                if write.subresource:
                    raise status.not_found(resource.group, resource.name, name)
                sent = {**sent, "metadata": {**(sent.get("metadata") or {}), "name": name}}
                return self._create_applied(resource, namespace, sent, write, writer), True
            disputed = [] if write.force else ownership.conflicts(self._schemas, node, before, sent, writer)
            if disputed:
                raise ownership.conflict_error(disputed)
            version = (sent.get("metadata") or {}).get("resourceVersion")
            if version and version != before["metadata"]["resourceVersion"]:
                raise status.conflict(resource.group, resource.name, name)
            wanted, entries = ownership.apply(self._schemas, node, before, sent, writer)
            made = self._prepared(resource, before, wanted, write)
            old = {each.identity: each for each in ownership.entries_of(before)}
            entries = [_unchanged(each, old) for each in entries]
            made["metadata"]["managedFields"] = ownership.to_list(entries)
            return self._finish(resource, before, made, write), False

    def _create_applied(
        self, resource: Resource, namespace: str, sent: Object, write: Write, writer: ownership.Entry
    ) -> Object:
        from dataclasses import replace

        from .fields import of_object

        made = self.create(resource, namespace, sent, replace(write, dry_run=True))
        entry = replace(writer, owned=of_object(self._schemas, self.node(resource), sent))
        made["metadata"]["managedFields"] = ownership.to_list([entry])
        return made if write.dry_run else self.store.put(resource, made)

    def _entry(self, resource: Resource, write: Write, operation: str) -> ownership.Entry:
        return ownership.Entry(
            manager=write.manager,
            operation=operation,
            api_version=resource.api_version,
            time=names.timestamp(self.now()),
            owned=frozenset(),
            subresource=write.subresource,
        )

    def _own(self, resource: Resource, before: Object, made: Object, write: Write) -> None:
        writer = self._entry(resource, write, ownership.UPDATE)
        entries = ownership.after_update(self._schemas, self.node(resource), before, made, writer)
        made["metadata"]["managedFields"] = ownership.to_list(entries)


def _unchanged(entry: ownership.Entry, old: dict[tuple[str, str, str, str], ownership.Entry]) -> ownership.Entry:
    """The same entry with its old time, when it owns what it did: an apply that changes nothing writes nothing."""
    before = old.get(entry.identity)
    return before if before is not None and before.owned == entry.owned else entry


def _keep_address(resource: Resource, before: Object, made: Object) -> None:
    """A service that is replaced without its address keeps it."""
    if resource.kind == "Service" and made.get("spec", {}).get("type") != "ExternalName":
        for field in ("clusterIP", "clusterIPs"):
            if not made["spec"].get(field) and before["spec"].get(field):
                made["spec"][field] = before["spec"][field]


def _same(one: Object, other: Object) -> bool:
    def content(found: Object) -> dict[str, Any]:
        metadata = {key: value for key, value in found["metadata"].items() if key != "resourceVersion"}
        return {**found, "metadata": metadata}

    return content(one) == content(other)
