import os
import signal
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab_cloud import system
from tests.waiting import until


def test_a_private_file_is_only_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "cloud.json"
    path.write_text("old")
    path.chmod(0o644)
    system.write_private(path, "new\n")
    assert path.read_bytes() == b"new\n"
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["cloud.json"]


def test_a_private_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "cloud.json"
    system.write_private(path, "old")
    with pytest.raises(UnicodeEncodeError):
        system.write_private(path, "half \ud800")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["cloud.json"]


def test_a_private_file_written_by_many_at_once_is_whole(tmp_path: Path) -> None:
    file, together = tmp_path / "key", threading.Barrier(8)

    def write(letter: str) -> None:
        for _ in range(50):
            together.wait(timeout=30)
            system.write_private(file, letter * 5000)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(write, letter) for letter in "abcdefgh"]:
            done.result()
    text = file.read_text()
    assert text in {letter * 5000 for letter in "abcdefgh"}
    assert list(tmp_path.iterdir()) == [file]


def test_who_is_alive() -> None:
    assert system.is_alive(os.getpid())
    process = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    assert system.is_alive(process.pid)
    system.kill(process.pid)
    until(lambda: not system.is_alive(process.pid))  # also while nobody has waited for it
    process.communicate()
    assert not system.is_alive(process.pid)
    system.kill(process.pid)
    system.terminate(process.pid)


def test_exit_codes_and_signals_are_dockers() -> None:
    assert [system.exit_code(code) for code in (0, 3, -9, -15)] == [0, 3, 137, 143]
    assert system.signal_number("SIGTERM") == system.signal_number("TERM") == signal.SIGTERM
    assert system.signal_number("2") == 2
    assert system.signal_number("SIGNONE") == signal.SIGTERM


@pytest.mark.skipif(os.name != "posix", reason="sessions are POSIX")
def test_a_daemon_outlives_who_started_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = (
        "import sys, os; from pathlib import Path; from lab_cloud.system import start_daemon; "
        f"p = start_daemon([sys.executable, '-S', '-c', 'import os, time; print(os.getsid(0), flush=True); "
        f"time.sleep(60)'], Path({str(log)!r}), {{}}); print(p.pid, flush=True); os._exit(0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    pid = int(done.stdout)
    try:
        assert int(until(log.read_text)) == pid  # a session of its own: no terminal can end it
        assert system.is_alive(pid)
    finally:
        system.terminate(pid)
    until(lambda: not system.is_alive(pid))
