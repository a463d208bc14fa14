"""Server-side apply: who owns which fields, what happens to them, and when two managers are of different minds.

Ownership is kept for every write, not only for apply: that is how an apply learns that somebody else has changed a
field since.

References
----------
https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import fields
from .fields import Fields, Path
from .schemas import Node, Schemas
from .status import ApiError

APPLY, UPDATE = "Apply", "Update"
Object = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """What one manager owns.

    Parameters
    ----------
    manager : str
        For example ``kubectl``.
    operation : str
        ``Apply`` or ``Update``.
    api_version : str
        The version in which the fields are named.
    time : str
        Of the last change.
    owned : frozenset
        The fields.
    subresource : str
        The one by which they were set; empty for the object itself.
    """

    manager: str
    operation: str
    api_version: str
    time: str
    owned: Fields
    subresource: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What tells entries apart."""
        return self.manager, self.operation, self.api_version, self.subresource


def entries_of(found: Object) -> list[Entry]:
    """The entries that an object carries."""
    return [
        Entry(
            manager=each.get("manager", ""),
            operation=each.get("operation", UPDATE),
            api_version=each.get("apiVersion", ""),
            time=each.get("time", ""),
            owned=fields.from_v1(each.get("fieldsV1") or {}),
            subresource=each.get("subresource", ""),
        )
        for each in found.get("metadata", {}).get("managedFields") or ()
    ]


def to_list(entries: list[Entry]) -> list[dict[str, Any]]:
    """Entries as the API shows them; those that own nothing are gone."""
    listed = []
    for each in entries:
        if each.owned:
            one = {"manager": each.manager, "operation": each.operation, "apiVersion": each.api_version}
            one |= {"time": each.time, "fieldsType": "FieldsV1"}
            made: dict[str, Any] = {**one, "fieldsV1": fields.to_v1(each.owned)}
            if each.subresource:
                made["subresource"] = each.subresource
            listed.append(made)
    return listed


def after_update(schemas: Schemas, node: Node, before: Object, after: Object, writer: Entry) -> list[Entry]:
    """Who owns what after a create, an update or a patch: the writer has what it has changed.

    Parameters
    ----------
    schemas, node
        The definitions, and the object's.
    before, after : mapping
        The object as it was (empty for a new one) and as it is now.
    writer : Entry
        Who wrote; its `owned` is not read.
    """
    old, new = fields.of_object(schemas, node, before), fields.of_object(schemas, node, after)
    changed = frozenset(
        path
        for path in new
        if path not in old
        or (
            fields.get(schemas, node, before, path) != fields.get(schemas, node, after, path)
            and not _is_keyed_item(path)
        )
    )
    if not changed and old == new:
        return entries_of(before)
    gone = old - new
    kept, found = [], False
    for each in entries_of(before):
        owned = each.owned - gone
        if each.identity == writer.identity:
            found = True
            kept.append(replace(each, time=writer.time, owned=owned | changed))
        else:
            kept.append(replace(each, owned=owned - changed))
    if not found:
        kept.append(replace(writer, owned=changed))
    return kept


def _is_keyed_item(path: Path) -> bool:
    return path[-1].startswith("k:")


def conflicts(
    schemas: Schemas, node: Node, live: Object, applied: Object, writer: Entry
) -> list[tuple[Entry, list[Path]]]:
    """What of an apply belongs to somebody else who wants another value."""
    wanted = fields.of_object(schemas, node, applied)
    found = []
    for each in entries_of(live):
        if each.identity == writer.identity:
            continue
        disputed = [
            path
            for path in sorted(each.owned & wanted)
            if not _is_keyed_item(path)
            and fields.get(schemas, node, live, path) != fields.get(schemas, node, applied, path)
        ]
        if disputed:
            found.append((each, disputed))
    return found


def conflict_error(found: list[tuple[Entry, list[Path]]]) -> ApiError:
    """The refusal, in the words of the API."""
    causes: list[dict[str, Any]] = []
    lines = []
    for entry, disputed in found:
        by = f' with subresource "{entry.subresource}"' if entry.subresource else ""
        by += "" if entry.operation == APPLY else f" using {entry.api_version}"
        message = f'conflict with "{entry.manager}"{by}'
        paths = [fields.shown(path) for path in disputed]
        causes += [{"reason": "FieldManagerConflict", "message": message, "field": path} for path in paths]
        if len(paths) == 1:
            lines.append(f"{message}: {paths[0]}")
        else:
            lines.append(f'conflicts with "{entry.manager}"{by}:' + "".join(f"\n- {path}" for path in paths))
    plural = "s" if len(causes) > 1 else ""
    message = f"Apply failed with {len(causes)} conflict{plural}: " + "\n".join(lines)
    return ApiError(409, "Conflict", message, {"causes": causes})


def apply(
    schemas: Schemas, node: Node, live: Object, applied: Object, writer: Entry
) -> tuple[dict[str, Any], list[Entry]]:
    """The object after an apply, and who owns what then; conflicts are decided for the writer.

    Fields that the writer owned before and does not name any more are removed, unless somebody else owns them too.
    """
    wanted = fields.of_object(schemas, node, applied)
    entries = entries_of(live)
    before = next((each.owned for each in entries if each.identity == writer.identity), fields.NOTHING)
    others = frozenset().union(*(each.owned for each in entries if each.identity != writer.identity))
    made = _merged(schemas, node, live, applied)
    dropped = before - wanted
    for path in sorted(dropped - others, key=len):  # an item goes whole, before its key does
        if not any(kept[: len(path)] == path for kept in others | wanted):
            made = _without(schemas, node, made, path)
    disputed = {path for _entry, paths in conflicts(schemas, node, live, applied, writer) for path in paths}
    kept = [replace(each, owned=each.owned - disputed) for each in entries if each.identity != writer.identity]
    return made, [*kept, replace(writer, owned=wanted)]


def _merged(schemas: Schemas, node: Node, live: Any, applied: Any) -> Any:
    if isinstance(applied, Mapping) and isinstance(live, Mapping) and not fields.is_atomic(schemas, node):
        made = dict(live)
        for key, value in applied.items():
            child = schemas.child(node, key)
            made[key] = _merged(schemas, child, live[key], value) if key in live else copy.deepcopy(value)
        return made
    if isinstance(applied, list) and isinstance(live, list):
        old, new = fields.item_steps(node, live), fields.item_steps(node, applied)
        if old is not None and new is not None:
            items = schemas.items(node)
            have = dict(zip(old, live, strict=True))
            for step, value in zip(new, applied, strict=True):
                have[step] = _merged(schemas, items, have[step], value) if step in have else copy.deepcopy(value)
            return list(have.values())
    return copy.deepcopy(applied)


def _without(schemas: Schemas, node: Node, found: Any, path: Path) -> Any:
    step, rest = path[0], path[1:]
    if step.startswith("f:"):
        name = step[2:]
        if not isinstance(found, Mapping) or name not in found:
            return found
        made = dict(found)
        if rest:
            made[name] = _without(schemas, schemas.child(node, name), found[name], rest)
            if made[name] == {} and found[name] != {}:
                del made[name]
        else:
            del made[name]
        return made
    steps = fields.item_steps(node, found) if isinstance(found, list) else None
    if steps is None or step not in steps:
        return found
    place = steps.index(step)
    if not rest:
        return [each for i, each in enumerate(found) if i != place]
    below = _without(schemas, schemas.items(node), found[place], rest)
    return [below if i == place else each for i, each in enumerate(found)]
