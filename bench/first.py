"""Any lab first: `lab.start()` of each lab from an empty cloud that has yet to be started."""

import contextlib
import io
import os
import tempfile
import time
from pathlib import Path

from bench.report import Report
from lab_helpers import Lab, cloud, home

GOAL = 5.0


def run(report: Report, rounds: int) -> None:
    """Measure and print."""
    report.section("Any lab first: lab.start() from nothing")
    for number in home.all_numbers():
        spent = [begin(number) for _ in range(min(rounds, 3))]
        report.figure(f"lab {number:02d}, which stands on {home.needed(number) or 'no other'}", spent, "s", most=GOAL)


def begin(number: int) -> float:
    """Seconds of one start, in a home of its own."""
    before = os.environ.get("LAB_HOME")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["LAB_HOME"] = str(Path(folder) / ".lab")
        try:
            began = time.perf_counter()
            with contextlib.redirect_stdout(io.StringIO()):
                Lab(number).start()
            return time.perf_counter() - began
        finally:
            cloud._run("down")
            if before is None:
                del os.environ["LAB_HOME"]
            else:
                os.environ["LAB_HOME"] = before
