"""A small evaluator of policies: does this document allow or deny this principal this action? Pure.

Follows "Policy evaluation logic" and "IAM JSON policy elements" of the AWS IAM User Guide, as far as policies of ECR
need it: Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource, and the condition operators on
strings, ARNs, booleans and null.
"""

import fnmatch
import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

VERSIONS = ("2012-10-17", "2008-10-17")


class Malformed(Exception):  # noqa: N818
    """The document is not a policy; the message says why."""


@dataclass(frozen=True)
class Principal:
    """Who calls.

    Parameters
    ----------
    arn : str
        As ``aws:PrincipalArn`` has it, and as error messages name it.
    account : str
        The account.
    also : tuple of str
        Other ARNs that mean the same caller: the role of a session.
    """

    arn: str
    account: str
    also: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All that a policy can call it."""
        return (self.arn, *self.also, self.account, f"arn:aws:iam::{self.account}:root", "*")


@dataclass(frozen=True)
class Question:
    """What is to be decided.

    Parameters
    ----------
    principal : Principal
        Who.
    action : str
        For example ``ecr:PutImage``.
    resource : str
        The ARN.
    context : mapping
        Condition keys in small letters and their values, beyond those of the principal.
    """

    principal: Principal
    action: str
    resource: str
    context: Mapping[str, str]


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
    statements = _many(document.get("Statement"))
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
        wrong = [each for each in _many(statement.get(name)) if not _is_action(each)]
        if wrong:
            raise Malformed(f"{wrong[0]!r} is not an action; write for example ecr:BatchGetImage")
    conditions = statement.get("Condition", {})
    if not isinstance(conditions, dict) or not all(isinstance(keys, dict) for keys in conditions.values()):
        raise Malformed("Condition is an object of objects")
    for operator in conditions:
        if _plain(operator) not in (*_OPERATORS, "null"):
            raise Malformed(f"the condition operator {operator!r} is not one that this cloud evaluates")


def _is_action(value: Any) -> bool:
    return isinstance(value, str) and (value == "*" or re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9*?]+", value) is not None)


def decide(document: Mapping[str, Any], question: Question) -> str:
    """What a policy says: ``Deny`` (it wins), ``Allow``, or an empty text when no statement applies."""
    effects = {each["Effect"] for each in _many(document["Statement"]) if _applies(each, question)}
    return "Deny" if "Deny" in effects else "Allow" if effects else ""


def decide_own(text: str, question: Question) -> str:
    """The same for a policy of the caller's own; IAM has taken it in, so it is not checked again.

    A statement with a condition that is not evaluated here applies to nobody.
    """
    return decide(_read(text), question)


@functools.lru_cache(maxsize=512)
def _read(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def names(document: Mapping[str, Any], question: Question) -> bool:
    """Whether a resource policy itself lets the caller in: by its own name, not by that of the whole account."""
    who = question.principal
    own = (who.arn, *who.also, "*")
    return any(
        each["Effect"] == "Allow"
        and _applies(each, question)
        and ("Principal" not in each or any(name in own for name in _principals(each["Principal"])))
        for each in _many(document["Statement"])
    )


_PAIRS = {"Principal": "NotPrincipal", "Action": "NotAction", "Resource": "NotResource"}


def _applies(statement: Mapping[str, Any], question: Question) -> bool:
    return (
        _either(statement, "Principal", lambda value: _is_principal(value, question.principal))
        and _either(statement, "Action", lambda value: _like(question.action.lower(), _lower(value)))
        and _either(statement, "Resource", lambda value: _like(question.resource, _many(value)))
        and all(
            _holds(operator, key.lower(), _many(wanted), question)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _either(statement: Mapping[str, Any], name: str, test: Any) -> bool:
    if name in statement:
        return bool(test(statement[name]))
    if _PAIRS[name] in statement:
        return not test(statement[_PAIRS[name]])
    return True


def _is_principal(value: Any, principal: Principal) -> bool:
    return any(each in principal.names for each in _principals(value))


def _principals(value: Any) -> list[Any]:
    return _many(value.get("AWS")) if isinstance(value, dict) else _many(value)


def _holds(operator: str, key: str, wanted: list[Any], question: Question) -> bool:
    known = {
        **question.context,
        "aws:principalarn": question.principal.also[0] if question.principal.also else question.principal.arn,
        "aws:principalaccount": question.principal.account,
        "aws:principaltype": _type_of(question.principal),
    }
    plain, actual = _plain(operator), known.get(key)
    if plain == "null":
        return (actual is None) == (str(wanted[0]).lower() == "true")
    if actual is None:
        return operator.lower().endswith("ifexists") or plain.startswith(("stringnot", "arnnot"))
    test = _OPERATORS.get(plain)  # IAM takes in more of them than `parse` does
    return test is not None and test(actual, [_text(each) for each in wanted])


def _type_of(principal: Principal) -> str:
    if principal.arn.endswith(":root"):
        return "Account"
    return "AssumedRole" if ":assumed-role/" in principal.arn else "User"


def _plain(operator: str) -> str:
    return operator.lower().removesuffix("ifexists")


def _like(actual: str, patterns: Iterable[Any]) -> bool:
    # square brackets mean themselves in IAM
    return any(fnmatch.fnmatchcase(actual, str(pattern).replace("[", "[[]")) for pattern in patterns)


_OPERATORS: dict[str, Callable[[str, list[str]], bool]] = {
    "bool": lambda actual, wanted: actual.lower() in _lower(wanted),
    "stringequals": lambda actual, wanted: actual in wanted,
    "stringnotequals": lambda actual, wanted: actual not in wanted,
    "stringequalsignorecase": lambda actual, wanted: actual.lower() in _lower(wanted),
    "stringnotequalsignorecase": lambda actual, wanted: actual.lower() not in _lower(wanted),
    "stringlike": _like,
    "stringnotlike": lambda actual, wanted: not _like(actual, wanted),
    "arnequals": _like,
    "arnlike": _like,
    "arnnotequals": lambda actual, wanted: not _like(actual, wanted),
    "arnnotlike": lambda actual, wanted: not _like(actual, wanted),
}


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _lower(value: Any) -> list[str]:
    return [_text(each).lower() for each in _many(value)]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
