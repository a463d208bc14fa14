"""Nobody can grant what they lack.

References
----------
https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .authorization import GROUP, Attributes, Authorizer, User
from .resources import Resource, find
from .status import forbidden
from .store import Object, Store

ROLES, BINDINGS = ("roles", "clusterroles"), ("rolebindings", "clusterrolebindings")
Rule = Mapping[str, Any]


def concerns(resource: Resource) -> bool:
    """Whether objects of a resource grant something."""
    return resource.group == GROUP and resource.name in (*ROLES, *BINDINGS)


def check(store: Store, may: Authorizer, user: User, resource: Resource, found: Object) -> None:
    """Refuse a role or a binding that would grant more than its author may do.

    Parameters
    ----------
    store : Store
        Where roles are.
    may : callable
        Whether something is allowed.
    user : User
        The author.
    resource : Resource
        What kind of object it is.
    found : dict
        The object, as it would be stored.

    Raises
    ------
    ApiError
        403.
    """
    metadata = found["metadata"]
    namespace = metadata.get("namespace", "")
    if resource.name in ROLES:
        asked = Attributes(user, "escalate", GROUP, resource.name, "", namespace, metadata["name"])
        rules = found.get("rules") or ()
    else:
        reference = found["roleRef"]
        name = "clusterroles" if reference["kind"] == "ClusterRole" else "roles"
        where = "" if name == "clusterroles" else namespace
        asked = Attributes(user, "bind", GROUP, name, "", namespace, reference["name"])
        role = store.get(_resource(name), where, reference["name"])
        rules = (role or {}).get("rules") or ()
    if may(asked):
        return
    missing = [rule for rule in rules if not all(map(may, _asks(user, namespace, rule)))]
    if missing:
        groups = json.dumps(list(user.groups))
        listed = "\n".join(map(_words, missing))
        who = f'user "{user.name}" (groups={groups})'
        why = f"{who} is attempting to grant RBAC permissions not currently held:\n{listed}"
        raise forbidden(GROUP, resource.name, metadata["name"], why)


def _resource(name: str) -> Resource:
    found = find(GROUP, "v1", name)
    assert found is not None
    return found


def _asks(user: User, namespace: str, rule: Rule) -> Iterator[Attributes]:
    """All that a rule allows, one by one."""
    for verb in rule.get("verbs") or ():
        for path in rule.get("nonResourceURLs") or ():
            yield Attributes(user, verb, path=path)
        for group in rule.get("apiGroups") or ():
            for resource in rule.get("resources") or ():
                name, _, subresource = resource.partition("/")
                for one in rule.get("resourceNames") or ("",):
                    yield Attributes(user, verb, group, name, subresource, namespace, one)


def _words(rule: Rule) -> str:
    names = {"apiGroups": "APIGroups", "resources": "Resources", "resourceNames": "ResourceNames", "verbs": "Verbs"}
    shown: Iterable[str] = (f"{title}:{json.dumps(rule[key])}" for key, title in names.items() if rule.get(key))
    return f"{{{', '.join(shown)}}}"
