"""Each exercise of lab 08: untouched, wrong, right. The tests share one cloud and go in the order of the lab."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab_helpers import Lab
from tests.lab_helpers.exercises.clouds import begun, said
from tests.waiting import until
from tools.notebooks import ROOT, read, tags

NOTEBOOK = ROOT / "labs" / "08-ecr.ipynb"
IMMUTABLE: dict[str, Any] = {
    "repositoryName": "demo/shop",
    "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
    "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev-*"}],
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with begun(8) as lab:
        yield lab


@pytest.fixture(scope="module")
def names(lab: Lab) -> Iterator[dict[str, Any]]:
    """What a learner has who has run the lab up to its quiz and no exercise."""
    found: dict[str, Any] = {"lab": lab}
    for cell in read(NOTEBOOK).cells[2:]:
        if "quiz" in tags(cell):
            break
        if cell.cell_type == "code" and "exercise" not in tags(cell) and "docker(" not in cell.source:
            exec(compile(cell.source, str(NOTEBOOK), "exec"), found)
    yield found
    found["files"].cleanup()


def solve(lab: Lab, names: dict[str, Any], exercise: str) -> None:
    exec(compile(lab.solution(exercise).code, exercise, "exec"), names)


def test_nothing_is_attempted_by_the_lab_itself(lab: Lab, names: dict[str, Any]) -> None:
    assert [said(lab, exercise)[0] for exercise in ("08a", "08b", "08c", "08d")] == ["not attempted"] * 4


def test_08a_each_rule_is_asked_for(lab: Lab, names: dict[str, Any]) -> None:
    lab.client("ecr").create_repository(repositoryName="demo/shop")
    kind, words = said(lab, "08a")
    assert kind == "not yet"
    assert "imageTagMutability is MUTABLE" in words
    assert "scanOnPush is off" in words
    assert "the tag 1.0" in words
    lab.client("ecr").put_image_tag_mutability(repositoryName="demo/shop", imageTagMutability="IMMUTABLE")
    assert "you have none" in said(lab, "08a")[1]


def test_08a_two_images_are_not_two_tags(lab: Lab, names: dict[str, Any]) -> None:
    lab.client("ecr").put_image_tag_mutability(**IMMUTABLE)
    names["push"]("hello:1", "demo/shop", "1.0")
    names["push"]("hello:2", "demo/shop", "dev-anna")
    assert "they point at two digests" in said(lab, "08a")[1]
    lab.client("ecr").delete_repository(repositoryName="demo/shop", force=True)


def test_08a_right(lab: Lab, names: dict[str, Any]) -> None:
    solve(lab, names, "08a")
    assert said(lab, "08a")[0] == "done"


def test_08b_a_version_in_between_mends_half_of_it(lab: Lab, names: dict[str, Any]) -> None:
    lab.images.build(names["write_files"]("2", "1.26.17"), "hello:half")
    names["push"]("hello:half", "demo/hello", "mended")
    assert "a scan of the image" in said(lab, "08b")[1]
    names["findings_of"]("mended")
    kind, words = said(lab, "08b")
    assert kind == "not yet"
    assert "CVE-2023-45803" in words
    forget_tag(lab, "mended")


def test_08b_to_leave_the_package_out_is_no_way(lab: Lab, names: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("print('hello')\n")
    (tmp_path / "Dockerfile").write_text("FROM python:3.12-alpine\nCOPY main.py /app/\nCMD python3 /app/main.py\n")
    lab.images.build(tmp_path, "hello:bare")
    names["push"]("hello:bare", "demo/hello", "mended")
    names["findings_of"]("mended")
    assert "the package" in said(lab, "08b")[1]
    forget_tag(lab, "mended")


def test_08b_right(lab: Lab, names: dict[str, Any]) -> None:
    solve(lab, names, "08b")
    assert said(lab, "08b")[0] == "done"


def test_08c_a_rule_too_few_is_told(lab: Lab, names: dict[str, Any]) -> None:
    lab.client("ecr").put_lifecycle_policy(
        repositoryName="demo/nightly", lifecyclePolicyText=names["keep_newest"](3, "nightly-")
    )
    kind, words = said(lab, "08c")
    assert kind == "not yet"
    assert "yours keep [3]" in words
    assert "a rule for untagged images" in words


def test_08c_right(lab: Lab, names: dict[str, Any]) -> None:
    solve(lab, names, "08c")
    assert said(lab, "08c")[0] == "done"


def test_08c_an_expired_release_is_told(lab: Lab, names: dict[str, Any]) -> None:
    forget_tag(lab, "release-1", "demo/nightly")
    assert "a rule selects too much" in said(lab, "08c")[1]


def test_08d_an_open_door_is_not_enough(lab: Lab, names: dict[str, Any]) -> None:
    lab.client("ecr").delete_repository_policy(repositoryName="demo/hello")
    kind, words = said(lab, "08d")
    assert kind == "not yet"
    assert "a Deny for ecr-visitor" in words


def test_08d_a_deny_for_all_is_told(lab: Lab, names: dict[str, Any]) -> None:
    both = [names["visitor_arn"], names["execution_role_arn"]]
    lab.client("ecr").set_repository_policy(repositoryName="demo/hello", policyText=names["deny_pulls"](both))
    assert "a Deny still fits it" in said(lab, "08d")[1]


def test_08d_the_task_is_part_of_it(lab: Lab, names: dict[str, Any]) -> None:
    names["run"](f"{names['uri']}:2")  # cannot pull, as long as both are denied
    alone = names["deny_pulls"](names["visitor_arn"])
    lab.client("ecr").set_repository_policy(repositoryName="demo/hello", policyText=alone)
    assert "a task that ends well: yours did not" in said(lab, "08d")[1]


def test_08d_right(lab: Lab, names: dict[str, Any]) -> None:
    solve(lab, names, "08d")
    until(lambda: lab.check("08d").kind == "done", seconds=20, every=0.2)
    denied = json.loads(lab.client("ecr").get_repository_policy(repositoryName="demo/hello")["policyText"])
    assert "ecr-visitor" in str(denied)


def test_nothing_is_left_afterwards(lab: Lab, names: dict[str, Any]) -> None:
    lab.teardown()
    for exercise in ("08a", "08b", "08c", "08d"):
        assert lab.check(exercise).kind in {"not attempted", "error"}
    assert lab.client("ecr").describe_repositories()["repositories"] == []


def forget_tag(lab: Lab, tag: str, repository: str = "demo/hello") -> None:
    lab.client("ecr").batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": tag}])
