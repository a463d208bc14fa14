"""Kubernetes' protobuf bodies as JSON objects, by the table of fields in `data/kubernetes/`.

kubectl sends such bodies for what it knows at compile time (``create``, ``auth can-i``, options of a deletion) and
does not fall back to JSON. Answers are always JSON, which every client takes.

References
----------
https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
"""

import base64
import functools
import gzip
import json
import struct
from collections.abc import Iterator
from typing import Any

from . import names
from .schemas import DATA, Schemas, load
from .status import bad_request

MAGIC = b"k8s\x00"
CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
META = "k8s.io.apimachinery.pkg.apis.meta.v1."
QUANTITY = "k8s.io.apimachinery.pkg.api.resource.Quantity"
INT_OR_STRING = "k8s.io.apimachinery.pkg.util.intstr.IntOrString"
TIMES = {f"{META}Time": names.timestamp, f"{META}MicroTime": names.micro_timestamp}
SIGNED = 1 << 63

Message = dict[str, list[str]]


@functools.cache
def _messages() -> dict[str, Message]:
    with gzip.open(DATA / "protobuf.json.gz", "rt", encoding="utf-8") as file:
        found: dict[str, Message] = json.load(file)["messages"]
    return found


def decode(body: bytes) -> dict[str, Any]:
    """The object in a body that begins with the magic bytes.

    Raises
    ------
    ApiError
        400, for what is not such a body or is of a kind that this server does not know.
    """
    try:
        unknown = dict(_fields(body[len(MAGIC) :]))
        meta = {number: value.decode() for number, value in _fields(unknown[1])}
        api_version, kind = meta.get(1, "v1"), meta.get(2, "")
        name = _message_of(api_version, kind)
        if name is None:
            raise bad_request(f'no kind "{kind}" is registered for version "{api_version}"')
        return {"apiVersion": api_version, "kind": kind, **_decode(name, unknown.get(2, b""), load())}
    except (KeyError, IndexError, ValueError, AttributeError, TypeError, struct.error) as error:
        raise bad_request(f"unable to decode the protobuf body: {error!r}") from error


def _message_of(api_version: str, kind: str) -> str | None:
    if kind in ("DeleteOptions", "CreateOptions", "UpdateOptions", "PatchOptions"):
        return META + kind
    group, _, version = api_version.rpartition("/")
    definition = load().name_of(group, version, kind)
    name = "k8s.io." + definition.removeprefix("io.k8s.") if definition else ""
    return name if name in _messages() else None


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, place = _varint(data, place)
            yield number, value
        elif wire == 2:
            size, place = _varint(data, place)
            if place + size > len(data):
                raise ValueError("a field is longer than the body")
            yield number, data[place : place + size]
            place += size
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            yield number, struct.unpack_from("<d" if wire == 1 else "<f", data, place)[0]
            place += size
        else:
            raise ValueError(f"there is no wire type {wire}")


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")


def _decode(name: str, data: bytes, schemas: Schemas) -> Any:
    message = _messages()[name]
    made: dict[str, Any] = {}
    for number, value in _fields(data):
        field = message.get(str(number))
        if field is None:
            continue  # of a newer release
        key, kind, label = field
        if label == "map":
            pair = dict(_fields(value))
            made.setdefault(key, {})[pair.get(1, b"").decode()] = _value(kind, pair.get(2, b""), schemas)
        elif label == "repeated":
            made.setdefault(key, []).append(_value(kind, value, schemas))
        else:
            made[key] = _value(kind, value, schemas)
    return _as_json(name, made, schemas)


def _value(kind: str, value: Any, schemas: Schemas) -> Any:
    if kind == "string":
        return value.decode()
    if kind == "bool":
        return bool(value)
    if kind == "bytes":
        return base64.b64encode(value).decode()
    if kind in ("int32", "int64"):
        return value - (SIGNED << 1) if value >= SIGNED else value
    if kind in _messages():
        return _decode(kind, value, schemas)
    return value


def _as_json(name: str, made: dict[str, Any], schemas: Schemas) -> Any:
    """What a message is in JSON, where its fields do not simply become members."""
    if name == QUANTITY:
        return made.get("string", "0")
    if name == INT_OR_STRING:
        return made.get("strVal", "") if made.get("type") else made.get("intVal", 0)
    if name in TIMES:
        return TIMES[name](made["seconds"] + made.get("nanos", 0) / 1e9) if "seconds" in made else None
    if name == f"{META}FieldsV1":
        return json.loads(base64.b64decode(made.get("Raw", "")) or b"{}")
    definition = schemas.definitions.get("io.k8s." + name.removeprefix("k8s.io."), {})
    properties = definition.get("properties")
    required = definition.get("required", ())
    found: dict[str, Any] = {}
    for key, value in made.items():
        if properties is not None and key not in properties and isinstance(value, dict):
            found |= value  # Go embeds it: its members are the message's own
        elif not _is_empty(value) or key in required:
            found[key] = value
    return found


def _is_empty(value: Any) -> bool:
    # Go writes empty strings and zeros of fields that are not pointers; in JSON it leaves most of them out
    return value is None or value == ""
