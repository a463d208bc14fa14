"""The operators of event patterns: prefix, suffix, wildcard, anything-but, numeric, cidr and so on. Pure.

A comparison is asked of single values: strings, numbers, true, false and null.

References
----------
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
https://github.com/aws/event-ruler (the published rules of the language)
"""

import ipaddress
import operator
from collections.abc import Callable
from typing import Any

Test = Callable[[Any], bool]
NAMES = ("exactly", "prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "cidr", "exists")
LARGEST = 5_000_000_000
"""Numbers are compared between minus and plus this."""
TESTS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class BadComparison(Exception):  # noqa: N818
    """An operator that does not exist, or an argument that it does not take."""


def comparison(name: str, argument: Any) -> Test:
    """Read one operator with its argument.

    Parameters
    ----------
    name : str
        For example ``prefix``.
    argument : object
        What JSON had for it.

    Raises
    ------
    BadComparison
        In the words of EventBridge.
    """
    if name == "exactly":
        return _exactly(argument)
    if name in ("prefix", "suffix"):
        return _end(name, argument)
    if name == "equals-ignore-case":
        return _ignoring_case(argument)
    if name == "wildcard":
        return _wildcard(argument)
    if name == "anything-but":
        return _anything_but(argument)
    if name == "numeric":
        return _numeric(argument)
    if name == "cidr":
        return _cidr(argument)
    raise BadComparison(f"Unrecognized match type {name}")


def _text(argument: Any, name: str) -> str:
    if not isinstance(argument, str):
        raise BadComparison(f"{name} match pattern must be a string")
    return argument


def _exactly(argument: Any) -> Test:
    wanted = _text(argument, "exact")
    return lambda value: type(value) is str and value == wanted


def _end(name: str, argument: Any) -> Test:
    at_start = name == "prefix"
    if isinstance(argument, dict):
        if list(argument) != ["equals-ignore-case"]:
            other = next(iter(argument), "")
            raise BadComparison(f"Unsupported {name} pattern: {other}")
        wanted = _text(argument["equals-ignore-case"], "equals-ignore-case").lower()
        if at_start:
            return lambda value: type(value) is str and value.lower().startswith(wanted)
        return lambda value: type(value) is str and value.lower().endswith(wanted)
    wanted = _text(argument, name)
    if at_start:
        return lambda value: type(value) is str and value.startswith(wanted)
    return lambda value: type(value) is str and value.endswith(wanted)


def _ignoring_case(argument: Any) -> Test:
    wanted = _text(argument, "equals-ignore-case").lower()
    return lambda value: type(value) is str and value.lower() == wanted


def _wildcard(argument: Any) -> Test:
    parts = _parts(_text(argument, "wildcard"))
    first, last, between = parts[0], parts[-1], parts[1:-1]
    if len(parts) == 1:
        return lambda value: type(value) is str and value == first

    def matches(value: Any) -> bool:
        if type(value) is not str or not value.startswith(first) or len(value) < len(first) + len(last):
            return False
        at, end = len(first), len(value) - len(last)
        for part in between:
            found = value.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return value.endswith(last)

    return matches


def _parts(text: str) -> list[str]:
    """What stands between the asterisks."""
    parts, position, after_star = [""], 0, False
    while position < len(text):
        letter = text[position]
        if letter == "\\":
            following = text[position + 1 : position + 2]
            if following not in ("*", "\\"):
                raise BadComparison(f"Invalid escape character at pos {position}")
            parts[-1] += following
            position, after_star = position + 2, False
            continue
        if letter == "*":
            if after_star:
                raise BadComparison(f"Consecutive wildcard characters at pos {position - 1}")
            parts.append("")
        else:
            parts[-1] += letter
        after_star = letter == "*"
        position += 1
    return parts


def _anything_but(argument: Any) -> Test:
    if isinstance(argument, dict):
        return _anything_but_these(argument)
    if isinstance(argument, bool) or argument is None:
        raise BadComparison("Value of anything-but must be an array or single string/number value.")
    values = argument if isinstance(argument, list) else [argument]
    if not values:
        raise BadComparison("Empty arrays are not allowed")
    if all(isinstance(each, str) for each in values):
        strings = frozenset(values)
        return lambda value: type(value) is not str or value not in strings
    if any(isinstance(each, bool) or not isinstance(each, str | int | float) for each in values):
        raise BadComparison("Inside anything but list, start|null|boolean is not supported.")
    if any(isinstance(each, str) for each in values):
        raise BadComparison(
            "Inside anything but list, either all values are number or string, mixed type is not supported"
        )
    numbers = frozenset(values)
    return lambda value: type(value) not in (int, float) or value not in numbers


def _anything_but_these(argument: dict[str, Any]) -> Test:
    name = next(iter(argument), "")
    if not name:
        raise BadComparison("Anything-But expression name not found")
    if name not in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
        raise BadComparison(f"Unsupported anything-but pattern: {name}")
    if len(argument) > 1:
        raise BadComparison("Only one key allowed in match expression")
    values = argument[name] if isinstance(argument[name], list) else [argument[name]]
    if not values:
        raise BadComparison("Empty arrays are not allowed")
    if name in ("prefix", "suffix"):
        if not all(isinstance(each, str) for each in values):
            raise BadComparison("prefix/suffix match pattern must be a string")
        if not all(values):
            raise BadComparison("Null prefix/suffix not allowed")
    tests = [comparison(name, each) for each in values]
    return lambda value: not any(test(value) for test in tests)


def _numeric(argument: Any) -> Test:
    if not isinstance(argument, list):
        raise BadComparison("Value of numeric must be an array.")
    if not argument:
        raise BadComparison("Invalid member in numeric match: ]")
    if len(argument) > 4:
        raise BadComparison("Too many elements in numeric expression")
    terms: list[tuple[str, float]] = []
    for position in range(0, len(argument), 2):
        sign = argument[position]
        if not isinstance(sign, str):
            raise BadComparison(f"Invalid member in numeric match: {sign}")
        if sign not in TESTS:
            raise BadComparison(f"Unrecognized numeric range operator: {sign}")
        number = argument[position + 1] if position + 1 < len(argument) else None
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise BadComparison(f"Value of {'equals' if sign == '=' else sign} must be numeric")
        if not -LARGEST <= number <= LARGEST:
            raise BadComparison(f"Value must be between {-LARGEST} and {LARGEST}, inclusive")
        terms.append((sign, number))
    if len(terms) == 2:
        (lower, bottom), (upper, top) = terms
        if lower not in (">", ">="):
            raise BadComparison("Too many terms in numeric range expression")
        if upper not in ("<", "<="):
            raise BadComparison(f"Bad numeric range operator: {upper}")
        if bottom >= top:
            raise BadComparison("Bottom must be less than top")
    tests = [(TESTS[sign], number) for sign, number in terms]
    return lambda value: type(value) in (int, float) and all(test(value, number) for test, number in tests)


def _cidr(argument: Any) -> Test:
    text = _text(argument, "prefix")  # as EventBridge words it
    address, slash, bits = text.partition("/")
    if not slash or "/" in bits:
        raise BadComparison("Malformed CIDR, one '/' required")
    if not bits.lstrip("-").isdigit():
        raise BadComparison("Malformed CIDR, mask bits must be an integer")
    if int(bits) < 0:
        raise BadComparison("Malformed CIDR, mask bits must not be negative")
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise BadComparison(f"Malformed CIDR, IP address must be valid: {address}") from None
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        most = 32 if "." in address else 128
        raise BadComparison(f"IPv{4 if most == 32 else 6} mask bits must be < {most + 1}") from None

    def matches(value: Any) -> bool:
        if type(value) is not str:
            return False
        try:
            found = ipaddress.ip_address(value)
        except ValueError:
            return False
        return found.version == network.version and found in network

    return matches
