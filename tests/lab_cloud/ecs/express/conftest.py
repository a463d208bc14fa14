import pytest

from tests.lab_cloud.ecs.express.stage import Gateways
from tests.stage import RunningCloud


@pytest.fixture(scope="session")
def gateways(cloud: RunningCloud) -> Gateways:
    return Gateways(cloud)
