from collections.abc import Iterator

import pytest

from tests.lab_cloud.eks.place import EksPlace
from tests.stage import RunningCloud


@pytest.fixture(scope="session")
def fast_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    running = RunningCloud(tmp_path_factory.mktemp("eks") / "lab", LAB_SPEED="600")
    running.command("up")
    yield running
    running.command("down")


@pytest.fixture(scope="session")
def eks(fast_cloud: RunningCloud) -> EksPlace:
    return EksPlace(fast_cloud)
