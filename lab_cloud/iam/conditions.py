"""The condition operators of policies. Pure.

Follows https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html.
"""

import datetime
import functools
import ipaddress
import operator
from collections.abc import Callable

from .document import Condition, Context, filled, like, like_with_variables

Test = Callable[[str, str, Context], bool]


def holds(condition: Condition, context: Context, *, variables: bool) -> bool:
    """Whether a request fulfils a condition.

    Parameters
    ----------
    condition : Condition
        One key of one operator.
    context : mapping
        Condition keys in small letters, each with its values.
    variables : bool
        Whether ``${...}`` in the policy's values stands for a value of the context.
    """
    actual = context.get(condition.key)
    if condition.operator == "null":
        return (actual is None) == (condition.values[:1] == ("true",))
    test, negated = _test(condition.operator)
    if test is None:
        return False  # an operator that nobody knows is never fulfilled
    if actual is None or (condition.quantifier and not actual):
        if condition.quantifier:
            return condition.quantifier == "forallvalues"
        return condition.if_exists or negated
    known: Context = context if variables else {}

    def one(value: str) -> bool:
        return any(test(value, wanted, known) for wanted in condition.values) != negated

    if condition.quantifier == "forallvalues" or (negated and condition.quantifier != "foranyvalue"):
        return all(one(value) for value in actual)
    return any(one(value) for value in actual)


def known(name: str) -> bool:
    """Whether an operator is one of IAM's, with or without set operator and IfExists."""
    quantifier, _, plain = name.lower().rpartition(":")
    if quantifier not in ("", "forallvalues", "foranyvalue"):
        return False
    plain = plain.removesuffix("ifexists")
    return plain == "null" or _test(plain)[0] is not None


def _test(name: str) -> tuple[Test | None, bool]:
    if name in _OPERATORS:
        return _OPERATORS[name], False
    if name in _NEGATED:
        return _OPERATORS[_NEGATED[name]], True
    return None, False


def _same(actual: str, wanted: str, context: Context) -> bool:
    return actual == (filled(wanted, context) if context else wanted)


def _same_ignoring_case(actual: str, wanted: str, context: Context) -> bool:
    found = filled(wanted, context) if context else wanted
    return found is not None and actual.lower() == found.lower()


def _like(actual: str, wanted: str, context: Context) -> bool:
    return like_with_variables(actual, wanted, context) if context else like(actual, wanted)


def _arn_like(actual: str, wanted: str, context: Context) -> bool:
    """Each of the six parts of an ARN is compared by itself."""
    parts, patterns = actual.split(":", 5), wanted.split(":", 5)
    if context and "${" in wanted:  # a variable's value may hold colons
        return like_with_variables(actual, wanted, context)
    return len(parts) == len(patterns) == 6 and all(map(like, parts, patterns))


def _bool(actual: str, wanted: str, _: Context) -> bool:
    return actual.lower() == wanted.lower()


def _numeric(compare: Callable[[float, float], bool]) -> Test:
    def test(actual: str, wanted: str, _: Context) -> bool:
        try:
            return compare(float(actual), float(wanted))
        except ValueError:
            return False

    return test


def _date(compare: Callable[[float, float], bool]) -> Test:
    def test(actual: str, wanted: str, _: Context) -> bool:
        left, right = _moment(actual), _moment(wanted)
        return left is not None and right is not None and compare(left, right)

    return test


@functools.lru_cache(maxsize=256)
def _moment(text: str) -> float | None:
    """Epoch seconds of an ISO 8601 date, or of a number."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=datetime.UTC)).timestamp()


def _ip(actual: str, wanted: str, _: Context) -> bool:
    network = _network(wanted)
    try:
        return network is not None and ipaddress.ip_address(actual) in network
    except ValueError:
        return False


@functools.lru_cache(maxsize=256)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


_COMPARISONS = {
    "equals": operator.eq,
    "lessthan": operator.lt,
    "lessthanequals": operator.le,
    "greaterthan": operator.gt,
    "greaterthanequals": operator.ge,
}
_OPERATORS: dict[str, Test] = {
    "stringequals": _same,
    "stringequalsignorecase": _same_ignoring_case,
    "stringlike": _like,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    "bool": _bool,
    "binaryequals": _same,
    "ipaddress": _ip,
    **{f"numeric{name}": _numeric(compare) for name, compare in _COMPARISONS.items()},
    **{f"date{name}": _date(compare) for name, compare in _COMPARISONS.items()},
}
_NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}
