"""Check a request's parameters against AWS's model of the operation.

SDKs check types and required members before they send; the service checks values. This is the service's part:
required members, types, enums, patterns, lengths and ranges, in the words that AWS uses ("1 validation error
detected: Value 'x' at 'y' failed to satisfy constraint: ...").
"""

import functools
import re
from collections.abc import Iterator
from typing import Any

from .model import Model

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "structure": (dict,),
    "map": (dict,),
    "list": (list, tuple),
}


class WrongType(Exception):  # noqa: N818
    """A value has a type that the model does not allow.

    AWS answers ``SerializationException`` for these, before it looks at any value.
    """


def problems(model: Model, operation: str, params: dict[str, Any]) -> list[str]:
    """List what the model forbids in these parameters.

    Parameters
    ----------
    model : Model
        The service's model.
    operation : str
        The operation's name.
    params : dict
        The parsed input.

    Returns
    -------
    list of str
        One sentence per violation; empty when all is well.

    Raises
    ------
    WrongType
        When a value has another type than the model's.
    """
    shape = model.input_shape(operation)
    return list(_walk(model, shape, params, "")) if shape else []


def sentence(found: list[str]) -> str:
    """Put violations into AWS's one message."""
    plural = "s" if len(found) > 1 else ""
    return f"{len(found)} validation error{plural} detected: " + "; ".join(found)


def _walk(model: Model, name: str, value: Any, path: str) -> Iterator[str]:
    shape = model.shape(name)
    kind = shape["type"]
    allowed = TYPES.get(kind)
    if allowed and (not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed)):
        raise WrongType(f"'{path or 'input'}' must be of type {kind}, not {type(value).__name__}.")
    if kind == "structure":
        yield from _structure(model, shape, value, path)
    elif kind == "list":
        yield from _size(shape, len(value), value, path)
        for index, item in enumerate(value, 1):
            yield from _walk(model, shape["member"]["shape"], item, f"{path}.{index}.member")
    elif kind == "map":
        yield from _size(shape, len(value), value, path)
        for key, item in value.items():
            yield from _walk(model, shape["value"]["shape"], item, f"{path}.{key}.member")
    elif kind == "string":
        yield from _string(shape, value, path)
    elif kind in ("integer", "long", "float", "double"):
        yield from _range(shape, value, path)


def _structure(model: Model, shape: dict[str, Any], value: dict[str, Any], path: str) -> Iterator[str]:
    members = shape["members"]
    for required in shape.get("required", ()):
        if value.get(required) is None:
            where = _join(path, required)
            yield f"Value null at '{where}' failed to satisfy constraint: Member must not be null"
    for name, item in value.items():
        if name in members and item is not None:
            yield from _walk(model, members[name]["shape"], item, _join(path, name))


def _join(path: str, name: str) -> str:
    name = name[:1].lower() + name[1:]
    return f"{path}.{name}" if path else name


def _string(shape: dict[str, Any], value: str, path: str) -> Iterator[str]:
    start = f"Value '{value}' at '{path}' failed to satisfy constraint: Member must"
    if shape.get("sensitive"):
        start = f"Value at '{path}' failed to satisfy constraint: Member must"
    enum = shape.get("enum")
    if enum and value not in enum:
        yield f"{start} satisfy enum value set: [{', '.join(enum)}]"
    pattern = _pattern(shape.get("pattern", ""))
    if pattern and not pattern.search(value):
        yield f"{start} satisfy regular expression pattern: {shape['pattern']}"
    if len(value) < shape.get("min", 0):
        yield f"{start} have length greater than or equal to {shape['min']}"
    if "max" in shape and len(value) > shape["max"]:
        yield (
            f"Value at '{path}' failed to satisfy constraint: Member must have length less "
            f"than or equal to {shape['max']}"
        )


@functools.lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str] | None:
    if not text:
        return None
    try:
        return re.compile(f"^(?:{text})$")
    except re.error:
        return None  # written for Java: a pattern that Python cannot read is not checked


def _size(shape: dict[str, Any], size: int, value: Any, path: str) -> Iterator[str]:
    if size < shape.get("min", 0):
        yield (
            f"Value '{value}' at '{path}' failed to satisfy constraint: "
            f"Member must have length greater than or equal to {shape['min']}"
        )
    if "max" in shape and size > shape["max"]:
        yield (
            f"Value at '{path}' failed to satisfy constraint: Member must have length less "
            f"than or equal to {shape['max']}"
        )


def _range(shape: dict[str, Any], value: float, path: str) -> Iterator[str]:
    start = f"Value '{value}' at '{path}' failed to satisfy constraint: Member must have value"
    if "min" in shape and value < shape["min"]:
        yield f"{start} greater than or equal to {shape['min']}"
    if "max" in shape and value > shape["max"]:
        yield f"{start} less than or equal to {shape['max']}"
