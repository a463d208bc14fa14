"""Event patterns: published behaviour as data, and what must hold for all patterns and events."""

import fnmatch
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.events.pattern import BadPattern, read

DATA = json.loads((Path(__file__).parent / "patterns.json").read_text(encoding="utf-8"))
PLAIN = st.one_of(st.text("ab*", max_size=4), st.integers(-9, 9), st.booleans(), st.none())
EVENTS = st.recursive(
    PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=8,
)
OPERATORS: Any = st.one_of(
    PLAIN,
    st.builds(lambda value: {"exists": value}, st.booleans()),
    st.builds(lambda value: {"prefix": value}, st.text("ab", max_size=2)),
    st.builds(lambda value: {"anything-but": value}, st.lists(st.text("ab", max_size=2), min_size=1, max_size=2)),
    st.builds(lambda value: {"numeric": [">", value]}, st.integers(-9, 9)),
)
LEAVES = st.lists(OPERATORS, min_size=1, max_size=3)
PATTERNS = st.recursive(
    st.dictionaries(st.sampled_from("abc"), LEAVES, min_size=1, max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), st.one_of(LEAVES, inner), min_size=1, max_size=2),
    max_leaves=5,
)


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: case[1])
def test_published_behaviour(case: list[Any]) -> None:
    source, _name, pattern, event, wanted = case
    assert source in DATA["sources"]
    assert read(json.dumps(pattern)).matches(event) is wanted


@pytest.mark.parametrize("case", DATA["wrong"], ids=lambda case: case[0])
def test_what_is_no_pattern_is_refused(case: list[str]) -> None:
    with pytest.raises(BadPattern, match=re.escape(case[2])):
        read(case[1])


def naive(pattern: dict[str, Any], event: Any) -> bool:
    """The rules of the language once more, slowly and plainly."""
    if isinstance(event, list) and event:
        return any(naive(pattern, each) for each in event)
    found = event if isinstance(event, dict) else {}
    return all(
        naive(wanted, found.get(name, {})) if isinstance(wanted, dict) else _one_of(wanted, _values(found, name))
        for name, wanted in pattern.items()
    )


def _values(event: dict[str, Any], name: str) -> list[Any]:
    def flat(value: Any) -> list[Any]:
        if isinstance(value, list):
            return [one for each in value for one in flat(each)] or [{}]
        return [value]

    return flat(event[name]) if name in event else [{}]


def _one_of(wanted: list[Any], values: list[Any]) -> bool:
    return any(_fits(one, value) for one in wanted for value in values)


def _fits(one: Any, value: Any) -> bool:
    if isinstance(value, dict):
        return one == {"exists": False}
    if not isinstance(one, dict):
        return type(one) is type(value) and one == value
    ((name, argument),) = one.items()
    if name == "exists":
        return bool(argument)
    if name == "prefix":
        return isinstance(value, str) and value.startswith(argument)
    if name == "numeric":
        return type(value) in (int, float) and value > argument[1]
    return not isinstance(value, str) or value not in argument


@given(PATTERNS, EVENTS)
def test_a_pattern_matches_what_its_rules_say(pattern: dict[str, Any], event: Any) -> None:
    assert read(json.dumps(pattern)).matches(event) is naive(pattern, event)


@given(PATTERNS, PATTERNS, EVENTS)
def test_or_is_either(one: dict[str, Any], other: dict[str, Any], event: Any) -> None:
    both = read(json.dumps({"$or": [one, other]})).matches
    event = {"a": event}
    assert both(event) is (read(json.dumps(one)).matches(event) or read(json.dumps(other)).matches(event))


@given(st.lists(st.text("ab", max_size=2), min_size=1, max_size=4), st.text("ab", max_size=8))
def test_a_wildcard_is_as_in_file_names(parts: list[str], value: str) -> None:
    text = re.sub(r"\*+", "*", "*".join(parts))
    pattern = read(json.dumps({"s": [{"wildcard": text}]}))
    assert pattern.matches({"s": value}) is fnmatch.fnmatchcase(value, text)


@given(st.text(max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        read(text)
    except BadPattern as bad:
        assert str(bad)
