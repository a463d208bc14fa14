from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.eks.kubernetes import selectors
from lab_cloud.eks.kubernetes.status import ApiError

words = st.sampled_from(["a", "b", "c"])
labelled = st.dictionaries(words, words)


@given(labelled, words, words)
def test_equality_and_its_opposite_part_all_labels(found: dict[str, str], key: str, value: str) -> None:
    assert selectors.labels(f"{key}={value}")(found) == (found.get(key) == value)
    assert selectors.labels(f"{key} == {value}")(found) == selectors.labels(f"{key}={value}")(found)
    assert selectors.labels(f"{key}!={value}")(found) != selectors.labels(f"{key}={value}")(found)


@given(labelled, words, st.lists(words, min_size=1))
def test_sets_and_their_opposites_part_all_labels(found: dict[str, str], key: str, values: list[str]) -> None:
    listed = ", ".join(values)
    assert selectors.labels(f"{key} in ({listed})")(found) == (found.get(key) in values)
    assert selectors.labels(f"{key} notin ({listed})")(found) == (found.get(key) not in values)
    assert selectors.labels(key)(found) == (key in found)
    assert selectors.labels(f"!{key}")(found) == (key not in found)


@given(labelled, st.lists(st.sampled_from(["a", "!b", "c=a", "a!=b", "b in (a,c)", "c notin (b)"])))
def test_all_requirements_must_hold(found: dict[str, str], parts: list[str]) -> None:
    assert selectors.labels(",".join(parts))(found) == all(selectors.labels(part)(found) for part in parts)


@given(labelled, labelled, words, st.lists(words, min_size=1))
def test_a_selector_object_means_what_its_text_means(
    found: dict[str, str], equal: dict[str, str], key: str, values: list[str]
) -> None:
    for operator, text in (
        ("In", f"{key} in ({','.join(values)})"),
        ("NotIn", f"{key} notin ({','.join(values)})"),
        ("Exists", key),
        ("DoesNotExist", f"!{key}"),
    ):
        spec: dict[str, Any] = {"matchLabels": equal, "matchExpressions": [{"key": key, "operator": operator}]}
        if operator.endswith("In"):
            spec["matchExpressions"][0]["values"] = values
        written = ",".join([*(f"{one}={value}" for one, value in equal.items()), text])
        assert selectors.of_spec(spec)(found) == selectors.labels(written)(found)


def test_no_selector_selects_nothing_and_an_empty_one_everything() -> None:
    assert not selectors.of_spec(None)({"a": "b"})
    assert selectors.of_spec({})({"a": "b"})
    assert selectors.labels("")({})


@pytest.mark.parametrize("text", ["a in b", "a in (b", "=b", "a=b=c", "a b", "a,,(", "!"])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        selectors.labels(text)
    assert caught.value.code == 400


def test_fields_that_can_be_selected_by_differ_by_kind() -> None:
    found = {
        "metadata": {"name": "one", "namespace": "here"},
        "spec": {"nodeName": "n"},
        "status": {"phase": "Running"},
    }
    assert selectors.fields("metadata.name=one,status.phase!=Failed,spec.nodeName==n", "Pod")(found)
    assert not selectors.fields("spec.nodeName=", "Pod")(found)
    assert selectors.fields("spec.unschedulable=true", "Node")({"spec": {"unschedulable": True}})
    with pytest.raises(ApiError, match="field label not supported"):
        selectors.fields("spec.nodeName=n", "Service")
    with pytest.raises(ApiError, match="invalid selector"):
        selectors.fields("metadata.name", "Pod")
