"""Event patterns: read once, then asked of many events. Pure.

References
----------
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .comparison import NAMES, BadComparison, comparison

Test = Callable[[Any], bool]
OR = "$or"


class BadPattern(Exception):  # noqa: N818
    """Not an event pattern; the message says why, in the words of EventBridge."""


class _Missing:
    """A field that an event does not have."""


MISSING = _Missing()


@dataclass(frozen=True)
class Pattern:
    """A pattern that was read.

    Parameters
    ----------
    text : str
        As the learner wrote it.
    matches : callable
        Whether an event, as a dict, fits.
    """

    text: str
    matches: Test


def read(text: str) -> Pattern:
    """Read a pattern.

    Parameters
    ----------
    text : str
        JSON.

    Raises
    ------
    BadPattern
        When it is not JSON, or not a pattern.
    """
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        raise BadPattern("The pattern is nested too deeply") from None
    except ValueError as error:
        raise BadPattern(f"Filter is not a valid JSON text: {error}") from None
    if not isinstance(found, dict):
        raise BadPattern("Filter is not an object")
    return Pattern(text, _object(found, ""))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise BadPattern(f"Path `{name}` cannot be allowed multiple times")
        found[name] = value
    return found


def _object(pattern: dict[str, Any], path: str, *, inside_or: bool = False) -> Test:
    if not pattern:
        raise BadPattern("Empty objects are not allowed")
    fields: list[tuple[str, Test]] = []
    choices: list[Test] = []
    for name, value in pattern.items():
        where = f"{path}.{name}" if path else name
        if name == OR:
            choices.append(_either(value, path))
            continue
        if inside_or and name in NAMES:
            raise BadPattern(f"{name} is Ruler reserved fieldName which cannot be used inside {OR}.")
        if isinstance(value, dict):
            fields.append((name, _object(value, where, inside_or=inside_or)))
        elif isinstance(value, list):
            fields.append((name, _leaf(value)))
        else:
            raise BadPattern(f'"{name}" must be an object or an array')

    def matches(value: Any) -> bool:
        kind = type(value)
        if kind is dict:
            get = value.get
            for name, test in fields:  # the hot loop: no generator
                if not test(get(name, MISSING)):
                    return False
            return all(choice(value) for choice in choices)
        if kind is list and value:
            # all fields must fit within one and the same element
            return any(matches(each) for each in value)
        return all(test(MISSING) for _name, test in fields) and all(choice(MISSING) for choice in choices)

    return matches


def _either(value: Any, path: str) -> Test:
    if not isinstance(value, list):
        raise BadPattern(f"It must be an Array followed with {OR}.")
    if not all(isinstance(each, dict) for each in value):
        raise BadPattern(f"Only JSON object is allowed in array of {OR} relationship.")
    if len(value) < 2:
        raise BadPattern(f"There must have at least 2 Objects in {OR} relationship.")
    tests = [_object(each, path, inside_or=True) for each in value]
    return lambda found: any(test(found) for test in tests)


def _leaf(values: list[Any]) -> Test:
    """What a field must be: any one of these."""
    if not values:
        raise BadPattern("Empty arrays are not allowed")
    strings: set[str] = set()
    numbers: set[float] = set()
    words: list[bool | None] = []
    tests: list[Test] = []
    absent = False
    for value in values:
        if isinstance(value, dict):
            name, argument = _only(value)
            if name == "exists":
                if not isinstance(argument, bool):
                    raise BadPattern("exists match pattern must be either true or false.")
                absent = absent or not argument
                if argument:
                    tests.append(_anything)
                continue
            try:
                tests.append(comparison(name, argument))
            except BadComparison as bad:
                raise BadPattern(str(bad)) from None
        elif isinstance(value, str):
            strings.add(value)
        elif value is None or isinstance(value, bool):
            words.append(value)
        elif isinstance(value, int | float):
            numbers.add(value)
        else:
            raise BadPattern("Match value must be String, number, true, false, or null")

    def matches(value: Any) -> bool:
        kind = type(value)
        if kind is str:
            if value in strings:
                return True
        elif kind is int or kind is float:
            if value in numbers:
                return True
        elif kind is list and value:
            return any(matches(each) for each in value)
        elif value is None or kind is bool:
            if any(value is word for word in words):
                return True
        else:  # it is not there, or it has no value of its own: an object, an empty array
            return absent
        return any(test(value) for test in tests)

    return matches


def _only(value: dict[str, Any]) -> tuple[str, Any]:
    if not value:
        raise BadPattern("Match expression name not found")
    if len(value) > 1:
        raise BadPattern("Only one key allowed in match expression")
    return next(iter(value.items()))


def _anything(value: Any) -> bool:
    return True
