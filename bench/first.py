"""Any lab first: `lab.start()` of each lab from an empty cloud that has yet to be started, and once more after it."""

import contextlib
import io
import os
import tempfile
import time
from pathlib import Path

import psutil

from bench.report import Report
from lab_helpers import Lab, cloud, home

GOAL = 5.0


def run(report: Report, rounds: int) -> None:
    """Measure and print."""
    report.section("Any lab first: lab.start() from nothing")
    slowest = []
    for number in home.all_numbers():
        found = [begin(number) for _ in range(min(rounds, 3))]
        first, again, work = ([one[place] for one in found] for place in range(3))
        report.figure(f"lab {number:02d}, which stands on {home.needed(number) or 'no other'}", first, "s", most=GOAL)
        report.figure(f"lab {number:02d}: of which processor time, the cloud's included", work, "s")
        report.figure(f"lab {number:02d} once more, with everything there", again, "s", most=GOAL)
        slowest.append(max(first))
    report.figure("the slowest start of each lab", slowest, "s", most=GOAL)


def begin(number: int) -> tuple[float, float, float]:
    """Seconds of one start in a home of its own, of another one after it, and of the processors in the first."""
    before = os.environ.get("LAB_HOME")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["LAB_HOME"] = str(Path(folder) / ".lab")
        try:
            work = worked()
            first = spent(number)
            work = worked() - work + sum(psutil.Process(cloud.status()["pid"]).cpu_times())
            return first, spent(number), work
        finally:
            cloud._run("down")
            if before is None:
                del os.environ["LAB_HOME"]
            else:
                os.environ["LAB_HOME"] = before


def spent(number: int) -> float:
    """Seconds of one start."""
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        Lab(number).start()
    return time.perf_counter() - began


def worked() -> float:
    """Processor seconds of this program and of the commands that it has run."""
    found = psutil.Process().cpu_times()
    return found.user + found.system + found.children_user + found.children_system
