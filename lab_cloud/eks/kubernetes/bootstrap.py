"""What is in a cluster from its start: namespaces with an account each, roles, and the API server's own Service."""

import copy
from typing import Any

from . import roles
from .authorization import GROUP
from .registry import Registry, Write
from .resources import core, find
from .store import ADDED, DELETED, Event

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
SYSTEM = Write(manager="kube-apiserver")
OWN: dict[str, Any] = {
    "metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}},
    "spec": {"ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443}]},
}
"""By which pods find the API server."""


def bootstrap(registry: Registry) -> None:
    """Make the first objects, and give every namespace its account from now on."""
    accounts = core("serviceaccounts")

    def created(event: Event) -> None:
        if event.kind == ADDED and event.resource is core("namespaces"):
            name = event.found["metadata"]["name"]
            registry.create(accounts, name, {"metadata": {"name": "default"}}, SYSTEM)

        own = event.resource is core("services") and event.found["metadata"]["name"] == OWN["metadata"]["name"]
        if event.kind == DELETED and own and event.found["metadata"]["namespace"] == "default":
            registry.create(core("services"), "default", copy.deepcopy(OWN), SYSTEM)  # as a real API server does

    registry.store.listen(created)
    for name in NAMESPACES:
        registry.create(core("namespaces"), "", {"metadata": {"name": name}}, SYSTEM)
    registry.create(core("services"), "default", copy.deepcopy(OWN), SYSTEM)
    cluster_roles = find(GROUP, "v1", "clusterroles")
    bindings = find(GROUP, "v1", "clusterrolebindings")
    assert cluster_roles is not None
    assert bindings is not None
    marked = {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}
    for name, rules in roles.cluster_roles().items():
        registry.create(cluster_roles, "", {"metadata": {"name": name, **marked}, "rules": rules}, SYSTEM)
    for name, (role, group) in roles.bindings().items():
        made = roles.binding(role, group)
        made["metadata"]["name"] = name
        registry.create(bindings, "", made, SYSTEM)
