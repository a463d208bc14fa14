"""The three patches that are computed from the object alone: JSON patch, merge patch, strategic merge patch.

All are pure: they return a new object and leave what they are given as it was.

References
----------
https://www.rfc-editor.org/rfc/rfc6902 and https://www.rfc-editor.org/rfc/rfc7386
https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
"""

import copy
from typing import Any

from .schemas import Node, Schemas
from .status import ApiError, bad_request

DIRECTIVE = "$patch"
DELETE_PRIMITIVES = "$deleteFromPrimitiveList/"
ORDER = "$setElementOrder/"
RETAIN = "$retainKeys"


def merge(current: Any, patch: Any) -> Any:
    """A JSON merge patch: members are replaced, null removes."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    made = dict(current) if isinstance(current, dict) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = merge(made.get(key), value)
    return made


# -- JSON patch -------------------------------------------------------------------------------------------------------


def json_patch(current: Any, operations: Any) -> Any:
    """A JSON patch: a list of operations.

    Raises
    ------
    ApiError
        400 for what is no patch, 422 for an operation that cannot be done.
    """
    if not isinstance(operations, list) or not all(isinstance(one, dict) for one in operations):
        raise bad_request("error decoding patch: a JSON patch is a list of operations")
    made = copy.deepcopy(current)
    for one in operations:
        try:
            made = _operate(made, one)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            why = f"the server rejected our request due to an error in our request ({one.get('op')}: {error})"
            raise ApiError(422, "Invalid", why) from error
    return made


def _operate(document: Any, one: dict[str, Any]) -> Any:
    name, path = one["op"], _pointer(one["path"])
    if name == "test":
        if _get(document, path) != one["value"]:
            raise ValueError(f"testing value {one['path']} failed")
        return document
    if name in ("move", "copy"):
        source = _pointer(one["from"])
        value = copy.deepcopy(_get(document, source))
        if name == "move":
            if path[: len(source)] == source and path != source:
                raise ValueError("a value cannot be moved into itself")
            document = _remove(document, source)
        return _add(document, path, value)
    if name == "remove":
        return _remove(document, path)
    if name == "replace":
        _get(document, path)
        return _add(_remove(document, path) if path else None, path, copy.deepcopy(one["value"]))
    if name == "add":
        return _add(document, path, copy.deepcopy(one["value"]))
    raise ValueError(f"unexpected operation {name}")


def _pointer(text: str) -> list[str]:
    if text == "":
        return []
    if not text.startswith("/"):
        raise ValueError(f"{text!r} is no JSON pointer")
    return [step.replace("~1", "/").replace("~0", "~") for step in text[1:].split("/")]


def _get(document: Any, path: list[str]) -> Any:
    for step in path:
        document = document[_index(step, len(document) - 1)] if isinstance(document, list) else document[step]
    return document


def _index(step: str, last: int) -> int:
    if not step.isdecimal() or (step != "0" and step.startswith("0")) or int(step) > last:
        raise IndexError(f"there is no place {step}")
    return int(step)


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent, step = _get(document, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent.insert(len(parent) if step == "-" else _index(step, len(parent)), value)
    elif isinstance(parent, dict):
        parent[step] = value
    else:
        raise TypeError("nothing can be added to a plain value")
    return document


def _remove(document: Any, path: list[str]) -> Any:
    if not path:
        return None
    parent, step = _get(document, path[:-1]), path[-1]
    if isinstance(parent, list):
        del parent[_index(step, len(parent) - 1)]
    else:
        del parent[step]
    return document


# -- strategic merge patch --------------------------------------------------------------------------------------------


def strategic(schemas: Schemas, node: Node, current: Any, patch: Any) -> Any:
    """A strategic merge patch: lists are merged by key where the schema says so.

    Parameters
    ----------
    schemas : Schemas
        The definitions.
    node : Node
        The schema of the object.
    current, patch : Any
        The object, and what shall become of it.

    Raises
    ------
    ApiError
        400 for a directive that there is not, or an item without its key.
    """
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    directive = patch.get(DIRECTIVE)
    if directive == "replace":
        return {key: copy.deepcopy(value) for key, value in patch.items() if key != DIRECTIVE}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise bad_request(f"unknown value {directive!r} of {DIRECTIVE}")
    made = dict(current) if isinstance(current, dict) else {}
    if RETAIN in patch:
        made = {key: value for key, value in made.items() if key in patch[RETAIN]}
    for key, value in patch.items():
        if key.startswith(DELETE_PRIMITIVES):
            field = key.removeprefix(DELETE_PRIMITIVES)
            made[field] = [each for each in made.get(field) or () if each not in value]
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None:
            made.pop(key, None)
            continue
        child = schemas.child(node, key)
        if isinstance(value, list):
            made[key] = _list(schemas, child, made.get(key), value, patch.get(ORDER + key))
        else:
            made[key] = strategic(schemas, child, made.get(key), value)
    for key, order in patch.items():
        if key.startswith(ORDER):
            field = key.removeprefix(ORDER)
            if field in made and field not in patch:
                made[field] = _ordered(made[field], order, _merge_key(schemas.child(node, field)))
    return made


def _merge_key(node: Node) -> str:
    return str(node.get("x-kubernetes-patch-merge-key", ""))


def _list(schemas: Schemas, node: Node, current: Any, patch: list[Any], order: Any) -> list[Any]:
    strategies = str(node.get("x-kubernetes-patch-strategy", "")).split(",")
    if "merge" not in strategies:
        return copy.deepcopy(patch)
    key = _merge_key(node)
    made = list(current or ())
    if not key:
        made += [each for each in copy.deepcopy(patch) if each not in made]
        return _ordered(made, order, "")
    if {DIRECTIVE: "replace"} in patch:
        return [copy.deepcopy(each) for each in patch if each != {DIRECTIVE: "replace"}]
    items = schemas.items(node)
    for each in patch:
        if not isinstance(each, dict) or key not in each:
            raise bad_request(f"map: {each} does not contain declared merge key: {key}")
        place = next((i for i, one in enumerate(made) if one.get(key) == each[key]), None)
        if each.get(DIRECTIVE) == "delete":
            made = [one for one in made if one.get(key) != each[key]]
        elif place is None:
            made.append(strategic(schemas, items, {}, each))
        else:
            made[place] = strategic(schemas, items, made[place], each)
    return _ordered(made, order, key)


def _ordered(items: list[Any], order: Any, key: str) -> list[Any]:
    """Items that an order names stand in it; the others keep their place after what they followed."""
    if not order:
        return items
    wanted = [each.get(key) if key and isinstance(each, dict) else each for each in order]

    def name(item: Any) -> Any:
        return item.get(key) if key else item

    named = iter(sorted((each for each in items if name(each) in wanted), key=lambda each: wanted.index(name(each))))
    return [next(named) if name(each) in wanted else each for each in items]
