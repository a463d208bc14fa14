"""The OpenAPI documents, version 2 and 3, which ``kubectl explain`` and clients' own validation read.

References
----------
https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition
"""

import functools
import gzip
import hashlib
import json
from typing import Any

from . import schemas
from .resources import Resource, group_versions

V2, V3 = "#/definitions/", "#/components/schemas/"
OF_MANY = {"create": "post", "list": "get"}
OF_ONE = {"get": "get", "update": "put", "patch": "patch", "delete": "delete"}
"""Verbs of a collection and of an object, and their HTTP methods."""
QUERY = ("dryRun", "fieldManager", "fieldValidation", "pretty")


def _path(resource: Resource) -> str:
    base = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
    return f"{base}/namespaces/{{namespace}}/{resource.name}" if resource.namespaced else f"{base}/{resource.name}"


def _operation(resource: Resource, action: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    return {
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": kind,
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
    }


def _paths(resources: list[Resource], parameters: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in resources:
        for path, verbs in ((_path(each), OF_MANY), (_path(each) + "/{name}", OF_ONE)):
            operations = {
                method: _operation(each, "list" if verb == "list" else method, parameters)
                for verb, method in verbs.items()
                if verb in each.verbs
            }
            if operations:
                found[path] = operations
    return found


def index() -> dict[str, Any]:
    """The answer of ``/openapi/v3``: where the document of each group is."""
    found = {}
    for group_version in group_versions():
        path = f"apis/{group_version}" if "/" in group_version else f"api/{group_version}"
        mark = hashlib.sha256(f"{schemas.release()} {group_version}".encode()).hexdigest().upper()
        found[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={mark}"}
    return {"paths": found}


@functools.cache
def v3(group_version: str) -> bytes | None:
    """The document of one ``group/version``, JSON in gzip; None when there is no such group."""
    resources = group_versions().get(group_version)
    if resources is None:
        return None
    definitions = schemas.load_with_prose()
    taken: dict[str, Any] = {}
    waiting = [name for each in resources for name in (each.definition, f"{each.definition}List")]
    waiting += [name for each in resources for name in _of_subresources(each)]
    while waiting:
        name = waiting.pop()
        if name in definitions and name not in taken:
            taken[name] = _to_v3(definitions[name], waiting)
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in QUERY]
    document = {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": f"v{schemas.release()}"},
        "paths": _paths(resources, parameters),
        "components": {"schemas": dict(sorted(taken.items()))},
    }
    return gzip.compress(json.dumps(document, separators=(",", ":")).encode(), 6)


def _of_subresources(resource: Resource) -> list[str]:
    known = schemas.load()
    names = [known.name_of(one.group, one.version, one.kind) for one in resource.subresources.values()]
    return [name for name in names if name]


def _to_v3(node: Any, waiting: list[str]) -> Any:
    if isinstance(node, list):
        return [_to_v3(each, waiting) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: _to_v3(value, waiting) for key, value in node.items() if key != "$ref"}
    reference = node.get("$ref")
    if isinstance(reference, str):
        name = reference.removeprefix(V2)
        waiting.append(name)
        if not made:
            return {"$ref": V3 + name}
        made["allOf"] = [{"$ref": V3 + name}]  # version 3 allows nothing beside a reference
    return made


@functools.cache
def v2() -> bytes:
    """The whole document of version 2, JSON in gzip."""
    parameters = [{"name": name, "in": "query", "type": "string"} for name in QUERY]
    resources = [each for found in group_versions().values() for each in found]
    document = {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": f"v{schemas.release()}"},
        "paths": _paths(resources, parameters),
        "definitions": schemas.load_with_prose(),
    }
    return gzip.compress(json.dumps(document, separators=(",", ":")).encode(), 6)


def v2_protobuf() -> bytes:
    """A document of version 2 as protobuf, with no more than its head.

    kubectl asks for one, and for nothing else, about a kind that version 3 does not name; from this one it learns that
    there is no such kind.
    """

    def field(number: int, content: bytes) -> bytes:
        return bytes((number << 3 | 2, len(content))) + content

    info = field(1, b"Kubernetes") + field(2, f"v{schemas.release()}".encode())
    return field(1, b"2.0") + field(2, info) + field(8, b"")
