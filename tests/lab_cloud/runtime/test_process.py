import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest

from lab_cloud.errors import CannotStart, ImageNotFound
from lab_cloud.runtime.process import OUT_OF_MEMORY, ProcessHandle, ProcessRuntime
from lab_cloud.runtime.spec import ContainerSpec, Exit, Runtime, Share
from lab_cloud.system import MARK, is_alive
from tests.waiting import until

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
WAIT = "import time; print('ready', flush=True); time.sleep(600)"


class Seen:
    """What a container told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.times: list[float] = []
        self.exits: list[Exit] = []
        self.threads: set[str] = set()

    def output(self, when: float, line: str) -> None:
        self.times.append(when)
        self.lines.append(line)

    def exit(self, end: Exit) -> None:
        self.threads.add(threading.current_thread().name)
        self.exits.append(end)


def run(runtime: ProcessRuntime, code: str, **fields: Any) -> tuple[ProcessHandle, Seen]:
    seen = Seen()
    fields.setdefault("image", "python:3.12-alpine")
    fields.setdefault("command", ("python", "-S", "-c", code))
    spec = ContainerSpec(name="app", on_output=seen.output, on_exit=seen.exit, **fields)
    return runtime.start(spec), seen


def ended(handle: ProcessHandle) -> Exit:
    end = handle.wait(20)
    assert end is not None
    return end


def test_it_is_a_runtime(runtime: ProcessRuntime) -> None:
    one: Runtime = runtime
    assert one.name == "process"


def test_output_and_exit_code_are_the_programs_own(runtime: ProcessRuntime) -> None:
    handle, seen = run(runtime, "import sys; print('out'); print('err', file=sys.stderr, end=''); sys.exit(3)")
    assert ended(handle) == handle.exit == Exit(3)
    assert sorted(seen.lines) == ["err", "out"]
    assert seen.exits == [Exit(3)]
    assert seen.threads == {"watcher"} or os.name != "posix"
    assert len(handle.id) == 64


def test_output_comes_while_it_runs(runtime: ProcessRuntime) -> None:
    handle, seen = run(runtime, WAIT)
    until(lambda: seen.lines == ["ready"])
    assert handle.exit is None
    assert handle.wait(0) is None
    handle.kill()
    assert ended(handle) == Exit(137)


def test_much_output_is_complete(runtime: ProcessRuntime) -> None:
    handle, seen = run(runtime, "import sys\nfor n in range(20000): print(n, 'x' * 50)\nsys.stdout.write('y' * 600000)")
    ended(handle)
    assert [line.split()[0] for line in seen.lines[:20000]] == [str(number) for number in range(20000)]
    assert "".join(seen.lines[20000:]) == "y" * 600000


@posix
def test_stop_lets_it_finish(runtime: ProcessRuntime) -> None:
    code = (
        "import signal, sys, time\n"
        "def end(*_): print('bye', flush=True); sys.exit(5)\n"
        "signal.signal(signal.SIGTERM, end)\nprint('ready', flush=True)\ntime.sleep(600)"
    )
    handle, seen = run(runtime, code)
    until(lambda: seen.lines == ["ready"])
    handle.stop()
    handle.stop()
    assert ended(handle) == Exit(5)
    assert seen.lines == ["ready", "bye"]
    handle.stop()
    handle.kill()
    assert len(seen.exits) == 1


@posix
def test_who_does_not_listen_is_killed_after_the_timeout(runtime: ProcessRuntime) -> None:
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAIT}"
    handle, seen = run(runtime, deaf, stop_timeout=0.3)
    until(lambda: seen.lines)
    handle.stop()
    assert ended(handle) == Exit(137)
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


def test_ports_are_loopback_ports_of_its_own(runtime: ProcessRuntime) -> None:
    handles = [run(runtime, "", image="containers-on-aws/web:1", command=None, ports=(80, 9000))[0] for _ in range(3)]
    assert len({port for handle in handles for port in handle.ports.values()}) == 6
    for handle in handles:
        url = f"http://127.0.0.1:{handle.ports[80]}/health"
        assert until(lambda url=url: urllib.request.urlopen(url, timeout=5).status) == 200
        addresses = {each.laddr for each in psutil.Process(handle.pid).net_connections() if each.status == "LISTEN"}
        assert {address.ip for address in addresses} == {"127.0.0.1"}


def test_the_environment_is_what_the_task_says(runtime: ProcessRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the learner's own")
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    handle, seen = run(runtime, code, environment={"COLOR": "blue"}, ports=(80,))
    ended(handle)
    environment = json.loads(seen.lines[0])
    assert environment["COLOR"] == "blue"
    assert environment["HOSTNAME"] == handle.id[:12]
    assert environment["PORT_80"] == environment["PORT"] == str(handle.ports[80])
    assert environment[MARK].endswith(handle.id[:12])
    assert "AWS_SECRET_ACCESS_KEY" not in environment


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


def test_exec_runs_beside_it(runtime: ProcessRuntime) -> None:
    handle, seen = run(runtime, WAIT, environment={"COLOR": "blue"})
    until(lambda: seen.lines)
    code = "import os; print(os.environ['COLOR'], os.getcwd(), flush=True); os._exit(4)"
    done = handle.exec(["python", "-S", "-c", code], 20)
    assert (done.code, done.timed_out) == (4, False)
    assert done.output.split() == ["blue", str(handle.folder)]
    late = handle.exec(["python", "-S", "-c", WAIT], 0.5)
    assert (late.code, late.timed_out) == (124, True)
    with pytest.raises(CannotStart, match="not found"):
        handle.exec(["no-such-command"], 5)
    handle.kill()
    ended(handle)
    with pytest.raises(CannotStart, match="not running"):
        handle.exec(["python", "-V"], 5)


@posix
def test_a_health_check_in_a_shell(runtime: ProcessRuntime) -> None:
    handle, seen = run(runtime, WAIT)
    until(lambda: seen.lines)
    assert handle.exec(["/bin/sh", "-c", "exit 0"], 20).code == 0
    assert handle.exec(["/bin/sh", "-c", "false || exit 1"], 20).code == 1


def test_stats_are_measured(runtime: ProcessRuntime) -> None:
    burn = f"import time\nh = b'x' * 50_000_000\nwhile time.process_time() < 0.3: pass\n{WAIT}"
    handle, seen = run(runtime, burn)
    until(lambda: seen.lines)
    stats = handle.stats()
    assert 0.3 <= stats.cpu_seconds < 0.6
    assert 50_000_000 < stats.memory < 120_000_000
    handle.kill()
    ended(handle)
    after = handle.stats()
    assert after.memory == 0
    assert after.cpu_seconds >= stats.cpu_seconds


@pytest.mark.parametrize("fields", [{"memory_limit": 60_000_000}, {"share": Share(memory=60_000_000)}])
def test_too_much_memory_ends_it(runtime: ProcessRuntime, fields: dict[str, Any]) -> None:
    handle, seen = run(runtime, "import time; h = b'x' * 200_000_000; time.sleep(600)", **fields)
    assert ended(handle) == Exit(137, OUT_OF_MEMORY, out_of_memory=True)
    assert len(seen.exits) == 1


def test_the_largest_of_a_task_is_killed(runtime: ProcessRuntime) -> None:
    share = Share(memory=90_000_000)
    small, seen = run(runtime, WAIT, share=share)
    until(lambda: seen.lines)
    large, _ = run(runtime, "import time; h = b'x' * 120_000_000; time.sleep(600)", share=share)
    assert ended(large).out_of_memory
    assert small.exit is None


def test_a_busy_task_is_held_to_its_share(runtime: ProcessRuntime) -> None:
    handle, _ = run(runtime, "while True: pass", share=Share(cpu=0.2))
    until(lambda: handle.stats().cpu_seconds > 0.4, seconds=30)
    begin = handle.stats()
    until(lambda: handle.stats().read - begin.read > 3)
    end = handle.stats()
    assert (end.cpu_seconds - begin.cpu_seconds) / (end.read - begin.read) <= 0.2 * 1.25


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


def test_a_callback_that_fails_harms_nobody_else(runtime: ProcessRuntime, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no")

    handle = runtime.start(
        ContainerSpec("app", "python", command=("python", "-S", "-c", "print(1)"), on_output=fail, on_exit=fail)
    )
    assert ended(handle) == Exit(0)
    other, seen = run(runtime, "print(2)")
    assert ended(other) == Exit(0)
    assert seen.lines == ["2"]
    assert "could not be" in caplog.text


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
