from collections.abc import Iterator

import pytest

from lab_helpers import Lab
from tests.lab_helpers.exercises.clouds import begun, said, solve


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with begun(0) as lab:
        yield lab


def test_00a_untouched_wrong_and_right(lab: Lab) -> None:
    assert said(lab, "00a")[0] == "not attempted"
    lab.client("ecs").create_cluster(clusterName="Hello-ECS")
    kind, words = said(lab, "00a")
    assert kind == "not yet"
    assert "yours is Hello-ECS" in words
    solve(lab, "00a")
    assert said(lab, "00a")[0] == "done"
