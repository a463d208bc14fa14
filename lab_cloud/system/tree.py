"""A child process with everything that it starts.

On Linux and macOS a tree has a session (and so a process group) of its own, on Windows a job object. Three things make
it die with the cloud, even when the cloud gets SIGKILL:

- Windows: the job is killed when its last handle is closed, which the system does for a dead process;
- Linux: util-linux's ``setpriv`` asks for a parent-death signal with prctl, in the child, after the fork (a
  ``preexec_fn`` would fork a program of many threads and run Python in the copy, which is slow and may deadlock);
- Linux and macOS: the `Guardian`.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from lab_cloud.system.host import KILLED, LINUX, WINDOWS, exit_code
from lab_cloud.system.job import Job
from lab_cloud.system.meter import LinuxMeter, PsutilMeter

_SETPRIV = shutil.which("setpriv") if LINUX else None


class Tree:
    """A child process with everything that it starts.

    Parameters
    ----------
    argv : sequence of str
        The program, as a path on this machine, and its arguments.
    cwd : Path
        Its working directory.
    env : mapping of str to str
        Its whole environment; must carry `MARK`.

    Raises
    ------
    OSError
        The program cannot be started.

    Notes
    -----
    On Linux the parent-death signal is sent when the *thread* that made the child ends: make trees from a thread
    that lives as long as the cloud.
    """

    def __init__(self, argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> None:
        options: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
        before = [_SETPRIV, "--pdeathsig", "KILL", "--"] if _SETPRIV else []
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            [*before, *argv],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            **options,
        )
        self.pid = self.process.pid
        assert self.process.stdout is not None
        self.output: IO[bytes] = self.process.stdout
        self._suspended = False
        self._gives_way = False
        self._lock = threading.Lock()
        self._job = Job(self.pid) if WINDOWS else None
        self._meter: LinuxMeter | PsutilMeter = LinuxMeter(self.pid) if LINUX else PsutilMeter(self.pid)
        self._status: int | None = None  # as wait(2) gave it
        self._rusage = 0.0

    def send(self, number: int) -> None:
        """Send a signal to the whole tree (on Windows every signal ends it)."""
        if WINDOWS:
            self.kill()
        else:
            self._signal(number)

    def kill(self) -> None:
        """End the whole tree at once."""
        if self._job is not None:
            self._job.kill(KILLED)
        else:
            self.refresh()
            self._signal(int(signal.SIGKILL))

    def suspend(self) -> None:
        """Let nothing of the tree run until `resume`; from then on it also gives way to others, such as the cloud."""
        self._suspended = True
        if not self._gives_way:
            self._gives_way = True
            self._give_way()
        if sys.platform == "win32":
            self._meter.suspend()
        else:
            self._signal(signal.SIGSTOP)

    def _give_way(self) -> None:
        """Have a lower priority: whoever wants more than its share must not make the cloud late to see it."""
        if sys.platform == "win32":
            self._meter.give_way()
        else:
            with self._lock, contextlib.suppress(OSError):
                if self.process.returncode is None:
                    os.setpriority(os.PRIO_PGRP, self.pid, 5)

    def resume(self) -> None:
        """Undo `suspend`."""
        if not self._suspended:
            return
        self._suspended = False
        if sys.platform == "win32":
            self._meter.resume()
        else:
            self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        with self._lock:
            if self.process.returncode is None:  # until it is waited for, its number cannot belong to another process
                self._signal_group(number)

    def _signal_group(self, number: int) -> None:
        if sys.platform == "win32":
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
            os.killpg(self.pid, number)
        for pid in self._meter.outside:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def cpu_seconds(self) -> float:
        """Processor seconds used so far; a few microseconds of work on Linux."""
        return max(self._meter.cpu(), self._rusage)

    def memory(self) -> int:
        """Bytes of memory that the tree holds."""
        return self._meter.memory() if self.process.returncode is None else 0

    def refresh(self) -> None:
        """Look for children that came or went since the last look."""
        if self.process.returncode is None:
            self._meter.refresh()

    def ended(self) -> bool:
        """Tell whether the first process has ended, without waiting; on Linux its number stays taken until `reap`."""
        if self.process.returncode is not None or self._status is not None:
            return True
        if sys.platform == "win32":
            return self.process.poll() is not None
        if LINUX:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if pid:
            self._status, self._rusage = status, usage.ru_utime + usage.ru_stime
        return self._status is not None

    def reap(self) -> int:
        """Wait for the first process, end what it left behind, and return its exit code as Docker counts."""
        if self.process.returncode is not None and not WINDOWS:
            return exit_code(self.process.returncode)
        if sys.platform == "win32":
            code = self.process.wait()
            assert self._job is not None
            self._job.kill(KILLED)
            self._job.close()
            return exit_code(code)
        if LINUX:
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            if LINUX:
                self._signal_group(signal.SIGKILL)
            if self._status is None:
                _, self._status, usage = os.wait4(self.pid, 0)
                self._rusage = usage.ru_utime + usage.ru_stime
            if not LINUX:
                self._signal_group(signal.SIGKILL)
            self.process.returncode = os.waitstatus_to_exitcode(self._status)
        return exit_code(self.process.returncode)

    def finish(self, timeout: float, limit: int = 1 << 20) -> tuple[int, bytes, bool]:
        """Wait for a short command to end; end it after `timeout` seconds.

        Returns
        -------
        tuple of int, bytes, bool
            Its exit code, the first `limit` bytes of its output, and whether its time was over.
        """
        late = False
        try:
            output, _ = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            late = True
            self.kill()
            output, _ = self.process.communicate()
        if self._job is not None:
            self._job.close()
        return exit_code(self.process.returncode), output[:limit], late
