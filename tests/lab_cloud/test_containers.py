"""Containers by themselves, on each runtime that this machine has."""

import threading
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from lab_cloud import containers as module
from lab_cloud.container_record import Record
from lab_cloud.container_wish import Wish
from lab_cloud.containers import Containers
from lab_cloud.errors import CannotStart, CloudError, ImageNotFound
from lab_cloud.runtime.spec import Mount
from tests.lab_cloud.runtime.kinds import KINDS, left_behind, maker, need
from tests.waiting import until

PYTHON = "python:3.12-alpine"
SERVER = """\
import http.server, os, signal, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header('content-length', '2'); self.end_headers(); self.wfile.write(b'hi')
    def log_message(self, *_): pass
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print('listening', flush=True)
http.server.HTTPServer(('0.0.0.0', int(os.environ.get('PORT', '80'))), Page).serve_forever()
"""
WAIT = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); time.sleep(600)"


@pytest.fixture(scope="module", params=KINDS)
def containers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    need(request.param)
    home = tmp_path_factory.mktemp(request.param)
    runtime = maker(request.param)(home)
    yield Containers(runtime, home / "volumes", lambda host: None)
    runtime.close()
    assert left_behind(request.param, home) == []


@pytest.fixture(autouse=True)
def _tidy(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "containers" in request.fixturenames:
        found: Containers = request.getfixturevalue("containers")
        for record in found.all():
            found.remove(record.name, force=True)


def run(containers: Containers, code: str, **fields: Any) -> Record:
    return containers.run(Wish(PYTHON, command=("python", "-c", code), **fields), lambda line: None)


def end(record: Record) -> Any:
    assert record.handle is not None
    record.handle.wait(30)
    return until(lambda: record.exit)


def lines(record: Record) -> list[str]:
    return [line for _, line in record.output.after(0)[0]]


def test_a_server_at_a_port_of_its_own(containers: Containers) -> None:
    record = run(containers, SERVER, name="web", ports={80: 0})
    assert record.status == "running"
    (port,) = record.published.values()
    until(lambda: lines(record) == ["listening"])
    with until(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=2)) as answer:
        assert answer.read() == b"hi"
    with pytest.raises(CannotStart) as caught:
        run(containers, SERVER, ports={80: port})
    assert "already" in caught.value.message
    assert "-p 80" in caught.value.remedy
    assert [each.name for each in containers.all()] == ["web"]  # nothing is kept of the other
    with pytest.raises(CloudError, match='name "/web" is already in use'):
        run(containers, SERVER, name="web")
    assert containers.find(record.id[:8]) is record
    stats = containers.stats("web")
    assert stats["memory"] > 1_000_000
    assert stats["memory_limit"] is None
    assert containers.exec("web", ["python", "-c", "print(6 * 7)"], 30).output == "42\n"
    with pytest.raises(CloudError, match="container is running"):
        containers.remove("web")
    assert containers.stop("web").json()["exit_code"] == 0
    assert record.published == {}
    for refused in (lambda: containers.exec("web", ["python"], 5), lambda: containers.stats("web")):
        with pytest.raises(CloudError, match="is not running"):
            refused()
    again = run(containers, SERVER, ports={80: port})  # the port is free again
    assert again.published == {80: port}


def test_two_at_once_do_not_share_files(containers: Containers) -> None:
    one, two = (run(containers, WAIT, name=name) for name in ("one", "two"))
    assert one.id != two.id
    containers.exec("one", ["python", "-c", "open('/tmp/note', 'w').write('x')"], 30)
    look = ["python", "-c", "import os; print(os.path.exists('/tmp/note'))"]
    if containers._runtime.name == "process":  # absolute paths in an argument's text are not mapped
        look = ["python", "-c", "import os; print(os.path.exists(os.environ['TMPDIR'] + '/note'))"]
        assert containers.exec("two", look, 30).output == "False\n"
        return
    assert containers.exec("one", look, 30).output == "True\n"
    assert containers.exec("two", look, 30).output == "False\n"


def test_exit_codes_are_kept(containers: Containers) -> None:
    record = run(containers, "print('so long'); raise SystemExit(3)", environment={"A": "b"}, labels={"lab": "01"})
    assert end(record).code == 3
    assert lines(record) == ["so long"]
    facts = record.json()
    assert (facts["status"], facts["exit_code"], facts["oom_killed"]) == ("exited", 3, False)
    assert facts["labels"] == {"lab": "01"}
    assert facts["command"][:2] == ["python", "-c"]
    containers.remove(record.name)
    with pytest.raises(CloudError, match="No such container"):
        containers.find(record.name)


def test_too_much_memory(containers: Containers) -> None:
    hungry = "import time; print('hungry', flush=True); x = b'x' * 300_000_000; time.sleep(60)"
    record = run(containers, hungry, memory=64 * 1024**2)
    assert end(record).code == 137
    assert record.json()["oom_killed"]


def test_kill(containers: Containers) -> None:
    record = run(containers, WAIT, name="strong")
    assert containers.kill("strong").json()["exit_code"] == 137
    assert not record.json()["oom_killed"]
    with pytest.raises(CloudError, match="not running"):
        containers.kill("strong")


def test_one_that_removes_itself(containers: Containers) -> None:
    end(run(containers, "print(1)", name="short", auto_remove=True))
    until(lambda: containers.all() == [])


def test_a_volume_outlives_its_container(containers: Containers) -> None:
    folder = containers.volumes_folder / "kept"
    folder.mkdir(parents=True, exist_ok=True)
    mount = Mount(folder, "/data")
    code = "import os, sys; place = 'data' if os.path.isdir('data') else '/data'; open(place + '/n', 'a').write('x');"
    code += "print(open(place + '/n').read())"
    assert end(run(containers, code, name="first", mounts=(mount,))).code == 0
    containers.remove("first")
    second = run(containers, code, name="second", mounts=(mount,))
    end(second)
    assert lines(second) == ["xx"]
    assert containers.volumes() == {"kept": ["second"]}
    with pytest.raises(CloudError, match="in use by second"):
        containers.remove_volume("kept")
    containers.remove("second")
    containers.remove_volume("kept")
    with pytest.raises(CloudError, match="No such volume"):
        containers.remove_volume("kept")


def test_what_cannot_run(containers: Containers) -> None:
    with pytest.raises(CannotStart) as caught:
        containers.run(Wish(PYTHON, command=("no-such-program",)), lambda line: None)
    assert caught.value.remedy
    told: list[str] = []
    with pytest.raises(ImageNotFound, match="No such image: nothing/here:1"):
        containers.run(Wish("nothing/here:1"), told.append)
    assert "locally" in told[0]
    assert containers.all() == []


def test_what_has_ended_is_not_kept_for_ever(containers: Containers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ENDED", 2)
    for number in range(4):
        end(run(containers, "pass", name=f"old-{number}"))
    assert [each.name for each in containers.all()] == ["old-3", "old-2", "old-1"]  # the newest came after the look


def test_a_reset_ends_all(containers: Containers) -> None:
    record = run(containers, WAIT)
    containers.reset()
    assert containers.all() == []
    assert end(record).code == 137


def test_a_reset_meets_a_start(containers: Containers, monkeypatch: pytest.MonkeyPatch) -> None:
    began, go_on, start = threading.Event(), threading.Event(), containers._runtime.start

    def slow(spec: Any) -> Any:
        began.set()
        go_on.wait(30)
        return start(spec)

    monkeypatch.setattr(containers._runtime, "start", slow)
    found: list[Record] = []
    thread = threading.Thread(target=lambda: found.append(run(containers, WAIT)))
    thread.start()
    began.wait(30)
    containers.reset()
    go_on.set()
    thread.join()
    assert end(found[0]).code == 137
