"""The roles that every cluster has from its start.

``admin``, ``edit`` and ``view`` are computed from the resources that this server has: what users may see and change in
a namespace, as the documentation describes it.

References
----------
https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles
"""

from collections.abc import Iterable
from typing import Any

from .authorization import AUTHENTICATED, GROUP, MASTERS
from .resources import Resource, table

READ = ("get", "list", "watch")
WRITE = ("create", "delete", "deletecollection", "patch", "update")
EVERYTHING: list[dict[str, Any]] = [
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
]
PUBLIC = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
DISCOVERY = ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", *PUBLIC]
HIDDEN_FROM_VIEW = ("secrets", "roles", "rolebindings")
NOT_EDITED = ("roles", "rolebindings", "events", "endpointslices", "leases")
ACCESS = ("roles", "rolebindings")


def _rules(resources: Iterable[Resource], verbs: Iterable[str], subresources: Iterable[str]) -> list[dict[str, Any]]:
    by_group: dict[str, list[str]] = {}
    for each in resources:
        names = by_group.setdefault(each.group, [])
        names.append(each.name)
        names += [f"{each.name}/{one}" for one in subresources if one in each.subresources]
    return [
        {"apiGroups": [group], "resources": names, "verbs": sorted(verbs)} for group, names in sorted(by_group.items())
    ]


def _namespaced() -> list[Resource]:
    return [each for each in table().values() if each.namespaced and each.stored]


def view() -> list[dict[str, Any]]:
    """See most of what is in a namespace; not its secrets, nor who may do what."""
    seen = [each for each in _namespaced() if each.name not in HIDDEN_FROM_VIEW]
    namespaces = {"apiGroups": [""], "resources": ["namespaces"], "verbs": sorted(READ)}
    return [*_rules(seen, READ, ("log", "scale", "status")), namespaces]


def edit() -> list[dict[str, Any]]:
    """Change most of what is in a namespace; not who may do what."""
    changed = [each for each in _namespaced() if each.name not in NOT_EDITED]
    secrets = {"apiGroups": [""], "resources": ["secrets"], "verbs": sorted(READ)}
    evict = {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]}
    return [*view(), secrets, *_rules(changed, WRITE, ("scale",)), evict]


def admin() -> list[dict[str, Any]]:
    """Do nearly everything in a namespace."""
    access = [each for each in _namespaced() if each.name in ACCESS]
    return [*edit(), *_rules(access, (*READ, *WRITE), ())]


def cluster_roles() -> dict[str, list[dict[str, Any]]]:
    """The rules of each role, by name."""
    reviews = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
    return {
        "cluster-admin": EVERYTHING,
        "admin": admin(),
        "edit": edit(),
        "view": view(),
        "system:basic-user": [
            {"apiGroups": ["authorization.k8s.io"], "resources": reviews, "verbs": ["create"]},
            {"apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"], "verbs": ["create"]},
        ],
        "system:discovery": [{"nonResourceURLs": DISCOVERY, "verbs": ["get"]}],
    }


def bindings() -> dict[str, tuple[str, str]]:
    """The bindings of each cluster: name -> role and group."""
    return {
        "cluster-admin": ("cluster-admin", MASTERS),
        "system:basic-user": ("system:basic-user", AUTHENTICATED),
        "system:discovery": ("system:discovery", AUTHENTICATED),
    }


def binding(role: str, group: str) -> dict[str, Any]:
    """A ClusterRoleBinding."""
    return {
        "metadata": {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": GROUP, "kind": "Group", "name": group}],
    }
