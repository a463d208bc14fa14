"""Homes, clouds and courses for the tests of the helpers; none of them reads the settings of whoever runs it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = (
    "LAB_BACKEND",
    "LAB_LEARNER",
    "LAB_CONFIRM",
    "LAB_KUBECONFIG",
    "LAB_PROXY_BASE",
    "JUPYTERHUB_SERVICE_PREFIX",
    "JUPYTERHUB_USER",
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `.lab/` of the test's own."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "LOCALSTACK_")) or name in SETTINGS:
            monkeypatch.delenv(name)
    folder = tmp_path / ".lab"
    monkeypatch.setenv("LAB_HOME", str(folder))
    monkeypatch.setenv("LAB_PROGRESS", "off")
    return folder


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of an embedded cloud that a module's tests share."""
    folder = tmp_path_factory.mktemp("cloud")
    surroundings = {**os.environ, "LAB_HOME": str(folder)}
    command = [sys.executable, "-m", "lab_cloud"]
    subprocess.run([*command, "up"], cwd=ROOT, env=surroundings, check=True, capture_output=True)
    yield folder
    subprocess.run([*command, "down"], cwd=ROOT, env=surroundings, check=True, capture_output=True)


@pytest.fixture
def cloud(home: Path, running: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An embedded cloud is up, and its home is this test's home instead."""
    monkeypatch.setenv("LAB_HOME", str(running))
    return running


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small course of the test's own, which is also the current folder."""
    folder = tmp_path / "course"
    (folder / "labs").mkdir(parents=True)
    (folder / "lab_cloud").mkdir()
    monkeypatch.chdir(folder)
    return folder
