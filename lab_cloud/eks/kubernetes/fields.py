"""Sets of fields: which manager owns what (`metadata.managedFields`).

A field's path is a tuple of steps as the format ``FieldsV1`` writes them: ``f:name`` for a member, ``k:{...}`` for an
item of a list with keys, ``v:...`` for a value of a set. A set holds the paths of leaves, and those of items.

References
----------
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .schemas import ANY, FREE, Node, Schemas, name_in

Path = tuple[str, ...]
Fields = frozenset[Path]
NOTHING: Fields = frozenset()
SELF = "."
NOT_OWNED = ("apiVersion", "kind")
SYSTEM = {
    *("name", "generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp"),
    *("deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink"),
}
DEFAULT_KEYS: Mapping[str, Any] = {"protocol": "TCP"}
"""Members of keys that a manifest may leave out; the schema's keys are matched with these."""


def of_object(schemas: Schemas, node: Node, found: Mapping[str, Any]) -> Fields:
    """The fields of a whole object; what the system sets is nobody's."""
    paths: set[Path] = set()
    for key, value in found.items():
        if key in NOT_OWNED:
            continue
        child = schemas.child(node, key)
        if key == "metadata":
            for name, one in value.items():
                if name not in SYSTEM:
                    paths.update(_walk(schemas, schemas.child(child, name), one, ("f:metadata", f"f:{name}")))
        else:
            paths.update(_walk(schemas, child, value, (f"f:{key}",)))
    return frozenset(paths)


def _walk(schemas: Schemas, node: Node, value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, Mapping) and value and not is_atomic(schemas, node):
        for key, one in value.items():
            yield from _walk(schemas, schemas.child(node, key), one, (*path, f"f:{key}"))
    elif isinstance(value, list) and value and (steps := item_steps(node, value)) is not None:
        items = schemas.items(node)
        for step, one in zip(steps, value, strict=True):
            yield (*path, step)
            if step.startswith("k:"):
                yield from _walk(schemas, items, one, (*path, step))
    else:
        yield path


def is_atomic(schemas: Schemas, node: Node) -> bool:
    """Whether a value is owned as a whole."""
    own = schemas.follow(node)
    if "atomic" in (node.get("x-kubernetes-map-type"), own.get("x-kubernetes-map-type")):
        return True
    return name_in(node) in FREE or (node is not ANY and "properties" not in own and "additionalProperties" not in own)


def item_steps(node: Node, items: list[Any]) -> list[str] | None:
    """The steps of a list's items; None when the list is owned as a whole."""
    kind = node.get("x-kubernetes-list-type")
    if kind == "set":
        return [f"v:{compact(each)}" for each in items]
    if kind == "map":
        keys = node["x-kubernetes-list-map-keys"]
        if all(isinstance(each, Mapping) for each in items):
            return [f"k:{compact(key_of(each, keys))}" for each in items]
    return None


def key_of(item: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """What an item is known by."""
    found = {key: item.get(key, DEFAULT_KEYS.get(key)) for key in sorted(keys)}
    return {key: value for key, value in found.items() if value is not None}


def compact(value: Any) -> str:
    """JSON as managedFields has it."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def get(schemas: Schemas, node: Node, found: Any, path: Path) -> Any:
    """The value at a path; None for none."""
    for step in path:
        if step.startswith("f:"):
            name = step[2:]
            if not isinstance(found, Mapping) or name not in found:
                return None
            node, found = schemas.child(node, name), found[name]
        else:
            if not isinstance(found, list):
                return None
            steps = item_steps(node, found)
            if steps is None or step not in steps:
                return None
            node, found = schemas.items(node), found[steps.index(step)]
            if step.startswith("v:"):
                return found
    return found


# -- the format FieldsV1 ----------------------------------------------------------------------------------------------


def to_v1(paths: Fields) -> dict[str, Any]:
    """A set as an object of the API."""
    made: dict[str, Any] = {}
    for path in sorted(paths):
        here = made
        for step in path:
            here = here.setdefault(step, {})
        if not path[-1].startswith("f:"):
            here[SELF] = {}
    return made


def from_v1(found: Mapping[str, Any]) -> Fields:
    """The set that an object of the API stands for."""

    def walk(node: Mapping[str, Any], path: Path) -> Iterator[Path]:
        if path and (not node or SELF in node):
            yield path
        for step, below in node.items():
            if step != SELF:
                yield from walk(below, (*path, step))

    return frozenset(walk(found, ()))


def shown(path: Path) -> str:
    """A path as messages name it, for example ``.spec.replicas`` or ``.spec.ports[port=80,protocol="TCP"]``."""
    text = ""
    for step in path:
        kind, _, rest = step.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "k":
            text += "[" + ",".join(f"{key}={compact(value)}" for key, value in json.loads(rest).items()) + "]"
        else:
            text += f"[={rest}]"
    return text
