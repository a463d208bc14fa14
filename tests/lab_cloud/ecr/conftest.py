import pytest

from tests.lab_cloud.ecr.registry import Registry
from tests.stage import RunningCloud


@pytest.fixture(scope="session")
def registry(cloud: RunningCloud) -> Registry:
    return Registry(cloud)


@pytest.fixture
def name(cloud: RunningCloud) -> str:
    """A repository of the test's own."""
    found = cloud.name("repository")
    cloud.client("ecr").create_repository(repositoryName=found)
    return found
