import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lab_cloud.errors import CannotStart, ImageNotFound
from lab_cloud.runtime.process import ProcessRuntime
from lab_cloud.runtime.spec import Exit, Runtime, Share
from lab_cloud.system import MARK, is_alive
from tests.waiting import until

from .running import WAIT, ended, run

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


def test_it_is_a_runtime(runtime: ProcessRuntime) -> None:
    one: Runtime = runtime
    assert one.name == "process"


@posix
def test_a_signal_ends_a_program_that_does_not_handle_it(runtime: ProcessRuntime) -> None:
    plain, seen = run(runtime, WAIT)
    until(lambda: seen.lines)
    plain.stop()
    assert ended(plain) == Exit(143)


@posix
def test_a_suspended_program_hears_the_stop_signal(runtime: ProcessRuntime) -> None:
    code = (
        "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(4))\n"
        "print(1, flush=True)\nwhile True: pass"
    )
    handle, seen = run(runtime, code, share=Share(cpu=0.05))
    until(lambda: seen.lines)
    until(lambda: psutil.Process(handle.pid).status() == psutil.STATUS_STOPPED)
    handle.stop()
    assert ended(handle) == Exit(4)


def test_the_environment_tells_its_ports_and_whose_it_is(runtime: ProcessRuntime) -> None:
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    handle, seen = run(runtime, code, ports=(80,))
    ended(handle)
    environment = json.loads(seen.lines[0])
    assert environment["PORT_80"] == environment["PORT"] == str(handle.ports[80])
    assert environment[MARK].endswith(handle.id[:12])


def test_its_folder_is_its_own_and_goes_with_it(runtime: ProcessRuntime) -> None:
    code = (
        "import os, time\nwith open('tmp/x', 'w') as file: file.write('mine')\n"
        "print(os.getcwd(), flush=True); time.sleep(600)"
    )
    (one, first), (two, second) = run(runtime, code), run(runtime, code)
    until(lambda: first.lines and second.lines)
    assert first.lines != second.lines
    assert (Path(first.lines[0]) / "tmp" / "x").read_text() == "mine"
    one.kill()
    ended(one)
    until(lambda: not Path(first.lines[0]).exists())
    assert Path(second.lines[0]).exists()
    two.kill()


@pytest.mark.parametrize("session", ["True", "False"])
def test_what_it_started_ends_with_it(runtime: ProcessRuntime, session: str) -> None:
    code = (
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(600)'], "
        f"start_new_session={session})\nprint(p.pid)"
    )
    handle, seen = run(runtime, code)
    assert ended(handle) == Exit(0)
    until(lambda: not is_alive(int(seen.lines[0])))


def test_what_cannot_start_leaves_nothing(runtime: ProcessRuntime, tmp_path: Path) -> None:
    for command in (("nope",), ("/bin/nope",)):
        with pytest.raises(CannotStart):
            run(runtime, "", command=command, ports=(80,))
    with pytest.raises(ImageNotFound):
        run(runtime, "", image="nope")
    with pytest.raises(CannotStart):
        run(runtime, "", working_directory="x" * 5000)
    assert [list(folder.iterdir()) for folder in (tmp_path / "home" / "containers").iterdir()] == [[]]
    assert runtime._ports._taken == set()


def test_a_stolen_port_is_told(runtime: ProcessRuntime) -> None:
    code = (
        "import os, socket, sys\nsys.stdin.close()\n"
        "while not os.path.exists('go'): pass\n"
        "socket.create_server(('127.0.0.1', int(os.environ['PORT'])))"
    )
    handle, _ = run(runtime, code, ports=(80,))
    with socket.create_server(("127.0.0.1", handle.ports[80])):
        (handle.folder / "go").touch()
        end = ended(handle)
    assert end.code == 1
    assert end.reason == f"the loopback port {handle.ports[80]} of this container is used by another program"


def test_close_ends_everything(tmp_path: Path) -> None:
    runtime = ProcessRuntime(tmp_path / "home")
    started = [run(runtime, WAIT) for _ in range(4)]
    guardian = runtime._guardian
    assert guardian is not None
    pid = guardian.pid
    runtime.close()
    runtime.close()
    for handle, seen in started:
        assert seen.exits == [Exit(137)]
        assert not is_alive(handle.pid)
    assert pid is None or not is_alive(pid)
    assert list((tmp_path / "home" / "containers").iterdir()) == []
    with pytest.raises(CannotStart, match="going down"):
        run(runtime, WAIT)


CLOUD = """
import sys, time
from pathlib import Path
from lab_cloud.runtime.process import ProcessRuntime
from lab_cloud.runtime.spec import ContainerSpec
code = ("import subprocess, sys, time; "
        "p = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(600)'], start_new_session=True); "
        "print(p.pid, flush=True); time.sleep(600)")
runtime = ProcessRuntime(Path(sys.argv[1]))
def show(when, line): print(line, flush=True)
spec = ContainerSpec("a", "python", command=("python", "-S", "-c", code), on_output=show)
handles = [runtime.start(spec) for _ in range(3)]
print(*(handle.pid for handle in handles), flush=True)
time.sleep(600)
"""


def test_nothing_outlives_a_killed_cloud(tmp_path: Path) -> None:
    cloud = subprocess.Popen(
        [sys.executable, "-c", CLOUD, str(tmp_path / "home")], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert cloud.stdout is not None
    with cloud.stdout:
        pids = [int(word) for _ in range(4) for word in cloud.stdout.readline().split()]
        assert len(pids) == 6
        assert all(is_alive(pid) for pid in pids)
        cloud.kill()
        cloud.wait()
    until(lambda: not any(is_alive(pid) for pid in pids))
    until(lambda: not any((tmp_path / "home" / "containers").iterdir()) or os.name != "posix")


def test_what_a_killed_cloud_left_is_cleaned(tmp_path: Path) -> None:
    left = tmp_path / "home" / "containers" / "old" / "abc"
    left.mkdir(parents=True)
    runtime = ProcessRuntime(tmp_path / "home")
    try:
        until(lambda: not left.parent.exists())
    finally:
        runtime.close()


@posix
def test_a_killed_guardian_is_replaced(runtime: ProcessRuntime) -> None:
    run(runtime, WAIT)
    guardian = runtime._guardian
    assert guardian is not None
    assert guardian.pid is not None
    os.kill(guardian.pid, signal.SIGKILL)
    until(lambda: not guardian.alive())
    run(runtime, WAIT)
    assert runtime._guardian is not None
    assert runtime._guardian.alive()
    guardian.dismiss()
