"""Make `data/kubernetes/` from what Kubernetes publishes: schemas, resources, and the fields of its protobuf messages.

Usage: ``python -m tools.kubernetes_data SWAGGER DISCOVERY API MACHINERY TAG``

SWAGGER
    The published OpenAPI document (version 2) of one release, for example ``kubernetes/swagger.json.unprocessed`` of
    the Python client, or ``api/openapi-spec/swagger.json`` of Kubernetes itself.
DISCOVERY
    The discovery documents of a real API server, a JSON list (gzip) as the package kmock ships it: names, short names
    and verbs of the resources, which the OpenAPI document does not say.
API, MACHINERY
    Git clones of kubernetes/api and kubernetes/apimachinery, with or without a work tree.
TAG
    The release of both, for example ``v0.36.3``.

Only the kinds that the embedded cloud has are taken, and whatever their schemas refer to.
"""

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "data" / "kubernetes"
RELEASE = "1.36"
WORKLOAD = ("status", "scale")
WANTED: dict[str, dict[str, tuple[str, ...]]] = {
    "v1": {
        "configmaps": (),
        "endpoints": (),
        "events": (),
        "namespaces": ("status",),
        "nodes": ("status",),
        "persistentvolumeclaims": ("status",),
        "persistentvolumes": ("status",),
        "pods": ("status", "binding", "eviction", "log"),
        "secrets": (),
        "serviceaccounts": (),
        "services": ("status",),
    },
    "apps/v1": {"daemonsets": ("status",), "deployments": WORKLOAD, "replicasets": WORKLOAD},
    "batch/v1": {"cronjobs": ("status",), "jobs": ("status",)},
    "authentication.k8s.io/v1": {"selfsubjectreviews": (), "tokenreviews": ()},
    "authorization.k8s.io/v1": {
        "selfsubjectaccessreviews": (),
        "selfsubjectrulesreviews": (),
        "subjectaccessreviews": (),
    },
    "coordination.k8s.io/v1": {"leases": ()},
    "discovery.k8s.io/v1": {"endpointslices": ()},
    "policy/v1": {"poddisruptionbudgets": ("status",)},
    "rbac.authorization.k8s.io/v1": {"clusterrolebindings": (), "clusterroles": (), "rolebindings": (), "roles": ()},
    "storage.k8s.io/v1": {"csidrivers": (), "storageclasses": ()},
}
ALSO = (
    "io.k8s.api.autoscaling.v1.Scale",
    "io.k8s.api.core.v1.Binding",
    "io.k8s.api.policy.v1.Eviction",
    "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
)
MESSAGE = re.compile(r"^message (\w+) \{(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(
    r"^  (optional|repeated|required)?\s*(map<\s*string,\s*([\w.]+)>|[\w.]+) (\w+) = (\d+)", re.MULTILINE
)
SCALARS = {"string", "bool", "int32", "int64", "bytes", "double", "uint32", "uint64", "float"}


def main(swagger: str, discovery: str, api: str, machinery: str, tag: str) -> None:
    """Write the three files."""
    document = json.loads(Path(swagger).read_text(encoding="utf-8"))
    with gzip.open(discovery, "rt", encoding="utf-8") as file:
        groups = {each["groupVersion"]: each["resources"] for each in json.load(file)}
    resources = list(_resources(groups))
    definitions = document["definitions"]
    names = [*(_definition_of(definitions, each) for each in resources), *ALSO]
    names += [f"{name}List" for name in names if f"{name}List" in definitions]
    taken = _reachable(definitions, names)
    TARGET.mkdir(parents=True, exist_ok=True)
    _write_gzip("openapi.json.gz", {"release": RELEASE, "definitions": taken})
    (TARGET / "resources.json").write_text(
        "[\n" + ",\n".join(json.dumps(each) for each in resources) + "\n]\n", encoding="utf-8"
    )
    messages = {**_messages(api, tag), **_messages(machinery, tag)}
    wanted = _closure(messages, [_message_name(name) for name in taken])
    _write_gzip("protobuf.json.gz", {"release": tag, "messages": wanted})
    print(f"{len(resources)} resources, {len(taken)} schemas, {len(wanted)} messages in {TARGET}")


def _resources(groups: dict[str, list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    for group_version, wanted in WANTED.items():
        found = {each["name"]: each for each in groups[group_version]}
        group, _, version = group_version.rpartition("/")
        for name, subresources in wanted.items():
            own = found[name]
            yield {
                "group": group,
                "version": version,
                "name": name,
                "singular": own["singularName"],
                "kind": own["kind"],
                "namespaced": own["namespaced"],
                "short": own.get("shortNames", []),
                "categories": own.get("categories", []),
                "verbs": own["verbs"],
                "subresources": {one: _subresource(found[f"{name}/{one}"], group, version) for one in subresources},
            }


def _subresource(own: dict[str, Any], group: str, version: str) -> dict[str, Any]:
    return {
        "kind": own["kind"],
        "group": own.get("group", group),
        "version": own.get("version", version),
        "verbs": own["verbs"],
    }


def _definition_of(definitions: dict[str, Any], resource: dict[str, Any]) -> str:
    wanted = {"group": resource["group"], "version": resource["version"], "kind": resource["kind"]}
    return next(name for name, each in definitions.items() if wanted in each.get("x-kubernetes-group-version-kind", ()))


def _reachable(definitions: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    taken: dict[str, Any] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in taken:
            taken[name] = definitions[name]
            waiting += re.findall(r'"#/definitions/([^"]+)"', json.dumps(definitions[name]))
    return dict(sorted(taken.items()))


def _message_name(definition: str) -> str:
    # io.k8s.api.core.v1.Pod -> k8s.io.api.core.v1.Pod
    return "k8s.io." + definition.removeprefix("io.k8s.")


def _messages(clone: str, tag: str) -> dict[str, dict[str, list[str]]]:
    found = {}
    for path in _git(clone, "ls-tree", "-r", "--name-only", tag).split():
        if not path.endswith("generated.proto"):
            continue
        text = re.sub(r"//.*", "", _git(clone, "show", f"{tag}:{path}"))
        package = re.findall(r"^package ([\w.]+);", text, re.MULTILINE)[0]
        for name, body in MESSAGE.findall(text):
            fields = {}
            for label, kind, value, field, number in FIELD.findall(body):
                fields[number] = [field, _full(value or kind, package), "map" if value else label]
            found[f"{package}.{name}"] = fields
    return found


def _full(kind: str, package: str) -> str:
    if kind in SCALARS:
        return kind
    kind = kind.lstrip(".")
    return kind if kind.startswith("k8s.io.") else f"{package}.{kind}"


def _closure(messages: dict[str, dict[str, list[str]]], names: Iterable[str]) -> dict[str, Any]:
    taken: dict[str, Any] = {}
    waiting = [name for name in names if name in messages]
    while waiting:
        name = waiting.pop()
        if name not in taken:
            taken[name] = messages[name]
            waiting += [kind for _field, kind, _label in messages[name].values() if kind in messages]
    return dict(sorted(taken.items()))


def _write_gzip(name: str, content: dict[str, Any]) -> None:
    packed = gzip.compress(json.dumps(content, separators=(",", ":")).encode(), 9, mtime=0)
    (TARGET / name).write_bytes(packed)


def _git(clone: str, *words: str) -> str:
    return subprocess.run(["git", "-C", clone, *words], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
