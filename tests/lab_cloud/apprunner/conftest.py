import pytest

from tests.lab_cloud.apprunner.stage import Runner
from tests.stage import RunningCloud


@pytest.fixture(scope="session")
def runner(cloud: RunningCloud) -> Runner:
    return Runner(cloud)
