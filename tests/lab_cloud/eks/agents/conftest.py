from collections.abc import Iterator

import pytest

from tests.lab_cloud.eks.agents.hosts import Hosts


@pytest.fixture(scope="session")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    made = Hosts(tmp_path_factory.mktemp("hosts"))
    made.fleet.join(made.node("here"))
    yield made
    made.close()
