"""The load that a notebook holds: it starts the sender's process, reads what it tells, and gives it orders."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab_helpers import waiting
from lab_helpers.errors import LoadFailed, LoadRefused
from lab_helpers.load import plan as plans
from lab_helpers.load.record import Record
from lab_helpers.load.report import Report

ROOT = Path(__file__).resolve().parents[2]
STOPPING = 5.0  # seconds that `stop` waits for the sender's last word before it ends the process

_running: "weakref.WeakSet[Load]" = weakref.WeakSet()


class Load:
    """A load that is being sent.

    It runs in a process of its own, so it goes on while cells run, and it ends with the kernel. Show it (let it be the
    last line of a cell) to watch it.

    Parameters
    ----------
    plan : Plan
        What to send.
    minutes : float
        The plan's length in AWS minutes.
    speed : float
        AWS minutes in a real one.

    Examples
    --------
    >>> load = lab.load(lab.url("DemoALBForECS"), rps=20, minutes=10)  # doctest: +SKIP
    >>> load.rps = 40  # doctest: +SKIP
    >>> load.wait()  # doctest: +SKIP
    """

    def __init__(self, plan: plans.Plan, minutes: float, speed: float) -> None:
        self.url = plan.url
        self.minutes = minutes
        self.speed = speed
        self._plan = plan
        self._rates = [plan.rps]
        self._record = Record(plan.seconds)
        self._state = "starting"
        self._stopped = False
        self._problem = ""
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._listeners: list[Callable[[], None]] = []
        self._view: Any = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the sender has ended
        self._process = _start(self._errors)
        self._tell(plan.line())
        _running.add(self)
        threading.Thread(target=self._read, name=f"load on {self.url}", daemon=True).start()

    # -- steering ------------------------------------------------------------------------------------------------

    @property
    def rps(self) -> float:
        """Requests a second; set it to change it while the load runs."""
        return self._rates[-1]

    @rps.setter
    def rps(self, value: float) -> None:
        wanted = plans.rate(value)
        if not self.running:
            raise LoadRefused("This load is over.", "Start another one: lab.load(url, rps, minutes).")
        if wanted != self._rates[-1]:
            self._rates.append(wanted)
        self._tell(json.dumps({"rps": wanted}))

    @property
    def running(self) -> bool:
        """Whether it still sends, or waits for answers."""
        return not self._over.is_set()

    def stop(self) -> Report:
        """Send nothing more. Answers that are on their way have one second.

        Returns
        -------
        Report
            What came of it.
        """
        if self.running:
            self.ask_to_stop()
            if not self._over.wait(STOPPING):
                self._process.kill()
                self._over.wait()
        return self.report

    def ask_to_stop(self) -> None:
        """Do as `stop` does, and wait for nothing."""
        self._stopped = True
        self._tell(json.dumps({"stop": True}))

    def wait(self, seconds: float | None = None) -> Report:
        """Wait until the load is over. Interrupting the cell ends only the waiting.

        Parameters
        ----------
        seconds : float, optional
            Real seconds after which to go on all the same.

        Returns
        -------
        Report
            What came of it.

        Raises
        ------
        LoadFailed
            When the program that sends it has ended before its time.
        """
        line = waiting.Line("the load") if self._view is None else None
        step, passed = 0.1, 0.0
        while not self._over.wait(step) and (seconds is None or passed < seconds):
            passed += step
            if line is not None:
                line.show(passed)
        if line is not None:
            line.clear()
        if self._problem:
            raise LoadFailed("The program that sends the load has ended.", self._problem)
        return self.report

    # -- looking -------------------------------------------------------------------------------------------------

    @property
    def report(self) -> Report:
        """What has come of it so far; the last one when it is over."""
        with self._lock:
            record = self._record
            return Report(
                url=self.url,
                method=self._plan.method,
                state=self._state,
                minutes=min(record.passed, self._plan.seconds) * self.speed / 60,
                planned=self.minutes,
                speed=self.speed,
                rates=tuple(self._rates),
                sent=record.sent,
                answered=record.answered,
                failures=record.worst(),
                unfinished=record.under_way,
                latency=record.latency(),
                slices=record.slices(self.speed),
            )

    @property
    def now(self) -> tuple[float, float]:
        """Answers and failures a second, just now."""
        with self._lock:
            return self._record.recent()

    @property
    def problem(self) -> str:
        """Why the sender has ended before its time; empty when it has not."""
        return self._problem

    def snapshot(self) -> Report:
        """A still copy of what the view shows, which needs no kernel to be seen."""
        return self.report

    def text(self) -> str:
        """The load in words."""
        return repr(self.report)

    def listen(self, listener: Callable[[], None]) -> None:
        """Have a function called, in another thread, each time there is news."""
        self._listeners.append(listener)

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from lab_helpers.views.load import LoadView

        if self._view is None:
            self._view = LoadView(self)
        return self._view._repr_mimebundle_(**kwargs)

    # -- inside --------------------------------------------------------------------------------------------------

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it has just ended: the reader says so
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def _read(self) -> None:
        process = self._process
        assert process.stdout is not None
        assert process.stdin is not None
        complete = False
        for line in process.stdout:
            told = json.loads(line)
            with self._lock:
                self._record.add(told)
                self._state = "sending" if told["sending"] else "finishing"
            complete = bool(told["over"])
            self._news()
        process.wait()
        with self._lock:
            self._state = "failed"
            if complete or self._stopped:
                self._state = "stopped" if self._stopped else "done"
            else:
                self._errors.seek(0)
                words = self._errors.read().decode("utf-8", "replace").strip().splitlines()
                self._problem = words[-1] if words else f"It ended with code {process.returncode}."
        self._errors.close()
        process.stdout.close()
        with contextlib.suppress(OSError):
            process.stdin.close()
        self._over.set()
        self._news()

    def _news(self) -> None:
        for listener in list(self._listeners):
            try:
                listener()
            except Exception:  # the page or the kernel has gone: nobody is left to tell
                self._listeners.remove(listener)


def begin(url: str, rps: float, minutes: float, speed: float, address: str, **request: Any) -> Load:
    """Check what was asked for and begin to send it.

    Parameters
    ----------
    url, rps, minutes, **request
        As `Lab.load` has them.
    speed : float
        AWS minutes in a real one.
    address : str
        Where to connect.

    Raises
    ------
    LoadRefused
        When something of it makes no sense.
    """
    unknown = sorted(set(request) - set(plans.OPTIONS))
    if unknown:
        raise LoadRefused(f"A load has no {', '.join(unknown)}.", f"It knows {', '.join(plans.OPTIONS)}.")
    return Load(plans.plan(url, rps, minutes, speed, address, **request), float(minutes), speed)


def stop_all() -> None:
    """Stop every load that this kernel has started."""
    for one in list(_running):
        if one.running:
            one.stop()


def _start(errors: Any) -> "subprocess.Popen[str]":
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    # A group of its own: interrupting a cell sends a signal to the kernel's whole group.
    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return subprocess.Popen(
        [sys.executable, "-m", "lab_helpers.load.sender"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        **options,
    )
