"""Who may do what: role-based access control.

References
----------
https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import status
from .resources import Resource, find
from .store import Store

GROUP = "rbac.authorization.k8s.io"
MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
Rule = Mapping[str, Any]


@dataclass(frozen=True)
class User:
    """Who a request comes from.

    Parameters
    ----------
    name : str
        For example ``arn:aws:iam::123456789012:user/ana``.
    groups : tuple of str
        Those that it is in.
    uid : str
        May be empty.
    extra : mapping
        What else is known.
    """

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] | None = None

    def described(self) -> dict[str, Any]:
        """As a UserInfo of the API."""
        made: dict[str, Any] = {"username": self.name, "groups": list(self.groups)}
        if self.uid:
            made["uid"] = self.uid
        if self.extra:
            made["extra"] = {key: list(values) for key, values in self.extra.items()}
        return made


@dataclass(frozen=True)
class Attributes:
    """What is asked: may this user do this to that?

    Parameters
    ----------
    user : User
        Who.
    verb : str
        For example ``list``.
    group, resource, subresource, namespace, name : str
        To what; empty for all, or where it does not apply.
    path : str
        For what is no resource, for example ``/version``.
    """

    user: User
    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


Authorizer = Callable[[Attributes], bool]


def permits(rules: Iterable[Rule], asked: Attributes) -> bool:
    """Whether one of the rules allows it."""
    return any(_permits(rule, asked) for rule in rules)


def _permits(rule: Rule, asked: Attributes) -> bool:
    verbs = rule.get("verbs") or ()
    if "*" not in verbs and asked.verb not in verbs:
        return False
    if asked.path:
        return any(_covers(pattern, asked.path) for pattern in rule.get("nonResourceURLs") or ())
    groups, names = rule.get("apiGroups") or (), rule.get("resourceNames") or ()
    if "*" not in groups and asked.group not in groups:
        return False
    if names and asked.name not in names:
        return False
    wanted = {asked.resource, "*"}
    if asked.subresource:
        both = f"{asked.resource}/{asked.subresource}"
        wanted = {both, f"*/{asked.subresource}", "*"}
    return bool(wanted & set(rule.get("resources") or ()))


def _covers(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern[:-1]))


class Rbac:
    """The roles and bindings of a cluster.

    Parameters
    ----------
    store : Store
        Where they are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._roles, self._cluster_roles = _resource("roles"), _resource("clusterroles")
        self._bindings, self._cluster_bindings = _resource("rolebindings"), _resource("clusterrolebindings")

    def __call__(self, asked: Attributes) -> bool:
        """Whether a role allows it."""
        if MASTERS in asked.user.groups:
            return True
        return any(permits(rules, asked) for rules in self.rules(asked.user, asked.namespace))

    def rules(self, user: User, namespace: str) -> Iterator[Iterable[Rule]]:
        """The rules that hold for a user in a namespace."""
        for binding in self._store.all(self._cluster_bindings):
            if _binds(binding, user, ""):
                yield self._of(binding["roleRef"], "")
        if namespace:
            for binding in self._store.all(self._bindings, namespace):
                if _binds(binding, user, namespace):
                    yield self._of(binding["roleRef"], namespace)

    def _of(self, reference: Mapping[str, Any], namespace: str) -> Iterable[Rule]:
        if reference.get("kind") == "ClusterRole":
            found = self._store.get(self._cluster_roles, "", reference["name"])
        else:
            found = self._store.get(self._roles, namespace, reference["name"])
        return (found or {}).get("rules") or ()


def _resource(name: str) -> Resource:
    found = find(GROUP, "v1", name)
    assert found is not None
    return found


def _binds(binding: Mapping[str, Any], user: User, namespace: str) -> bool:
    for subject in binding.get("subjects") or ():
        kind, name = subject.get("kind"), subject.get("name")
        if kind == "User" and name == user.name:
            return True
        if kind == "Group" and name in user.groups:
            return True
        if kind == "ServiceAccount":
            where = subject.get("namespace") or namespace
            if user.name == f"system:serviceaccount:{where}:{name}":
                return True
    return False


def refuse(asked: Attributes) -> status.ApiError:
    """The refusal, in the words of the API."""
    who = f'User "{asked.user.name}" cannot {asked.verb}'
    if asked.path:
        error = status.forbidden("", asked.path, "", "")
        error.message = f'forbidden: {who} path "{asked.path}"'
        return error
    resource = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    why = f'{who} resource "{resource}" in API group "{asked.group}" {where}'
    return status.forbidden(asked.group, asked.resource, asked.name, why)
