"""The whole chain, with real load: requests cost processor time, the metric rises, the alarm goes off, tasks come."""

import pytest

from bench.scaling import follow
from tests.stage import Place, RunningCloud

pytestmark = pytest.mark.serial  # what else runs at the same time takes the tasks' processor time


def test_a_service_follows_its_load(new_cloud: RunningCloud) -> None:
    new_cloud.command("up")
    story = follow(Place(new_cloud))
    assert story.failed == 0
    assert story.answered > 500
    assert story.left_one <= 5
    assert 3 <= story.under_load[-1] <= 5
    assert story.turns <= 1
    assert story.back <= 25
