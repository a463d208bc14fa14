"""What Binder runs around the notebook server: repo2docker needs an engine and the network, so its steps are tried."""

import os
import subprocess

import pytest

from tests.lab_helpers.conftest import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Binder runs on Linux")


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_binder_can_run_it(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)


@pytest.mark.parametrize(("given", "wanted"), [({}, "500"), ({"LAB_MEMORY_MB": "300"}, "300")])
def test_the_server_starts_with_a_limit_for_containers(given: dict[str, str], wanted: str) -> None:
    words = [str(ROOT / "start"), "sh", "-c", 'echo "$LAB_MEMORY_MB $1"', "sh", "two words"]
    environment = {name: value for name, value in os.environ.items() if name != "LAB_MEMORY_MB"} | given
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{wanted} two words\n"
