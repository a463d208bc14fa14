"""Questions that are asked by creating an object: who am I, may I do this?

References
----------
https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

import copy
from collections.abc import Callable
from typing import Any

from .authorization import Attributes, Authorizer, Rbac, User
from .names import timestamp
from .resources import Resource
from .status import invalid, method_not_allowed, required

Authenticate = Callable[[str], User | None]


class Reviews:
    """The reviews of a cluster.

    Parameters
    ----------
    allowed : callable
        Whether something may be done.
    rbac : Rbac
        The rules, for a list of them.
    authenticate : callable
        From a token to whose it is.
    now : callable
        The time in epoch seconds.
    """

    def __init__(self, allowed: Authorizer, rbac: Rbac, authenticate: Authenticate, now: Callable[[], float]) -> None:
        self._allowed = allowed
        self._rbac = rbac
        self._authenticate = authenticate
        self._now = now

    def review(self, resource: Resource, sent: dict[str, Any], user: User) -> dict[str, Any]:
        """Answer a question.

        Raises
        ------
        ApiError
            422, when it is none.
        """
        made = {"kind": resource.kind, "apiVersion": resource.api_version, **copy.deepcopy(sent)}
        made["metadata"] = {"creationTimestamp": timestamp(self._now())}
        spec = made.setdefault("spec", {})
        if resource.kind == "SelfSubjectReview":
            made.pop("spec")
            made["status"] = {"userInfo": user.described()}
        elif resource.kind == "SelfSubjectAccessReview":
            made["status"] = self._access(resource, spec, user)
        elif resource.kind == "SubjectAccessReview":
            if not spec.get("user") and not spec.get("groups"):
                raise invalid(
                    resource.group, resource.kind, "", [required("spec.user", "at least one of user or group")]
                )
            who = User(spec.get("user", ""), tuple(spec.get("groups") or ()))
            made["status"] = self._access(resource, spec, who)
        elif resource.kind == "SelfSubjectRulesReview":
            made["status"] = self._rules(spec.get("namespace", ""), user)
        elif resource.kind == "TokenReview":
            made["status"] = self._token(spec.get("token", ""))
        else:
            raise method_not_allowed()
        return made

    def _access(self, resource: Resource, spec: dict[str, Any], user: User) -> dict[str, Any]:
        asked, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
        if (asked is None) == (path is None):
            why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
            raise invalid(resource.group, resource.kind, "", [required("spec.resourceAttributes", why)])
        if path is not None:
            attributes = Attributes(user, path.get("verb", ""), path=path.get("path", ""))
        else:
            names = ("verb", "group", "resource", "subresource", "namespace", "name")
            attributes = Attributes(user, **{name: (asked or {}).get(name, "") for name in names})
        return {"allowed": self._allowed(attributes)}

    def _rules(self, namespace: str, user: User) -> dict[str, Any]:
        found = [rule for rules in self._rbac.rules(user, namespace) for rule in rules]
        paths = [
            {"verbs": each["verbs"], "nonResourceURLs": each["nonResourceURLs"]}
            for each in found
            if each.get("nonResourceURLs")
        ]
        fields = ("verbs", "apiGroups", "resources", "resourceNames")
        kept = [{name: each[name] for name in fields if name in each} for each in found if each.get("resources")]
        # what access policies of EKS allow is not listed, as on AWS: its authorizer has no list of rules
        why = "webhook authorizer does not support user rule resolution"
        return {"resourceRules": kept, "nonResourceRules": paths, "incomplete": True, "evaluationError": why}

    def _token(self, token: str) -> dict[str, Any]:
        user = self._authenticate(token)
        if user is None:
            return {"user": {}, "error": "[invalid bearer token]"}
        return {"authenticated": True, "user": user.described()}
