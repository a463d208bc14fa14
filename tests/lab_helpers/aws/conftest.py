"""The embedded cloud poses as a real account: it is reached by AWS's own variables, and the backend is `aws`."""

from pathlib import Path

import pytest

from lab_helpers import Lab, cloud
from lab_helpers.aws.account import Aws


@pytest.fixture
def posing(cloud: Path, course: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small course of the test's own, on an account that is empty of its things."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LAB_BACKEND", "aws")
    monkeypatch.setattr(Aws, "delay", 0.1)  # AWS's waiters look every 15 seconds
    monkeypatch.setattr(Aws, "speed", 60.0)
    monkeypatch.setattr("builtins.input", no_keyboard)
    return course


def environment() -> dict[str, str]:
    """How AWS's own tools reach the embedded cloud."""
    return cloud.environment()


def no_keyboard(_: str) -> str:
    raise EOFError


def started(number: int = 3) -> Lab:
    """A lab that has been confirmed."""
    lab = Lab(number)
    lab.start(confirm="yes")
    return lab
