"""Read IAM policies as far as a check needs: what a role's own policies allow, and who may take it on.

Deny statements are heeded. Conditions are not: a statement with a condition counts as if it were fulfilled.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

ANY_RESOURCE = ""


def find_role(iam: Any, name: str) -> dict[str, Any] | None:
    """A role by its name, or None."""
    try:
        found: dict[str, Any] = iam.get_role(RoleName=name)["Role"]
    except iam.exceptions.NoSuchEntityException:
        return None
    return found


def statements(iam: Any, role: str) -> list[dict[str, Any]]:
    """The statements of all policies of a role, those inside it and those attached to it."""
    found: list[dict[str, Any]] = []
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            found += _list(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"])
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for policy in page["AttachedPolicies"]:
            version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
            answer = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)
            found += _list(answer["PolicyVersion"]["Document"]["Statement"])
    return found


def allows(found: list[dict[str, Any]], action: str, resource: str = ANY_RESOURCE) -> bool:
    """Whether statements allow an action.

    Parameters
    ----------
    found : list of dict
        Statements, from `statements`.
    action : str
        For example ``s3:GetObject``.
    resource : str
        An ARN; without it the action counts as allowed when it is allowed on anything.
    """
    fitting = [one for one in found if _fits(one, action, resource)]
    return any(one["Effect"] == "Allow" for one in fitting) and all(one["Effect"] == "Allow" for one in fitting)


def trusted(role: dict[str, Any]) -> list[str]:
    """Who may take a role on: services, accounts and ARNs, sorted; ``*`` is everybody."""
    return sorted(set(_principals(role["AssumeRolePolicyDocument"])))


def _principals(document: dict[str, Any]) -> Iterator[str]:
    for one in _list(document.get("Statement")):
        who = one.get("Principal", {}) if one.get("Effect") == "Allow" else {}
        if isinstance(who, str):
            yield who
            continue
        for names in who.values():
            yield from _list(names)


def _fits(statement: dict[str, Any], action: str, resource: str) -> bool:
    if "NotAction" in statement:
        named = not any(_like(action, one, fold=True) for one in _list(statement["NotAction"]))
    else:
        named = any(_like(action, one, fold=True) for one in _list(statement.get("Action")))
    if not named or resource == ANY_RESOURCE:
        # a deny for some resources only does not take an action away altogether
        return named and (statement["Effect"] == "Allow" or "*" in _list(statement.get("Resource")))
    if "NotResource" in statement:
        return not any(_like(resource, one) for one in _list(statement["NotResource"]))
    return any(_like(resource, one) for one in _list(statement.get("Resource")))


def _like(text: str, pattern: str, *, fold: bool = False) -> bool:
    # IAM knows * and ?, and no brackets; actions are the same in any case of letters
    pattern = pattern.replace("[", "[[]")
    return fnmatchcase(text.lower(), pattern.lower()) if fold else fnmatchcase(text, pattern)


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
