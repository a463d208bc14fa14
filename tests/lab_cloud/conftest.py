from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stage import Place, RunningCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    running = RunningCloud(tmp_path_factory.mktemp("cloud") / "lab")
    running.command("up")
    yield running
    running.command("down")


@pytest.fixture
def new_cloud(tmp_path: Path) -> Iterator[RunningCloud]:
    """A cloud that the test may hurt; not up yet."""
    running = RunningCloud(tmp_path / "lab")
    yield running
    running.command("down")


@pytest.fixture(scope="session")
def place(cloud: RunningCloud) -> Place:
    return Place(cloud)
