import pytest

from tests.lab_cloud.eks.kubernetes.server import Server


@pytest.fixture
def server() -> Server:
    return Server()
