"""What targets get of an event."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.events.transform import BadInput, check, check_path, find, payload

EVENT: dict[str, Any] = {
    "id": "1", "time": "2026-11-25T18:00:00Z", "source": "s", "detail-type": "t",
    "resources": ["arn:a", "arn:b"], "detail": {"name": 'a "b"', "n": 5, "list": [1, 2], "deep": {"x": True}},
}  # fmt: skip


def transformed(template: str, **paths: str) -> str:
    transformer = {"InputPathsMap": paths, "InputTemplate": template}
    check(transformer, "t")
    return payload({"InputTransformer": transformer}, EVENT, "arn:rule", "rule")


def test_the_whole_a_part_and_a_constant() -> None:
    assert json.loads(payload({}, EVENT)) == EVENT
    assert payload({"InputPath": "$.detail.deep"}, EVENT) == '{"x":true}'
    assert payload({"Input": '{"a": 1}'}, EVENT) == '{"a": 1}'


def test_names_become_json_outside_of_quotes_and_text_within() -> None:
    found = transformed(
        '{"name": <name>, "n": <n>, "said": "<name> has <n>", "list": <list>}',
        name="$.detail.name",
        n="$.detail.n",
        list="$.detail.list",
    )
    assert json.loads(found) == {"name": 'a "b"', "n": 5, "said": 'a "b" has 5', "list": [1, 2]}


def test_what_is_not_there_is_empty() -> None:
    assert json.loads(transformed('{"a": <a>, "b": "<a>"}', a="$.detail.nothing")) == {"a": "", "b": ""}


def test_variables_of_eventbridge_itself() -> None:
    found = json.loads(
        transformed('{"rule": <aws.events.rule-name>, "arn": "<aws.events.rule-arn>", "all": <aws.events.event.json>}')
    )
    assert (found["rule"], found["arn"], found["all"]) == ("rule", "arn:rule", EVENT)
    assert "detail" not in json.loads(transformed('{"e": <aws.events.event>}'))["e"]


def test_a_text_may_stand_alone() -> None:
    assert transformed('"task <n> has stopped"', n="$.detail.n") == '"task 5 has stopped"'


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("$", EVENT),
        ("$.resources[1]", "arn:b"),
        ("$.detail-type", "t"),
        ("$['detail']['n']", 5),
        ("$.resources[9]", None),
    ],
)
def test_paths(path: str, wanted: Any) -> None:
    check_path(path)
    assert find(EVENT, path) == wanted


@pytest.mark.parametrize("path", ["detail", "$.a..b", "$.a[", "$.a[*]", "$[?(@.a)]"])
def test_bad_paths(path: str) -> None:
    with pytest.raises(BadInput):
        check_path(path)


@given(st.dictionaries(st.sampled_from("abc"), st.one_of(st.text(), st.integers(), st.booleans(), st.none())))
def test_what_comes_out_is_json_whatever_the_event_has(detail: dict[str, Any]) -> None:
    target = {
        "InputTransformer": {
            "InputPathsMap": {name: f"$.detail.{name}" for name in "abc"},
            "InputTemplate": '{"a": <a>, "b": "<b> and <c>", "c": <c>}',
        }
    }
    found = json.loads(payload(target, {"detail": detail}))
    assert found["a"] == ("" if detail.get("a") is None else detail["a"])
