"""Variables, commands and fields, without a process."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.eks.agents.environment import ConfigError, environment, expand, field, resource, words
from lab_cloud.eks.agents.node import GIB, Node

NODE = Node("n", "aws:///a/i-1", "demo", "t3.medium", "a", "us-east-1", "10.0.0.1", 2, 4 * GIB, 17, "1.36")
POD: dict[str, Any] = {
    "metadata": {"name": "web", "namespace": "shop", "uid": "u", "labels": {"app": "web", "b": "2"}},
    "spec": {"serviceAccountName": "default", "containers": [{"name": "main"}]},
}


def nothing(kind: str, name: str) -> None:
    return None


def test_references_are_put_in_and_what_is_unknown_stays() -> None:
    assert expand("$(A)-$(B)-$$(A)-$A", {"A": "1"}) == "1-$(B)-$(A)-$A"
    assert words(["x", "$(A)"], {"A": "1"}) == ("x", "1")
    assert words(None, {}) is None


@given(st.text(st.characters(exclude_characters="$")))
def test_a_text_without_a_dollar_is_left_alone(text: str) -> None:
    assert expand(text, {"A": "1"}) == text


def test_fields_of_the_downward_api() -> None:
    assert field(POD, "metadata.labels['app']", NODE, "127.0.0.2") == "web"
    assert field(POD, "metadata.labels", NODE, "127.0.0.2") == 'app="web"\nb="2"'
    assert field(POD, "metadata.annotations['none']", NODE, "") == ""
    assert field(POD, "status.hostIP", NODE, "") == "10.0.0.1"
    assert field(POD, "spec.nodeName", NODE, "") == "n"
    with pytest.raises(ConfigError, match=r"field label not supported: spec\.priority"):
        field(POD, "spec.priority", NODE, "")


def test_a_container_without_a_limit_is_told_what_the_node_has() -> None:
    container = {"name": "main", "resources": {"limits": {"cpu": "250m"}}}
    pod = {**POD, "spec": {"containers": [container]}}
    assert resource(pod, container, {"resource": "limits.cpu", "divisor": "1m"}, NODE) == "250"
    assert resource(pod, container, {"resource": "limits.cpu"}, NODE) == "1"
    free = {**POD, "spec": {"containers": [{"name": "main"}]}}
    assert resource(free, {"name": "main"}, {"resource": "limits.cpu", "divisor": "1m"}, NODE) == "1930"
    assert resource(free, {"name": "main"}, {"resource": "requests.cpu"}, NODE) == "0"


def test_what_is_missing_is_named_unless_it_is_optional() -> None:
    def read(**variable: Any) -> dict[str, str]:
        return environment(POD, {"name": "main", "env": [{"name": "A", **variable}]}, NODE, "", nothing)

    reference = {"name": "keys", "key": "k"}
    with pytest.raises(ConfigError, match='secret "keys" not found'):
        read(valueFrom={"secretKeyRef": reference})
    assert read(valueFrom={"secretKeyRef": {**reference, "optional": True}}) == {}
    all_of = {"name": "main", "envFrom": [{"configMapRef": {"name": "none"}}]}
    with pytest.raises(ConfigError, match='configmap "none" not found'):
        environment(POD, all_of, NODE, "", nothing)
    found = {"kind": "ConfigMap", "data": {"ok": "1", "not ok": "2"}}
    with pytest.raises(ConfigError, match="couldn't find key k in ConfigMap shop/settings"):
        environment(
            POD, {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "k"}}}]},
            NODE, "", lambda kind, name: found,
        )  # fmt: skip
    prefixed = {"envFrom": [{"prefix": "X_", "configMapRef": {"name": "settings"}}]}
    assert environment(POD, prefixed, NODE, "", lambda kind, name: found) == {"X_ok": "1"}
