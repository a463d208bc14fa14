"""What every runtime must do. One that this machine has not is skipped, and says why."""

import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab_cloud.errors import CannotStart, ImageNotFound
from lab_cloud.runtime.spec import ContainerSpec, Exit, Mount, Runtime, Share
from lab_cloud.system import is_alive
from tests.waiting import until

from .kinds import KINDS, left_behind, maker, need
from .running import WAIT, Seen, ended, run

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
ROOT = Path(__file__).parents[3]
HEAR = "import os, signal, time\ndef end(*_): os.write(1, b'bye\\n'); os._exit(5)\n"
IDLE = "print('ready', flush=True)\ntime.sleep(600)"


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    need(request.param)
    return str(request.param)


@pytest.fixture(scope="module")
def home(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp(kind) / "home"


@pytest.fixture(scope="module")
def runtime(kind: str, home: Path) -> Iterator[Runtime]:
    made = maker(kind)(home)
    yield made
    made.close()
    assert left_behind(kind, home) == []


def test_it_says_what_it_is(runtime: Runtime, kind: str) -> None:
    assert runtime.name == kind


def test_output_and_exit_code_are_the_programs_own(runtime: Runtime) -> None:
    handle, seen = run(runtime, "import sys; print('out'); print('err', file=sys.stderr, end=''); sys.exit(3)")
    assert ended(handle) == handle.exit == Exit(3)
    assert sorted(seen.lines) == ["err", "out"]
    assert seen.exits == [Exit(3)]
    assert len(handle.id) == 64


def test_output_comes_while_it_runs(runtime: Runtime) -> None:
    handle, seen = run(runtime, WAIT)
    until(lambda: seen.lines == ["ready"])
    assert handle.exit is None
    assert handle.wait(0) is None
    assert is_alive(handle.pid)
    handle.kill()
    assert ended(handle) == Exit(137)


def test_much_output_is_complete_and_in_order(runtime: Runtime) -> None:
    handle, seen = run(runtime, "import sys\nfor n in range(20000): print(n, 'x' * 50)\nsys.stdout.write('y' * 600000)")
    ended(handle)
    assert [line.split()[0] for line in seen.lines[:20000]] == [str(number) for number in range(20000)]
    assert "".join(seen.lines[20000:]) == "y" * 600000
    assert seen.times == sorted(seen.times)


@posix
def test_stop_lets_it_finish(runtime: Runtime) -> None:
    handle, seen = run(runtime, f"{HEAR}signal.signal(signal.SIGTERM, end)\n{IDLE}")
    until(lambda: seen.lines == ["ready"])
    handle.stop()
    handle.stop()
    assert ended(handle) == Exit(5)
    assert seen.lines == ["ready", "bye"]
    handle.stop()
    handle.kill()
    assert len(seen.exits) == 1


@posix
def test_the_images_own_stop_signal(runtime: Runtime) -> None:
    command = ("python", "-S", "-c", f"{HEAR}signal.signal(signal.SIGQUIT, end)\n{IDLE}")
    handle, seen = run(runtime, "", image="nginx", command=command)  # its StopSignal is SIGQUIT
    until(lambda: seen.lines == ["ready"])
    handle.stop()
    assert ended(handle) == Exit(5)


@posix
def test_who_does_not_listen_is_killed_after_the_timeout(runtime: Runtime) -> None:
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAIT}"
    handle, seen = run(runtime, deaf, stop_timeout=0.3)
    until(lambda: seen.lines)
    handle.stop()
    assert ended(handle) == Exit(137)


def test_ports_are_loopback_ports_of_its_own(runtime: Runtime) -> None:
    handles = [run(runtime, "", image="containers-on-aws/web:1", command=None, ports=(80, 9000))[0] for _ in range(3)]
    assert len({port for handle in handles for port in handle.ports.values()}) == 6
    for handle in handles:
        url = f"http://127.0.0.1:{handle.ports[80]}/health"
        assert until(lambda url=url: urllib.request.urlopen(url, timeout=5).status, 20) == 200
        assert listens_on_loopback_only(handle.ports[80])
    for handle in handles:
        handle.kill()
        ended(handle)


def listens_on_loopback_only(port: int) -> bool:
    import psutil

    found = {
        each.laddr.ip for each in psutil.net_connections("tcp") if each.status == "LISTEN" and each.laddr.port == port
    }
    return found == {"127.0.0.1"}


def test_the_environment_is_what_the_task_says(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the learner's own")
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    handle, seen = run(runtime, code, environment={"COLOR": "blue", "EMPTY": "", "SIGN": "a=b c\nd"})
    ended(handle)
    environment = json.loads(seen.lines[0])
    assert {name: environment[name] for name in ("COLOR", "EMPTY", "SIGN")} == {
        "COLOR": "blue",
        "EMPTY": "",
        "SIGN": "a=b c\nd",
    }
    assert environment["HOSTNAME"] == handle.id[:12]
    assert "AWS_SECRET_ACCESS_KEY" not in environment


def test_the_images_environment_can_be_overridden(runtime: Runtime) -> None:
    code = "import os; print(os.environ['WEB_COLOR'], os.environ['WEB_VERSION'])"
    handle, seen = run(runtime, code, image="containers-on-aws/web:1", environment={"WEB_COLOR": "green"})
    ended(handle)
    assert seen.lines == ["green 1"]


def test_a_host_name_of_its_own(runtime: Runtime, kind: str) -> None:
    code = "import os, socket; print(os.environ['HOSTNAME']); print(socket.gethostname())"
    handle, seen = run(runtime, code, hostname="ip-10-0-1-7")
    ended(handle)
    assert seen.lines[0] == "ip-10-0-1-7"
    assert kind == "process" or seen.lines[1] == "ip-10-0-1-7"


ARGUMENTS = "import sys; print(*sys.argv[1:])"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"command": ("python", "-S", "-c", ARGUMENTS, "a", "b c")}, "a b c"),
        ({"entry_point": ("python", "-S", "-c", ARGUMENTS), "command": ("x",)}, "x"),
        ({"entry_point": ("python", "-S", "-c", ARGUMENTS), "command": None}, ""),
        pytest.param({"command": ("/bin/sh", "-c", "echo $((6 * 7)) && exit 0")}, "42", marks=posix),
    ],
)
def test_entry_point_and_command_are_joined_as_docker_does(runtime: Runtime, fields: dict[str, Any], said: str) -> None:
    handle, seen = run(runtime, "", **fields)
    assert ended(handle) == Exit(0)
    assert seen.lines == [said]


def test_a_working_directory_is_made(runtime: Runtime) -> None:
    code = "import os; print(os.getcwd()); open('made', 'w').close(); print(os.listdir('.'))"
    handle, seen = run(runtime, code, working_directory="/srv/deep/er")
    ended(handle)
    assert seen.lines[0].endswith("/srv/deep/er")
    assert seen.lines[1] == "['made']"


def test_files_of_one_are_not_files_of_another(runtime: Runtime) -> None:
    (one, first), (two, second) = (
        run(runtime, f"import os, time\nopen('tmp/{name}', 'w').close()\nprint('ready', flush=True)\ntime.sleep(600)")
        for name in ("one", "two")
    )
    until(lambda: first.lines and second.lines)
    listed = one.exec(["python", "-S", "-c", "import os; print(os.listdir('tmp'))"], 20)
    assert listed.output.strip() == "['one']"
    for handle in (one, two):
        handle.kill()
        ended(handle)


def test_a_mount_is_a_folder_of_this_machine(runtime: Runtime, tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "hello.txt").write_text("hello")
    code = (
        "import os, sys\nprint(open(sys.argv[1]).read(), open(os.environ['DATA'] + '/in/hello.txt').read())\n"
        "print(open('data/files/in/hello.txt').read())\nopen(sys.argv[2], 'w').write('answer')"
    )
    command = ("python", "-S", "-c", code, "/data/files/in/hello.txt", "/data/files/out.txt")
    mount = Mount(folder, "/data/files")
    handle, seen = run(runtime, "", command=command, mounts=(mount,), environment={"DATA": "/data/files"})
    assert ended(handle) == Exit(0)
    assert seen.lines == ["hello hello", "hello"]
    assert (folder / "out.txt").read_text() == "answer"
    assert (folder / "in" / "hello.txt").exists()  # what the container had is gone, what it saw is not


def test_a_read_only_mount(runtime: Runtime, kind: str, tmp_path: Path) -> None:
    if kind == "process":
        pytest.skip("a plain process may write what its user may write")
    code = "open('/data/x', 'w')"
    handle, _ = run(runtime, code, mounts=(Mount(tmp_path, "/data", read_only=True),))
    assert ended(handle) == Exit(1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["data", "/", "/data/../.."])
def test_a_mount_in_no_place(runtime: Runtime, tmp_path: Path, target: str) -> None:
    with pytest.raises(CannotStart, match="invalid mount path"):
        run(runtime, WAIT, mounts=(Mount(tmp_path, target),))
    with pytest.raises(CannotStart, match="not a folder"):
        run(runtime, WAIT, mounts=(Mount(tmp_path / "nothing", "/data"),))


def test_exec_runs_beside_it(runtime: Runtime) -> None:
    handle, seen = run(runtime, WAIT, environment={"COLOR": "blue"}, working_directory="/srv")
    until(lambda: seen.lines)
    code = "import os; print(os.environ['COLOR'], os.path.basename(os.getcwd()), flush=True); os._exit(4)"
    done = handle.exec(["python", "-S", "-c", code], 20)
    assert (done.code, done.output.split(), done.timed_out) == (4, ["blue", "srv"], False)
    late = handle.exec(["python", "-S", "-c", WAIT], 0.5)
    assert (late.code, late.timed_out) == (124, True)
    with pytest.raises(CannotStart, match="not found"):
        handle.exec(["no-such-command"], 20)
    handle.kill()
    ended(handle)
    with pytest.raises(CannotStart, match="not running"):
        handle.exec(["python", "-V"], 20)


@posix
def test_a_health_check_in_a_shell(runtime: Runtime) -> None:
    handle, seen = run(runtime, WAIT)
    until(lambda: seen.lines)
    assert handle.exec(["/bin/sh", "-c", "exit 0"], 20).code == 0
    assert handle.exec(["/bin/sh", "-c", "false || exit 1"], 20).code == 1
    handle.kill()
    ended(handle)


def test_stats_are_measured(runtime: Runtime) -> None:
    burn = f"import time\nh = b'x' * 50_000_000\nwhile time.process_time() < 0.3: pass\n{WAIT}"
    handle, seen = run(runtime, burn)
    until(lambda: seen.lines)
    stats = handle.stats()
    assert 0.3 <= stats.cpu_seconds < 0.8
    assert 50_000_000 < stats.memory < 120_000_000
    handle.kill()
    ended(handle)
    after = handle.stats()
    assert after.memory == 0
    assert after.cpu_seconds >= stats.cpu_seconds


@pytest.mark.parametrize("fields", [{"memory_limit": 60_000_000}, {"share": Share(memory=60_000_000)}])
def test_too_much_memory_ends_it(runtime: Runtime, fields: dict[str, Any]) -> None:
    handle, seen = run(runtime, "import time; h = b'x' * 200_000_000; time.sleep(600)", **fields)
    end = ended(handle)
    assert (end.code, end.out_of_memory) == (137, True)
    assert end.reason == "OutOfMemoryError: Container killed due to memory usage"
    assert seen.exits == [end]


def test_the_largest_of_a_task_is_killed(runtime: Runtime) -> None:
    share = Share(memory=90_000_000)
    small, seen = run(runtime, f"h = b'x' * 30_000_000; {WAIT}", share=share)
    until(lambda: seen.lines)
    large, _ = run(runtime, "import time; h = b'x' * 70_000_000\nwhile True: time.sleep(0.01)", share=share)
    assert ended(large).out_of_memory
    assert small.exit is None
    small.kill()
    ended(small)


BURN = "print(1, flush=True)\nwhile True: pass"


def cpus(handles: list[Any], seconds: float) -> float:
    """Processors that containers use together, over some seconds."""
    begin = [handle.stats() for handle in handles]
    until(lambda: handles[0].stats().read - begin[0].read > seconds, seconds + 20)
    end = [handle.stats() for handle in handles]
    used = sum(last.cpu_seconds - first.cpu_seconds for first, last in zip(begin, end, strict=True))
    return used / (end[0].read - begin[0].read)


def test_a_busy_task_is_held_to_its_share(runtime: Runtime) -> None:
    handle, _ = run(runtime, BURN, share=Share(cpu=0.2))
    until(lambda: handle.stats().cpu_seconds > 0.4, 30)
    assert 0.02 < cpus([handle], 3) <= 0.2 * 1.25
    handle.kill()
    ended(handle)


def test_a_share_is_for_all_containers_of_a_task(runtime: Runtime) -> None:
    share = Share(cpu=0.3)
    handles = [run(runtime, BURN, share=share)[0] for _ in range(2)]
    until(lambda: all(handle.stats().cpu_seconds > 0.3 for handle in handles), 30)
    assert cpus(handles, 3) <= 0.3 * 1.25
    for handle in handles:
        handle.kill()
        ended(handle)


def test_what_cannot_start_leaves_nothing(runtime: Runtime, kind: str, home: Path) -> None:
    for command in (("nope",), ("/bin/nope",)):
        with pytest.raises(CannotStart, match=r"CannotStartContainerError: .*nope"):
            run(runtime, "", command=command, ports=(80,))
    until(lambda: left_behind(kind, home) == [])


@pytest.mark.parametrize(
    "image", ["no-such-image-here", "containers-on-aws/web:9", "NO such", "127.0.0.1:1/x:1", f"nginx@sha256:{'0' * 64}"]
)
def test_an_image_that_is_not_there(runtime: Runtime, image: str) -> None:
    with pytest.raises(ImageNotFound, match="CannotPullContainerError"):
        run(runtime, WAIT, image=image)


def test_pull_tells_the_digest(runtime: Runtime) -> None:
    first, second = runtime.pull("containers-on-aws/web:1"), runtime.pull("containers-on-aws/web:1")
    assert first == second
    assert first.digest.startswith("sha256:")
    assert first.config["StopSignal"] == "SIGTERM"


def test_a_callback_that_fails_harms_nobody_else(runtime: Runtime, caplog: pytest.LogCaptureFixture) -> None:
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


def test_many_start_at_once(runtime: Runtime) -> None:
    found: dict[int, tuple[Any, Seen]] = {}

    def begin(number: int) -> None:
        found[number] = run(runtime, f"print({number}); raise SystemExit({number})", ports=(80,))

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {number: (ended(handle).code, seen.lines) for number, (handle, seen) in found.items()} == {
        number: (number, [str(number)]) for number in range(8)
    }


def test_close_ends_everything(kind: str, tmp_path: Path) -> None:
    runtime = maker(kind)(tmp_path / "home")
    started = [run(runtime, WAIT) for _ in range(3)]
    pids = [handle.pid for handle, _ in started]
    runtime.close()
    runtime.close()
    for handle, seen in started:
        assert seen.exits == [Exit(137)] == [handle.exit]
    assert not any(is_alive(pid) for pid in pids)
    assert left_behind(kind, tmp_path / "home") == []
    with pytest.raises(CannotStart, match="going down"):
        run(runtime, WAIT)


CLOUD = """
import sys, time
from pathlib import Path
from lab_cloud.runtime.spec import ContainerSpec
from tests.lab_cloud.runtime.kinds import maker
runtime = maker(sys.argv[1])(Path(sys.argv[2]))
spec = ContainerSpec("a", "python", command=("python", "-S", "-c", "import time; time.sleep(600)"))
handles = [runtime.start(spec) for _ in range(3)]
print(*(handle.pid for handle in handles), flush=True)
time.sleep(600)
"""


def test_nothing_outlives_a_killed_cloud(kind: str, tmp_path: Path) -> None:
    cloud = subprocess.Popen(
        [sys.executable, "-c", CLOUD, kind, str(tmp_path / "home")], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert cloud.stdout is not None
    with cloud.stdout:
        pids = [int(word) for word in cloud.stdout.readline().split()]
        assert len(pids) == 3
        assert all(is_alive(pid) for pid in pids)
        cloud.kill()
        cloud.wait()
    until(lambda: not any(is_alive(pid) for pid in pids), 20)
    until(lambda: left_behind(kind, tmp_path / "home") == [], 20)
