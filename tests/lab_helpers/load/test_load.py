import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from lab_helpers.errors import LoadFailed, LoadRefused
from lab_helpers.load import Load, stop_all
from lab_helpers.load.plan import plan
from tests.lab_helpers.load.servers import OK, Handler, Server, always, serving
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("home")
ROOT = Path(__file__).resolve().parents[3]


def load(server: Server, rps: float = 50, seconds: float = 60.0) -> Load:
    """An AWS minute is a second."""
    return Load(plan(server.url, rps, seconds, 60.0, timeout=5.0), seconds, 60.0)


def process(one: Load) -> psutil.Process:
    return psutil.Process(one._process.pid)


def gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_it_answers_at_once_and_goes_on_by_itself() -> None:
    with serving(always(OK)) as server:
        one = load(server)
        assert one.running
        until(lambda: one.report.answered > 10)
        assert one.report.state == "sending"
        one.stop()


def test_the_rate_can_be_changed() -> None:
    with serving(always(OK)) as server:
        one = load(server, rps=1)
        until(lambda: one.report.sent)
        one.rps = 200
        until(lambda: one.report.sent > 100, seconds=20)
        one.rps = 2
        assert one.rps == 2
        report = one.stop()
    assert report.rates == (1, 200, 2)
    assert {part.rps for part in report.slices} >= {1, 200}


def test_stopped_early() -> None:
    with serving(always(OK)) as server:
        one = load(server)
        until(lambda: one.report.sent > 5)
        report = one.stop()
        sent = len(server.seen)
        assert one.stop() == one.wait() == report
    assert report.state == "stopped"
    assert not one.running
    assert report.minutes < report.planned
    assert (report.answered, report.unfinished) == (sent, 0)


@pytest.mark.parametrize("seconds", [60.0, 0.25])
def test_answers_that_never_come_do_not_hold_up_a_stop(seconds: float) -> None:
    gate = threading.Event()

    def answer(_handler: Handler, _head: bytes) -> bytes:
        gate.wait(30)
        return OK

    with serving(answer) as server:
        one = load(server, seconds=seconds)
        until(lambda: one.report.sent > 5 and (seconds > 1 or one.report.state == "finishing"))
        report = one.stop()
        gate.set()
    assert report.unfinished == report.sent > 5
    assert (report.answered, report.failed) == (0, 0)
    assert "not waited for" in repr(report)


def test_an_order_after_the_end() -> None:
    with serving(always(OK)) as server:
        one = load(server, seconds=0.25)
        one.wait()
        with pytest.raises(LoadRefused, match="over"):
            one.rps = 5
        with pytest.raises(LoadRefused, match="above 0"):
            one.rps = 0


def test_several_at_once() -> None:
    with serving(always(OK)) as server:
        first, second = load(server, seconds=0.5), load(server, seconds=0.5)
        assert (first.wait().sent, second.wait().sent) == (25, 25)
    assert len(server.seen) == 50


def test_waiting_may_end_before_the_load() -> None:
    with serving(always(OK)) as server:
        one = load(server)
        assert one.wait(seconds=0.2).state in ("starting", "sending")
        assert one.running
        stop_all()
        assert not one.running


def test_a_sender_that_dies_is_told() -> None:
    with serving(always(OK)) as server:
        one = load(server)
        until(lambda: one.report.sent)
        process(one).kill()
        with pytest.raises(LoadFailed, match="has ended"):
            one.wait()
    assert one.report.state == "failed"


def test_a_table_for_charts() -> None:
    with serving(always(OK)) as server:
        report = load(server, rps=40, seconds=1.0).wait()
    frame = report.frame()
    assert list(frame.columns[:2]) == ["minute", "rps"]
    assert frame["minute"].is_monotonic_increasing
    assert sum(part.sent for part in report.slices) == 40


@pytest.mark.skipif(sys.platform == "win32", reason="Windows interrupts in another way")
def test_interrupting_a_cell_does_not_end_it() -> None:
    with serving(always(OK)) as server:
        one = load(server)
        until(lambda: one.report.sent)
        assert os.getpgid(one._process.pid) != os.getpgid(0)  # the signal goes to the kernel's group
        one.stop()


KERNEL = """
import os, sys, time
from lab_helpers.load import Load
from lab_helpers.load.plan import plan
one = Load(plan(sys.argv[1], 20, 600, 60.0), 600, 60.0)
while not one.report.sent: time.sleep(0.02)
heir = os.fork() if sys.argv[2] == "forked" else -1
if heir == 0: time.sleep(600)
print(one._process.pid, heir, flush=True)
if sys.argv[2] != "ended": time.sleep(600)
"""


@pytest.mark.parametrize(
    "end",
    [
        "killed",
        "ended",
        pytest.param("forked", marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")),
    ],
)
def test_it_ends_with_the_kernel(end: str) -> None:
    """Also when something that the kernel has forked lives on and holds the pipe."""
    with serving(always(OK)) as server:
        kernel = subprocess.Popen(
            [sys.executable, "-c", KERNEL, server.url, end], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert kernel.stdout is not None
        with kernel.stdout:
            pid, heir = map(int, kernel.stdout.readline().split())
        try:
            if end != "ended":
                kernel.kill()
            kernel.wait(20)
            until(lambda: gone(pid))
        finally:
            if heir > 0:
                os.kill(heir, signal.SIGKILL)
