"""What a process tree has used: processor time and memory."""

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Any

from lab_cloud.system.host import LINUX, WINDOWS, proc_stat

_PAGE = os.sysconf("SC_PAGE_SIZE") if LINUX else 4096
_TICK = 1.0 / os.sysconf("SC_CLK_TCK") if LINUX else 0.01


class LinuxMeter:
    """Processor time from each process's own clock (one system call each), memory from ``/proc``."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._pids = [pid]
        self._waited = 0.0
        self._highest = 0.0
        self.outside: list[int] = []

    def cpu(self) -> float:
        """Processor seconds so far; never falls."""
        try:
            total = self._sum()
        except OSError:
            self.refresh()
            try:
                total = self._sum()
            except OSError:
                total = 0.0
        self._highest = max(self._highest, total)
        return self._highest

    def _sum(self) -> float:
        total = self._waited
        for pid in self._pids:
            total += time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3) of another process
        return total

    def refresh(self) -> None:
        """Look for children again, and for those that were waited for."""
        found, waited, outside, left = [self._pid], 0.0, [], [self._pid]
        while left:
            pid = left.pop()
            fields = proc_stat(pid)
            if fields:
                waited += (int(fields[13]) + int(fields[14])) * _TICK
            for child in self._children(pid):
                fields = proc_stat(child)
                if not fields or fields[0] in ("Z", "X"):
                    continue
                if int(fields[2]) != self._pid:
                    outside.append(child)
                found.append(child)
                left.append(child)
        self._pids, self._waited, self.outside = found, waited, outside

    @staticmethod
    def _children(pid: int) -> Iterator[int]:
        try:
            threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - names are enough
        except OSError:
            return
        for thread in threads:
            with (
                contextlib.suppress(OSError),
                open(f"/proc/{pid}/task/{thread}/children", "rb") as file,  # noqa: PTH123
            ):
                yield from map(int, file.read().split())

    def memory(self) -> int:
        """Resident bytes of all known processes."""
        pages = 0
        for pid in self._pids:
            with (
                contextlib.suppress(OSError),
                open(f"/proc/{pid}/statm", "rb") as file,  # noqa: PTH123
            ):
                pages += int(file.read().split()[1])
        return pages * _PAGE

    def suspend(self) -> None:
        """Only Windows needs it: elsewhere the process group gets a signal."""

    resume = give_way = suspend


class PsutilMeter:
    """The same by psutil, for macOS and Windows."""

    def __init__(self, pid: int) -> None:
        import psutil

        self._psutil = psutil
        self._processes: list[Any] = []
        with contextlib.suppress(psutil.Error):
            self._processes = [psutil.Process(pid)]
        self._seen: dict[int, float] = {}
        self.outside: list[int] = []

    def cpu(self) -> float:
        """Processor seconds so far; never falls."""
        for process in self._processes:
            with contextlib.suppress(self._psutil.Error):
                times = process.cpu_times()
                self._seen[process.pid] = max(self._seen.get(process.pid, 0.0), times.user + times.system)
        return sum(self._seen.values())

    def refresh(self) -> None:
        """Look for children again."""
        with contextlib.suppress(self._psutil.Error):
            first = self._processes[0]
            self._processes = [first, *first.children(recursive=True)]
            if not WINDOWS:
                self.outside = [each.pid for each in self._processes[1:] if os.getpgid(each.pid) != first.pid]

    def memory(self) -> int:
        """Resident bytes of all known processes."""
        total = 0
        for process in self._processes:
            with contextlib.suppress(self._psutil.Error):
                total += process.memory_info().rss
        return total

    def suspend(self) -> None:
        """Suspend each process."""
        self.refresh()
        for process in self._processes:
            with contextlib.suppress(self._psutil.Error):
                process.suspend()

    def resume(self) -> None:
        """Resume each process."""
        for process in self._processes:
            with contextlib.suppress(self._psutil.Error):
                process.resume()

    def give_way(self) -> None:
        """Windows: the lower priority class, which children inherit."""
        for process in self._processes:
            with contextlib.suppress(self._psutil.Error):
                process.nice(getattr(self._psutil, "BELOW_NORMAL_PRIORITY_CLASS", 5))
