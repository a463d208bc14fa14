"""The published schemas of the Kubernetes API, one release, read from `data/kubernetes/`.

What they say is said nowhere else: which fields a kind has, their types, which are required, and how their lists are
merged.
"""

import functools
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[3] / "data" / "kubernetes"
DEFINITIONS = "#/definitions/"
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
FREE = {f"{META}FieldsV1", "io.k8s.apimachinery.pkg.runtime.RawExtension"}
"""Definitions whose content is anything at all."""

Node = Mapping[str, Any]
ANY: Node = {}


class Schemas:
    """The definitions, and the look-ups that the API server needs.

    Parameters
    ----------
    definitions : dict
        By name, as the OpenAPI document has them.
    """

    def __init__(self, definitions: dict[str, Any]) -> None:
        self.definitions = definitions
        self._names = {
            (each["group"], each["version"], each["kind"]): name
            for name, definition in definitions.items()
            for each in definition.get("x-kubernetes-group-version-kind", ())
        }

    def name_of(self, group: str, version: str, kind: str) -> str | None:
        """The name of a kind's definition, for example ``io.k8s.api.apps.v1.Deployment``."""
        return self._names.get((group, version, kind))

    def node(self, name: str) -> Node:
        """One definition."""
        found: Node = self.definitions[name]
        return found

    def follow(self, node: Node) -> Node:
        """What a node refers to, or the node itself."""
        reference = node.get("$ref")
        return self.definitions[reference.removeprefix(DEFINITIONS)] if reference else node

    def child(self, node: Node, field: str) -> Node:
        """The schema of a member of an object; `ANY` when nothing is known of it.

        What stands beside a reference (the strategy of a merge) is kept.
        """
        own = self.follow(node)
        properties = own.get("properties")
        if properties is not None:
            return properties.get(field, ANY)  # type: ignore[no-any-return]
        more = own.get("additionalProperties")
        return more if isinstance(more, Mapping) else ANY

    def items(self, node: Node) -> Node:
        """The schema of a list's items."""
        found: Node = self.follow(node).get("items", ANY)
        return found


def name_in(node: Node) -> str:
    """The name of the definition that a node refers to; empty for none."""
    return str(node.get("$ref", "")).removeprefix(DEFINITIONS)


@functools.cache
def load() -> Schemas:
    """The schemas without their prose, which is most of their size."""
    return Schemas(_read(_without_prose)["definitions"])


def load_with_prose() -> dict[str, Any]:
    """The definitions as published, for ``kubectl explain``; not kept."""
    found: dict[str, Any] = _read(None)["definitions"]
    return found


@functools.cache
def release() -> str:
    """The release that the schemas are of, for example ``1.36``."""
    return str(_read(_without_prose)["release"])


def _read(hook: Any) -> dict[str, Any]:
    with gzip.open(DATA / "openapi.json.gz", "rt", encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file, object_hook=hook)
    return found


def _without_prose(node: dict[str, Any]) -> dict[str, Any]:
    if isinstance(node.get("description"), str):
        del node["description"]
    return node
