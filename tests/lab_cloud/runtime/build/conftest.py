from pathlib import Path

import pytest

from tests.lab_cloud.runtime.build.making import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
