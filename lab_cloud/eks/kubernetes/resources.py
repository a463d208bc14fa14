"""The resources of the API (`data/kubernetes/resources.json`), and what discovery says of them.

References
----------
https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
"""

import functools
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .schemas import DATA, load

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_MAKING = threading.Lock()


@dataclass(frozen=True)
class Subresource:
    """A part of an object with an address of its own, for example ``status``."""

    name: str
    group: str
    version: str
    kind: str
    verbs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Resource:
    """One resource of the API.

    Parameters
    ----------
    group : str
        For example ``apps``; empty for the core.
    version, name, singular, kind : str
        For example ``v1``, ``deployments``, ``deployment`` and ``Deployment``.
    namespaced : bool
        Whether its objects lie in namespaces.
    short, categories, verbs : tuple of str
        As discovery has them.
    subresources : mapping of str to Subresource
        By name.
    definition : str
        The name of its schema.
    """

    group: str
    version: str
    name: str
    singular: str
    kind: str
    namespaced: bool
    short: tuple[str, ...]
    categories: tuple[str, ...]
    verbs: tuple[str, ...]
    subresources: Mapping[str, Subresource]
    definition: str

    @property
    def api_version(self) -> str:
        """Group and version, as objects name them."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def stored(self) -> bool:
        """Whether it has objects; a review, for one, has none."""
        return "get" in self.verbs


def table() -> dict[tuple[str, str, str], Resource]:
    """All resources, by group, version and name; the same objects for every cluster, also when two start at once."""
    with _MAKING:
        return _table()


@functools.cache
def _table() -> dict[tuple[str, str, str], Resource]:
    schemas = load()
    found = {}
    for each in json.loads((DATA / "resources.json").read_text(encoding="utf-8")):
        own: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in each.items()}
        own["subresources"] = {
            name: Subresource(name, one["group"], one["version"], one["kind"], tuple(one["verbs"]))
            for name, one in each["subresources"].items()
        }
        definition = schemas.name_of(each["group"], each["version"], each["kind"])
        assert definition is not None
        resource = Resource(**own, definition=definition)
        found[resource.group, resource.version, resource.name] = resource
    return found


def find(group: str, version: str, name: str) -> Resource | None:
    """A resource by its address."""
    return table().get((group, version, name))


def core(name: str) -> Resource:
    """A resource of the core group, for example ``pods``."""
    return table()["", "v1", name]


def group_versions() -> dict[str, list[Resource]]:
    """The resources of each ``group/version``, in the table's order."""
    found: dict[str, list[Resource]] = {}
    for each in table().values():
        found.setdefault(each.api_version, []).append(each)
    return found


# -- discovery --------------------------------------------------------------------------------------------------------


def api_versions() -> dict[str, Any]:
    """The answer of ``/api``."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def api_groups() -> dict[str, Any]:
    """The answer of ``/apis``."""
    names = dict.fromkeys(each.group for each in table().values() if each.group)
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in names]}


def api_group(name: str) -> dict[str, Any] | None:
    """The answer of ``/apis/GROUP``."""
    if not name or all(each.group != name for each in table().values()):
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name)}


def _group(name: str) -> dict[str, Any]:
    versions = dict.fromkeys(each.version for each in table().values() if each.group == name)
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def resource_list(group_version: str) -> dict[str, Any] | None:
    """The answer of ``/api/v1`` and ``/apis/GROUP/VERSION``."""
    found = group_versions().get(group_version)
    if found is None:
        return None
    listed: list[dict[str, Any]] = []
    for each in found:
        entry: dict[str, Any] = {
            "name": each.name,
            "singularName": each.singular,
            "namespaced": each.namespaced,
            "kind": each.kind,
            "verbs": list(each.verbs),
        }
        if each.short:
            entry["shortNames"] = list(each.short)
        if each.categories:
            entry["categories"] = list(each.categories)
        listed.append(entry)
        for one in each.subresources.values():
            entry = {"name": f"{each.name}/{one.name}", "singularName": "", "namespaced": each.namespaced}
            entry |= {"kind": one.kind, "verbs": list(one.verbs)}
            if (one.group, one.version) != (each.group, each.version):
                entry |= {"group": one.group, "version": one.version}
            listed.append(entry)
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": listed}


def aggregated(*, core_group: bool) -> dict[str, Any]:
    """The answer of ``/api`` or ``/apis`` to a client that wants all in one."""
    groups: dict[str, dict[str, list[Resource]]] = {}
    for each in table().values():
        if (not each.group) == core_group:
            groups.setdefault(each.group, {}).setdefault(each.version, []).append(each)
    items = []
    for name, versions in groups.items():
        listed = [
            {"version": version, "resources": [_aggregated(each) for each in found], "freshness": "Current"}
            for version, found in versions.items()
        ]
        items.append({"metadata": {"name": name} if name else {}, "versions": listed})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated(each: Resource) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "resource": each.name,
        "responseKind": {"group": each.group, "version": each.version, "kind": each.kind},
        "scope": "Namespaced" if each.namespaced else "Cluster",
        "singularResource": each.singular,
        "verbs": list(each.verbs),
    }
    if each.short:
        entry["shortNames"] = list(each.short)
    if each.categories:
        entry["categories"] = list(each.categories)
    if each.subresources:
        entry["subresources"] = [
            {
                "subresource": one.name,
                "responseKind": {"group": one.group, "version": one.version, "kind": one.kind},
                "verbs": list(one.verbs),
            }
            for one in each.subresources.values()
        ]
    return entry
