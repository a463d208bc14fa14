"""The runtimes, and which of them this machine has."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lab_cloud.errors import RuntimeUnavailable
from lab_cloud.runtime.process import ProcessRuntime

KINDS = ("process", "sandbox", "docker")


def need(kind: str) -> None:
    """Skip a test when this machine has no such runtime; fail when the environment says that it must."""
    why = missing(kind)
    if why and kind == "docker" and os.environ.get("LAB_REQUIRE_DOCKER"):
        pytest.fail(f"LAB_REQUIRE_DOCKER is set, and {why}")
    if why:
        pytest.skip(why)


@cache
def missing(kind: str) -> str:
    """Why this machine has no such runtime; empty when it has."""
    try:
        if kind == "sandbox":
            from lab_cloud.runtime.sandbox import check as check_sandbox

            check_sandbox()
        elif kind == "docker":
            from tests.lab_cloud.runtime.engine import check_engine

            check_engine()
    except RuntimeUnavailable as failure:
        return failure.message
    return ""


def maker(kind: str) -> Callable[[Path], Any]:
    """What makes a runtime of this kind in a folder."""
    if kind == "sandbox":
        from lab_cloud.runtime.sandbox import SandboxRuntime

        return SandboxRuntime
    if kind == "docker":
        from lab_cloud.runtime.docker import DockerRuntime

        return lambda home: DockerRuntime(home, online=False)
    return ProcessRuntime


def left_behind(kind: str, home: Path) -> list[str]:
    """What containers of this runtime have left: their folders, or the engine's containers."""
    if kind == "docker":
        from tests.lab_cloud.runtime.engine import containers_of

        return containers_of(home)
    return [path.name for run in (home / "containers").iterdir() for path in run.iterdir()]
