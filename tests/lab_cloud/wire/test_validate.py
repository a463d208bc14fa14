from typing import Any

import pytest

from lab_cloud.wire import model
from lab_cloud.wire.validate import WrongType, problems, sentence

ECS = model.load("ecs")


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        ("ListClusters", {}, []),
        ("RunTask", {}, ["Value null at 'taskDefinition' failed to satisfy constraint: Member must not be null"]),
        ("StopTask", {"task": "a"}, []),
        ("ListClusters", {"unknown": 1}, []),
    ],
)
def test_problems(operation: str, params: dict[str, Any], expected: list[str]) -> None:
    assert problems(ECS, operation, params) == expected


def test_an_enum_names_its_values() -> None:
    found = problems(ECS, "RunTask", {"taskDefinition": "a", "launchType": "MOON"})
    assert found[0].startswith(
        "Value 'MOON' at 'launchType' failed to satisfy constraint: Member must satisfy enum value set: [EC2"
    )


def test_nested_paths_are_named() -> None:
    found = problems(
        ECS,
        "RegisterTaskDefinition",
        {"family": "a", "containerDefinitions": [{"logConfiguration": {"logDriver": "x"}}]},
    )
    assert "'containerDefinitions.1.member.logConfiguration.logDriver'" in found[0]


@pytest.mark.parametrize("params", [{"maxResults": "1"}, {"maxResults": True}, {"nextToken": 5}])
def test_wrong_types(params: dict[str, Any]) -> None:
    with pytest.raises(WrongType):
        problems(ECS, "ListClusters", params)


def test_patterns_lengths_and_ranges() -> None:
    logs = model.load("logs")
    assert "regular expression" in problems(logs, "CreateLogGroup", {"logGroupName": "a b"})[0]
    assert "length" in problems(logs, "CreateLogGroup", {"logGroupName": "a" * 600})[-1]
    assert "less than or equal to" in problems(logs, "DescribeLogGroups", {"limit": 5000})[0]


def test_sentence() -> None:
    assert sentence(["a"]) == "1 validation error detected: a"
    assert sentence(["a", "b"]) == "2 validation errors detected: a; b"


def test_a_model_without_prose_keeps_its_shapes() -> None:
    assert "documentation" not in ECS.raw["operations"]["RunTask"]
    assert ECS.target_prefix == "AmazonEC2ContainerServiceV20141113"
    assert ECS.error_status("ClusterNotFoundException") == 400
    with pytest.raises(KeyError):
        model.load("coffee")
