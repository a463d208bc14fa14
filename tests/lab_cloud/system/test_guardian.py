import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lab_cloud.system import MARK, Guardian, is_alive, kill_marked
from tests.waiting import until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="on Windows job objects do this")

SLEEP = "import time; time.sleep(600)"


def marked(value: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, MARK: value}
    process = subprocess.Popen([sys.executable, "-S", "-c", SLEEP], env=env, start_new_session=True)
    until(lambda: psutil.Process(process.pid).environ().get(MARK) == value)  # a new program's environment comes late
    return process


def test_only_what_is_marked_is_killed() -> None:
    mine, other, longer = marked("g1.a"), marked("g2.a"), marked("g11.a")
    try:
        assert until(lambda: kill_marked("g1.")) == 1
        mine.wait(10)
        assert is_alive(other.pid)
        assert is_alive(longer.pid)
        assert until(lambda: kill_marked("g2.", "g11.")) == 2
    finally:
        for process in (mine, other, longer):
            process.kill()
            process.wait()


def test_it_waits_cheaply_and_can_be_sent_away(tmp_path: Path) -> None:
    folder = tmp_path / "containers"
    folder.mkdir()
    guardian = Guardian("g3", folder)
    pid = guardian.pid
    assert pid is not None
    assert guardian.alive()
    guardian.dismiss()
    assert not is_alive(pid)
    assert folder.exists()
    guardian.dismiss()


CLOUD = """
import subprocess, sys, threading, time
from pathlib import Path
from lab_cloud.system import MARK, Guardian, Tree
guardian = Guardian(sys.argv[1], Path(sys.argv[2]))
# A grandchild in a session of its own: the hardest to find.
code = ('import subprocess, sys; p = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"], '
        'start_new_session=True); print(p.pid, flush=True); p.wait()')
tree = Tree([sys.executable, "-S", "-c", code], Path("."), {MARK: sys.argv[1] + ".c"})
print(guardian.pid, tree.pid, int(tree.output.readline()), flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("with_guardian", [True, False])
def test_nothing_outlives_a_killed_cloud(tmp_path: Path, with_guardian: bool) -> None:
    folder = tmp_path / "containers"
    folder.mkdir()
    run = f"g4{os.getpid()}{with_guardian}"
    cloud = subprocess.Popen(
        [sys.executable, "-c", CLOUD, run, str(folder)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert cloud.stdout is not None
    try:
        guardian, child, grandchild = map(int, cloud.stdout.readline().split())
        assert is_alive(guardian)
        assert is_alive(child)
        assert is_alive(grandchild)
        if not with_guardian:
            os.kill(guardian, signal.SIGKILL)
        cloud.kill()
        cloud.wait()
        if with_guardian:
            until(lambda: not is_alive(grandchild))
            until(lambda: not folder.exists())
            until(lambda: not is_alive(guardian))
        if with_guardian or sys.platform.startswith("linux"):
            until(lambda: not is_alive(child))  # without its guardian, by the parent-death signal
    finally:
        cloud.stdout.close()
        kill_marked(run)
