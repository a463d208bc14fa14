"""What ECR takes in as the policy of a repository or a registry; `lab_cloud.iam` says what it means. Pure."""

import json
import re
from typing import Any

from ..iam import conditions
from ..iam.document import VERSIONS, Malformed, many

_PAIRS = {"Principal": "NotPrincipal", "Action": "NotAction", "Resource": "NotResource"}


def parse(text: str) -> dict[str, Any]:
    """Read a policy document.

    Raises
    ------
    Malformed
        It is not JSON, or not a policy.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Malformed(f"the text is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise Malformed("a policy is a JSON object")
    if document.get("Version", VERSIONS[1]) not in VERSIONS:
        raise Malformed(f"Version must be one of {', '.join(VERSIONS)}")
    statements = many(document.get("Statement"))
    if not statements:
        raise Malformed("a policy needs a Statement")
    for statement in statements:
        _check(statement)
    return document


def _check(statement: Any) -> None:
    if not isinstance(statement, dict):
        raise Malformed("each Statement is a JSON object")
    unknown = set(statement) - {"Sid", "Effect", "Condition", *_PAIRS, *_PAIRS.values()}
    if unknown:
        raise Malformed(f"a Statement has no element {sorted(unknown)[0]!r}")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise Malformed("Effect must be Allow or Deny")
    for name in ("Principal", "Action"):
        if (name in statement) == (_PAIRS[name] in statement):
            raise Malformed(f"each Statement needs either {name} or {_PAIRS[name]}")
    for name in ("Action", "NotAction"):
        wrong = [each for each in many(statement.get(name)) if not _is_action(each)]
        if wrong:
            raise Malformed(f"{wrong[0]!r} is not an action; write for example ecr:BatchGetImage")
    found = statement.get("Condition", {})
    if not isinstance(found, dict) or not all(isinstance(keys, dict) for keys in found.values()):
        raise Malformed("Condition is an object of objects")
    for operator in found:
        if not conditions.known(operator):
            raise Malformed(f"{operator!r} is not a condition operator")


def _is_action(value: Any) -> bool:
    return isinstance(value, str) and (value == "*" or re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9*?]+", value) is not None)
