"""From what a client sent to an object of a kind: its types, unknown and doubled fields, and what must be there.

References
----------
https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .resources import Resource
from .schemas import FREE, INT_OR_STRING, META, QUANTITY, Node, Schemas, name_in
from .status import Cause, bad_request, required

TIMES = {f"{META}Time", f"{META}MicroTime"}
NUMBER = re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)(([KMGTPE]i)|[numkMGTPE]|[eE][+-]?\d+)?$")
PLACE = re.compile(r"\[\d+\]")
MAY_BE_EMPTY = ("endpoints",)
"""What the schema requires and the API server does not: an EndpointSlice without endpoints is one."""
GO_TYPES = {("integer", "int32"): "int32", ("integer", "int64"): "int64", ("boolean", ""): "bool"}


def read_json(body: bytes) -> tuple[Any, list[str]]:
    """The JSON, and the names of members that stand twice in an object (the last one counts).

    Raises
    ------
    ApiError
        400, when it is none.
    """
    doubled: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in found:
            if key in made:
                doubled.append(key)
            made[key] = value
        return made

    try:
        return json.loads(body, object_pairs_hook=pairs), doubled
    except ValueError as error:
        raise bad_request(f"the object provided is unrecognized (must be of type JSON): {error}") from error


def read_yaml(body: bytes) -> Any:
    """The YAML (of which JSON is a part).

    Raises
    ------
    ApiError
        400, when it is none.
    """
    if body.lstrip().startswith(b"{"):
        return read_json(body)[0]
    import yaml

    try:
        return yaml.safe_load(body)
    except yaml.YAMLError as error:
        raise bad_request(f"error decoding YAML: {error}") from error


def shape(schemas: Schemas, resource: Resource, definition: str, found: Any, kind: str = "") -> tuple[Any, list[str]]:
    """An object without nulls and unknown fields, and the paths of the latter.

    Parameters
    ----------
    schemas : Schemas
        The definitions.
    resource : Resource
        What it is sent to; for messages.
    definition : str
        The name of its schema.
    found : Any
        What was sent.
    kind : str
        Its kind, when it is not the resource's.

    Raises
    ------
    ApiError
        400, when a value has another type than the schema's.
    """
    unknown: list[str] = []
    try:
        return _shaped(schemas, {"$ref": f"#/definitions/{definition}"}, found, "", "", unknown), unknown
    except _WrongTypeError as error:
        raise cannot_be_handled(resource, kind, str(error)) from error


def cannot_be_handled(resource: Resource, kind: str, why: str) -> Exception:
    """What was sent is not an object of this kind."""
    kind = kind or resource.kind
    return bad_request(f'{kind} in version "{resource.version}" cannot be handled as a {kind}: {why}')


class _WrongTypeError(Exception):
    """In Go's words."""


def _shaped(schemas: Schemas, node: Node, value: Any, path: str, owner: str, unknown: list[str]) -> Any:
    name = name_in(node)
    if name in (QUANTITY, INT_OR_STRING, *TIMES) or name in FREE:
        return _special(name, value, path)
    own = schemas.follow(node)
    if not own:
        return value
    if "properties" in own or "additionalProperties" in own or own.get("type") == "object":
        if not isinstance(value, Mapping):
            raise _cannot(value, path, owner, f"v1.{name.rpartition('.')[2]}" if name else "map[string]string")
        owner = name.rpartition(".")[2] or owner
        return _object(schemas, own, value, path, owner, unknown)
    if own.get("type") == "array":
        if not isinstance(value, list):
            raise _cannot(value, path, owner, f"[]{_go_type(schemas, own.get('items', {}))}")
        items = schemas.items(own)
        return [_shaped(schemas, items, each, f"{path}[{i}]", owner, unknown) for i, each in enumerate(value)]
    return _plain(own, value, path, owner)


def _object(
    schemas: Schemas, own: Node, value: Mapping[str, Any], path: str, owner: str, unknown: list[str]
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    properties = own.get("properties")
    for key, one in value.items():
        where = f"{path}.{key}" if path else str(key)
        if properties is not None and key not in properties:
            unknown.append(where)
        elif one is not None:
            made[key] = _shaped(schemas, schemas.child(own, key), one, where, owner, unknown)
    return made


def _plain(own: Node, value: Any, path: str, owner: str) -> Any:
    kind, form = own.get("type"), own.get("format", "")
    if kind == "string" and not isinstance(value, str):
        raise _cannot(value, path, owner, "string")
    if kind == "boolean" and not isinstance(value, bool):
        raise _cannot(value, path, owner, "bool")
    if kind == "integer":
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise _cannot(value, path, owner, GO_TYPES.get((kind, form), "int32"))
        if form == "int32" and not -(2**31) <= value < 2**31:
            raise _WrongTypeError(
                f"json: cannot unmarshal number {value} into Go struct field {_field(owner, path)} of type int32"
            )
    if kind == "number" and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise _cannot(value, path, owner, "float64")
    return value


def _special(name: str, value: Any, path: str) -> Any:
    if name == QUANTITY:
        text = str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not NUMBER.match(text):
            raise _WrongTypeError(
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            )
        return text
    if name == INT_OR_STRING and (isinstance(value, bool) or not isinstance(value, (int, str))):
        raise _WrongTypeError(f"{path}: json: cannot unmarshal {_json_type(value)} into Go value of type string")
    if name in TIMES and not isinstance(value, str):
        raise _WrongTypeError(f"{path}: json: cannot unmarshal {_json_type(value)} into Go value of type string")
    return value


def _cannot(value: Any, path: str, owner: str, wanted: str) -> _WrongTypeError:
    return _WrongTypeError(
        f"json: cannot unmarshal {_json_type(value)} into Go struct field {_field(owner, path)} of type {wanted}"
    )


def _field(owner: str, path: str) -> str:
    return f"{owner}.{PLACE.sub('', path)}" if owner else path


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _go_type(schemas: Schemas, node: Node) -> str:
    name = name_in(node)
    if name:
        return f"v1.{name.rpartition('.')[2]}"
    return GO_TYPES.get((str(node.get("type")), str(node.get("format", ""))), "string")


def missing(schemas: Schemas, definition: str, found: Mapping[str, Any]) -> Iterator[Cause]:
    """The fields that the schema requires and that are not there; the status is the system's and not looked at."""
    for key, value in found.items():
        if key != "status":
            yield from _missing(schemas, schemas.child(schemas.node(definition), key), value, key)
    for key in schemas.node(definition).get("required", ()):
        if key not in found and key not in MAY_BE_EMPTY:
            yield required(key)


def _missing(schemas: Schemas, node: Node, value: Any, path: str) -> Iterator[Cause]:
    own = schemas.follow(node)
    if isinstance(value, Mapping):
        for key in own.get("required", ()):
            if value.get(key) in (None, "", []):
                yield required(f"{path}.{key}")
        for key, one in value.items():
            yield from _missing(schemas, schemas.child(own, key), one, f"{path}.{key}")
    elif isinstance(value, list):
        items = schemas.items(own)
        for i, one in enumerate(value):
            yield from _missing(schemas, items, one, f"{path}[{i}]")
