"""To build the course's web image: with nothing built before, and with everything in the cache; beside podman."""

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.report import Report
from lab_cloud.runtime.build.builder import Builder, Request
from lab_cloud.runtime.catalog import SOURCES, Catalog
from lab_cloud.runtime.images import Store
from tests.stage import RunningCloud

DOCKERFILE = SOURCES / "course-web" / "Dockerfile"


def run(report: Report, rounds: int) -> None:
    """Measure and print."""
    report.section("Building the course's web image")
    request = Request(SOURCES, DOCKERFILE, ("bench:1",))
    cold, cached, command, again = [], [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            store = Store(Path(folder) / "images")
            builder = Builder(store, Catalog(store).pull)
            cold.append(_seconds(partial(builder.build, request)))
            cached.append(_seconds(partial(builder.build, request)))
    ours = report.figure("cold: an empty store, the base made too", cold, "s", most=0.3)
    ours_cached = report.figure("cached", cached, "s", most=0.05)
    with tempfile.TemporaryDirectory() as folder:
        cloud = RunningCloud(Path(folder) / "lab")
        cloud.command("up")
        try:
            words = ("build", "-t", "bench:1", "-f", str(DOCKERFILE), str(SOURCES))
            for _ in range(rounds):
                command.append(_seconds(lambda: cloud.command(*words, "--no-cache")))
                again.append(_seconds(lambda: cloud.command(*words)))
        finally:
            cloud.command("down")
    report.figure("python -m lab_cloud build --no-cache, its start included", command, "s")
    report.figure("python -m lab_cloud build, cached", again, "s")
    _beside_podman(report, min(rounds, 3), ours, ours_cached)


def _beside_podman(report: Report, rounds: int, ours: float, ours_cached: float) -> None:
    """The same steps on an empty base, which podman has without a network."""
    podman = shutil.which("podman")
    if podman is None:
        report.note("podman: not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "Dockerfile"
        file.write_text(DOCKERFILE.read_text(encoding="utf-8").replace("FROM python:3.12-alpine", "FROM scratch"))
        options = ["--root", f"{folder}/p", "--runroot", f"{folder}/r", "--storage-driver", "vfs"]
        words = [podman, *options, "build", "--layers", "-f", str(file), str(SOURCES)]
        try:
            cold, cached = [], []
            for _ in range(rounds):
                cold.append(_seconds(lambda: subprocess.run([*words, "--no-cache"], check=True, capture_output=True)))
                cached.append(_seconds(lambda: subprocess.run(words, check=True, capture_output=True)))
        except subprocess.CalledProcessError as error:
            report.note(f"podman: cannot build here ({error.stderr.decode().strip()[-80:]})")
            return
        report.ratio(f"podman / ours: cold ({statistics.median(cold):.3g} s)", ours, statistics.median(cold))
        median = statistics.median(cached)
        report.ratio(f"podman / ours: cached ({median:.3g} s)", ours_cached, median)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
