"""Patches, against their own definitions and by properties."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.eks.kubernetes import patches
from lab_cloud.eks.kubernetes.schemas import load
from lab_cloud.eks.kubernetes.status import ApiError

plain = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
values = st.recursive(
    plain, lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below, max_size=3)
)
objects = st.dictionaries(st.text(max_size=3), values, max_size=4)


def without_null(value: Any) -> bool:
    if isinstance(value, dict):
        return all(one is not None and without_null(one) for one in value.values())
    return True


# The table of RFC 7386, appendix A.
RFC_7386 = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("before", "patch", "after"), RFC_7386)
def test_a_merge_patch_is_as_its_rfc_says(before: Any, patch: Any, after: Any) -> None:
    assert patches.merge(before, patch) == after


@given(objects, objects)
def test_a_merge_patch_twice_is_the_same_as_once(before: Any, patch: Any) -> None:
    kept = copy.deepcopy(before)
    once = patches.merge(before, patch)
    assert patches.merge(once, patch) == once
    assert before == kept


@given(objects, objects.filter(without_null))
def test_an_object_as_a_merge_patch_is_in_what_comes_out(before: Any, patch: Any) -> None:
    made = patches.merge(before, patch)
    assert all(key in made for key in patch)


@given(objects, st.text(max_size=3), values)
def test_what_a_json_patch_adds_it_can_test_and_remove(before: Any, key: str, value: Any) -> None:
    path = "/" + key.replace("~", "~0").replace("/", "~1")
    kept = copy.deepcopy(before)
    added = patches.json_patch(before, [{"op": "add", "path": path, "value": value}])
    assert added == {**before, key: value}
    operations = [{"op": "test", "path": path, "value": value}, {"op": "remove", "path": path}]
    assert patches.json_patch(added, operations) == {name: one for name, one in before.items() if name != key}
    assert before == kept


def test_a_json_patch_works_on_lists() -> None:
    before = {"a": [1, 2]}
    operations = [
        {"op": "add", "path": "/a/-", "value": 3},
        {"op": "add", "path": "/a/0", "value": 0},
        {"op": "replace", "path": "/a/1", "value": "one"},
        {"op": "move", "from": "/a/0", "path": "/b"},
        {"op": "copy", "from": "/a/1", "path": "/c"},
    ]
    assert patches.json_patch(before, operations) == {"a": ["one", 2, 3], "b": 0, "c": 2}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/none"},
        {"op": "replace", "path": "/none", "value": 1},
        {"op": "test", "path": "/a", "value": 2},
        {"op": "add", "path": "/list/7", "value": 1},
        {"op": "add", "path": "/list/01", "value": 1},
        {"op": "add", "path": "no-slash", "value": 1},
        {"op": "add", "path": "/a/b", "value": 1},
        {"op": "move", "from": "/list", "path": "/list/0"},
        {"op": "turn", "path": "/a"},
        {"path": "/a"},
    ],
)
def test_an_operation_that_cannot_be_done_is_refused(operation: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as caught:
        patches.json_patch({"a": 1, "list": [1]}, [operation])
    assert caught.value.code == 422


@pytest.mark.parametrize("patch", [{}, "a", [1]])
def test_what_is_no_list_of_operations_is_no_json_patch(patch: Any) -> None:
    with pytest.raises(ApiError) as caught:
        patches.json_patch({}, patch)
    assert caught.value.code == 400


# -- strategic merge patch --------------------------------------------------------------------------------------------

POD = load().node("io.k8s.api.core.v1.PodSpec")


def strategic(before: Any, patch: Any) -> Any:
    return patches.strategic(load(), POD, before, patch)


names = st.lists(st.sampled_from("abcdef"), unique=True, max_size=5)
images = st.sampled_from(["nginx", "redis", "python"])


@st.composite
def containers(draw: Any) -> list[dict[str, str]]:
    return [{"name": name, "image": draw(images)} for name in draw(names)]


@given(containers(), containers())
def test_containers_are_merged_by_name(before: list[dict[str, str]], patch: list[dict[str, str]]) -> None:
    made = strategic({"containers": before}, {"containers": patch})["containers"]
    wanted = {one["name"]: one["image"] for one in (*before, *patch)}
    assert {one["name"]: one["image"] for one in made} == wanted
    assert [one["name"] for one in made][: len(before)] == [one["name"] for one in before]
    assert strategic({"containers": made}, {"containers": patch})["containers"] == made


@given(containers(), st.sampled_from("abcdef"))
def test_a_container_can_be_taken_away(before: list[dict[str, str]], name: str) -> None:
    made = strategic({"containers": before}, {"containers": [{"name": name, "$patch": "delete"}]})
    assert made["containers"] == [one for one in before if one["name"] != name]


def test_directives_and_orders_are_obeyed() -> None:
    before = {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}], "nodeSelector": {"x": "1"}}
    replaced = strategic(before, {"containers": [{"$patch": "replace"}, {"name": "c", "image": "3"}]})
    assert replaced["containers"] == [{"name": "c", "image": "3"}]
    ordered = strategic(before, {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]})
    assert [one["name"] for one in ordered["containers"]] == ["b", "a"]
    assert strategic(before, {"nodeSelector": {"$patch": "replace", "y": "2"}})["nodeSelector"] == {"y": "2"}
    assert strategic(before, {"nodeSelector": None})["containers"] == before["containers"]
    with pytest.raises(ApiError):
        strategic(before, {"containers": [{"image": "nameless"}]})


def test_a_list_without_a_key_is_replaced() -> None:
    before = {"containers": [{"name": "a", "args": ["x", "y"]}]}
    made = strategic(before, {"containers": [{"name": "a", "args": ["z"]}]})
    assert made["containers"] == [{"name": "a", "args": ["z"]}]
