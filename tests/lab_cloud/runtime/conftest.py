from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_cloud.runtime.process import ProcessRuntime


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[ProcessRuntime]:
    runtime = ProcessRuntime(tmp_path / "home")
    yield runtime
    runtime.close()
    assert list((tmp_path / "home" / "containers").iterdir()) == []
