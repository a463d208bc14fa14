"""Get, list and watch."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from . import selectors
from .requests import Accepted, Info
from .resources import Resource
from .selectors import Matches
from .status import bad_request, expired
from .store import ADDED, DELETED, MODIFIED, Event, Object, Store

LIST_VERSION = "meta.k8s.io/v1"
INITIAL_END = "k8s.io/initial-events-end"


def one(found: Object, info: Info, wants: Accepted, now: float) -> dict[str, Any]:
    """An object as the client wants it."""
    if wants.as_table:
        version = {"resourceVersion": found["metadata"].get("resourceVersion", "")}
        return _table(info.resource, [found], version, info.options.get("includeObject", "Metadata"), now)
    if wants.partial:
        return _partial(found)
    return found


def _table(resource: Resource, objects: list[Object], metadata: Object, include: str, now: float) -> dict[str, Any]:
    from .tables import table  # loaded with the first command of kubectl

    return table(resource, objects, metadata, include, now)


def _partial(found: Object) -> dict[str, Any]:
    return {"kind": "PartialObjectMetadata", "apiVersion": LIST_VERSION, "metadata": found["metadata"]}


def listed(store: Store, info: Info, wants: Accepted, now: float) -> dict[str, Any]:
    """A list, or a page of it, as the client wants it.

    Raises
    ------
    ApiError
        400 for a selector or token that cannot be read; 410 for a token of long ago.
    """
    matches = _matches(info)
    with store.lock:
        revision = store.revision
        objects = [each for each in store.all(info.resource, info.namespace) if matches(each)]
    objects, metadata = _page(objects, info, revision, store)
    if wants.as_table:
        return _table(info.resource, objects, metadata, info.options.get("includeObject", "Metadata"), now)
    if wants.partial:
        items: Sequence[dict[str, Any]] = [_partial(each) for each in objects]
        return {"kind": "PartialObjectMetadataList", "apiVersion": LIST_VERSION, "metadata": metadata, "items": items}
    kind = f"{info.resource.kind}List"
    return {"kind": kind, "apiVersion": info.resource.api_version, "metadata": metadata, "items": objects}


def _matches(info: Info) -> Matches:
    options = info.options
    found = selectors.both(options.get("labelSelector", ""), options.get("fieldSelector", ""), info.resource.kind)
    if info.name:
        return lambda each: each["metadata"]["name"] == info.name and found(each)
    return found


def _key(found: Object) -> list[str]:
    return [found["metadata"].get("namespace", ""), found["metadata"]["name"]]


def _page(objects: list[Object], info: Info, revision: int, store: Store) -> tuple[list[Object], dict[str, Any]]:
    limit, token = info.number("limit") or 0, info.options.get("continue", "")
    if token:
        revision, after = _read_token(token)
        store.since(revision)  # 410 when that is forgotten
        objects = [each for each in objects if _key(each) > after]
    metadata: dict[str, Any] = {"resourceVersion": str(revision)}
    if limit and len(objects) > limit:
        text = json.dumps({"rv": revision, "start": _key(objects[limit - 1])})
        metadata["continue"] = base64.urlsafe_b64encode(text.encode()).decode()
        metadata["remainingItemCount"] = len(objects) - limit
        objects = objects[:limit]
    return objects, metadata


def _read_token(token: str) -> tuple[int, list[str]]:
    try:
        found = json.loads(base64.urlsafe_b64decode(token.encode()))
        namespace, name = found["start"]
        return int(found["rv"]), [str(namespace), str(name)]
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request("continue key is not valid") from error


# -- watch ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """One event of a watch: its type, and the object."""

    kind: str
    found: Object


class Watch:
    """What a client that watches is told.

    Parameters
    ----------
    store : Store
        The objects.
    info : Info
        What it watches.
    deliver : callable
        Called with each change, on the thread that writes; must not block.

    Raises
    ------
    ApiError
        410, when what it has seen last is forgotten; 400 for a selector that cannot be read.
    """

    def __init__(self, store: Store, info: Info, deliver: Callable[[Change], None]) -> None:
        self._info = info
        self._matches = _matches(info)
        self._deliver = deliver
        self._store = store
        self.end: Callable[[], None] = lambda: None

    def begin(self) -> None:
        """Tell what is there or has happened, and go on from there."""
        info = self._info
        asked = info.options.get("resourceVersion", "")
        initial = info.flag("sendInitialEvents")
        if not asked.isdecimal() and asked:
            raise bad_request(f'invalid resource version "{asked}"')
        with self._store.lock:
            if asked in ("", "0") or initial:
                for each in self._store.all(info.resource, info.namespace):
                    if self._matches(each):
                        self._deliver(Change(ADDED, each))
                if initial:
                    self._deliver(self.bookmark(initial=True))
            else:
                if int(asked) > self._store.revision:
                    raise expired(f"Too large resource version: {asked}, current: {self._store.revision}")
                for event in self._store.since(int(asked)):
                    self._happened(event)
            self.end = self._store.listen(self._happened)

    def bookmark(self, *, initial: bool = False) -> Change:
        """How far the watch is."""
        resource = self._info.resource
        metadata: dict[str, Any] = {"resourceVersion": str(self._store.revision), "creationTimestamp": None}
        if initial:
            metadata["annotations"] = {INITIAL_END: "true"}
        found = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
        return Change("BOOKMARK", found)

    def _happened(self, event: Event) -> None:
        info = self._info
        if event.resource is not info.resource:
            return
        if info.namespace and event.found["metadata"].get("namespace") != info.namespace:
            return
        before = event.before is not None and self._matches(event.before)
        now = event.kind != DELETED and self._matches(event.found)
        if now:
            self._deliver(Change(MODIFIED if before else ADDED, event.found))
        elif before:
            self._deliver(Change(DELETED, {**event.found} if event.kind == DELETED else _last(event)))


def _last(event: Event) -> Object:
    """An object that is not selected any more, as it was, with the revision of that."""
    before = event.before or event.found
    return {**before, "metadata": {**before["metadata"], "resourceVersion": str(event.revision)}}


def told(change: Change, info: Info, wants: Accepted, now: float) -> bytes:
    """A change as a line of the stream."""
    found = change.found
    if change.kind == "BOOKMARK":
        if wants.as_table:
            found = _table(info.resource, [], found["metadata"], "Metadata", now)
    else:
        found = one(found, info, wants, now)
    return json.dumps({"type": change.kind, "object": found}, separators=(",", ":")).encode() + b"\n"
