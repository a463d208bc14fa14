"""The ways of other systems, as far as this one can walk them; this system's own is tested by test_process.py."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lab_cloud.runtime.process import OUT_OF_MEMORY, ProcessRuntime
from lab_cloud.runtime.spec import ContainerSpec, Exit, Share
from lab_cloud.system import is_alive
from tests.waiting import until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows walks its own way in all tests")


@pytest.fixture(params=["macos", "windows"])
def foreign(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[ProcessRuntime]:
    """A runtime that does as on macOS (no pidfd, no /proc, no setpriv), or watches as on Windows (a thread each)."""
    if request.param == "macos":
        for name in ("lab_cloud.system.tree", "lab_cloud.system.guardian", "lab_cloud.runtime.watcher"):
            monkeypatch.setattr(f"{name}.LINUX", False)
        monkeypatch.setattr("lab_cloud.system.tree._SETPRIV", None)
    else:
        monkeypatch.setattr("lab_cloud.runtime.watcher.WINDOWS", True)
    runtime = ProcessRuntime(tmp_path / "home")
    yield runtime
    runtime.close()


def wish(code: str, lines: list[str], share: Share | None = None) -> ContainerSpec:
    return ContainerSpec(
        "app", "python", command=("python", "-S", "-c", code), share=share, on_output=lambda _, line: lines.append(line)
    )


def test_output_end_and_children(foreign: ProcessRuntime) -> None:
    lines: list[str] = []
    code = (
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
        "print(p.pid); print('last', end=''); sys.stdout.flush(); sys.exit(6)"
    )
    handle = foreign.start(wish(code, lines))
    assert handle.wait(20) == Exit(6)
    assert lines[1] == "last"
    until(lambda: not is_alive(int(lines[0])))


def test_stop_stats_and_limits(foreign: ProcessRuntime) -> None:
    lines: list[str] = []
    busy = foreign.start(wish("print(1, flush=True)\nwhile True: pass", lines, Share(cpu=0.1)))
    until(lambda: lines and busy.stats().cpu_seconds > 0.2)
    until(lambda: psutil.Process(busy.pid).status() == psutil.STATUS_STOPPED)
    assert busy.stats().memory > 1_000_000
    busy.stop()
    assert busy.wait(20) == Exit(143)
    assert busy.stats().cpu_seconds > 0.2
    code = "import time; h = b'x' * 100_000_000; time.sleep(600)"
    greedy = foreign.start(wish(code, lines, Share(memory=50_000_000)))
    assert greedy.wait(20) == Exit(137, OUT_OF_MEMORY, out_of_memory=True)
