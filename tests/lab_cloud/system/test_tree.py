import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab_cloud.system import MARK, Tree, is_alive
from tests.waiting import until

posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-S", "-c", sys.argv[1]], start_new_session=len(sys.argv) > 2)
print(child.pid, flush=True)
child.wait()
time.sleep(600)
"""


@contextmanager
def tree(tmp_path: Path, *argv: str) -> Iterator[Tree]:
    tree = Tree([sys.executable, "-S", "-c", *argv], tmp_path, {**os.environ, MARK: "test.tree"})
    try:
        yield tree
    finally:
        tree.kill()
        tree.reap()
        tree.output.close()


def test_it_runs_where_and_as_told(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd()); print(os.environ['" + MARK + "'], file=sys.stderr); sys.exit(7)"
    with tree(tmp_path, code) as running:
        output = b"".join(iter(lambda: running.output.read(4096), b""))
        assert running.reap() == 7
        assert running.ended()
        assert {line.strip() for line in output.decode().splitlines()} == {str(tmp_path.resolve()), "test.tree"}
        assert running.reap() == 7


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, 137)])
def test_a_signal_gives_dockers_exit_code(tmp_path: Path, number: int, code: int) -> None:
    with tree(tmp_path, "import time; time.sleep(600)") as running:
        assert not running.ended()
        running.send(number)
        until(running.ended)
        assert running.reap() == code
        running.send(number)  # to nobody


@pytest.mark.parametrize("session", [(), ("own session",)])
def test_its_children_die_with_it(tmp_path: Path, session: tuple[str, ...]) -> None:
    with tree(tmp_path, PARENT, "import time; time.sleep(600)", *session) as running:
        child = int(running.output.readline())
        assert is_alive(child)
        running.kill()
        until(lambda: not is_alive(child))


@posix
def test_it_can_be_suspended_with_its_children(tmp_path: Path) -> None:
    with tree(tmp_path, PARENT, "while True: pass", "own session") as running:
        running.output.readline()

        def used_since(before: float) -> float:
            running.refresh()
            return running.cpu_seconds() - before

        until(lambda: used_since(0.0) > 0.2)
        running.suspend()
        settled = until(lambda: (running.cpu_seconds(),) * (running.cpu_seconds() == running.cpu_seconds()))[0]
        # Another process gets through as much work as this one would have done.
        waste = threading.Thread(target=lambda: sum(range(5_000_000)))
        waste.start()
        waste.join()
        assert used_since(settled) < 0.02
        running.resume()
        until(lambda: used_since(settled) > 0.1)
        running.suspend()
        running.kill()  # also what stands still
        until(running.ended)


def test_it_measures_children_that_have_ended(tmp_path: Path) -> None:
    burn = "import time\nend = time.thread_time() + 0.3\nwhile time.thread_time() < end: pass"
    with tree(tmp_path, PARENT, burn) as running:
        child = int(running.output.readline())
        until(lambda: not is_alive(child))

        def total() -> float:
            running.refresh()
            return running.cpu_seconds()

        until(lambda: total() >= 0.28)
        before = running.cpu_seconds()
        running.kill()
        running.reap()
        assert running.cpu_seconds() >= before
        assert running.memory() == 0


def test_it_measures_memory(tmp_path: Path) -> None:
    with tree(tmp_path, "import time; held = b'x' * 80_000_000; print(flush=True); time.sleep(600)") as running:
        running.output.readline()
        assert 80_000_000 < running.memory() < 160_000_000


def test_a_command_is_ended_when_its_time_is_over(tmp_path: Path) -> None:
    env = {**os.environ, MARK: "test.tree"}
    code, output, late = Tree([sys.executable, "-S", "-c", "print('x' * 100)"], tmp_path, env).finish(30, limit=50)
    assert (code, output, late) == (0, b"x" * 50, False)
    slow = "import time; print('begun', flush=True); time.sleep(600)"
    code, output, late = Tree([sys.executable, "-S", "-c", slow], tmp_path, env).finish(0.5)
    assert late
    assert code == 137


def test_what_is_not_there_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        Tree([str(tmp_path / "nothing")], tmp_path / "nowhere", {})
