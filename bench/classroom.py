"""Thirty learners on this machine: a cloud each, with a port, a key and a folder of its own."""

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from bench.report import Report
from tests.stage import RunningCloud
from tests.waiting import until

LEARNERS = 30
AT_ONCE = 4  # an `up` is a short program of its own; more than so many only wait for each other


def run(report: Report, rounds: int) -> None:
    """Measure and print."""
    report.section(f"A classroom: {LEARNERS} clouds on this machine")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as hall:
        clouds = [RunningCloud(Path(hall) / f"learner-{number:02d}" / ".lab") for number in range(LEARNERS)]
        try:
            spent_before = worked()
            began = time.perf_counter()
            with ThreadPoolExecutor(AT_ONCE) as at_once:
                list(at_once.map(first_answer, clouds))
            report.figure("start of all, up to the first answer of each", [time.perf_counter() - began], "s", most=60)
            assert len({cloud.state["port"] for cloud in clouds}) == LEARNERS
            assert len({cloud.state["secret_key"] for cloud in clouds}) == LEARNERS
            processes = [psutil.Process(cloud.state["pid"]) for cloud in clouds]
            # A machine that has other work is late; what a start costs the processors stays the same.
            work = worked() - spent_before + used(processes)
            report.figure(
                "processor time of all starts, divided by the processors", [work / psutil.cpu_count()], "s", most=60
            )
            until(lambda: idle(processes), 120, 0)
            report.figure("start of all, up to the moment when all are idle", [time.perf_counter() - began], "s")
            before = used(processes)
            idle_from = time.perf_counter()
            time.sleep(10)
            share = (used(processes) - before) / (time.perf_counter() - idle_from) * 100
            report.figure("processor of all, idle", [share], "%")
            resident, own = [held(one, "rss") for one in processes], [held(one, "uss") for one in processes]
            report.figure("resident memory of each, idle", resident, "MB", most=150)
            report.figure("of the largest", [max(resident)], "MB", most=150)
            report.figure("of each, its own pages alone (USS)", own, "MB")
            report.figure("of all, their own pages alone", [sum(own) / 1000], "GB")
            report.note(f"each, in MB: {' '.join(f'{one:.0f}' for one in resident)}")
        finally:
            with ThreadPoolExecutor(AT_ONCE) as at_once:
                list(at_once.map(stop, clouds))


def worked() -> float:
    """Processor seconds of this program and of the commands that it has run."""
    found = psutil.Process().cpu_times()
    return found.user + found.system + found.children_user + found.children_system


def first_answer(cloud: RunningCloud) -> None:
    """Start a cloud, and ask it something."""
    cloud.command("up")
    cloud.client("sts").get_caller_identity()
    cloud.client("ecs").list_clusters()


def used(processes: list[psutil.Process]) -> float:
    """Processor seconds of the clouds until now."""
    return sum(sum(one.cpu_times()[:2]) for one in processes)


def idle(processes: list[psutil.Process]) -> bool:
    """Whether the clouds have loaded what they load after their first answer: they do next to nothing for a second."""
    before = used(processes)
    time.sleep(1)
    return used(processes) - before < 0.3


def held(process: psutil.Process, kind: str) -> float:
    """Memory of a cloud with its children, in MB."""
    return sum(getattr(one.memory_full_info(), kind) for one in [process, *process.children(recursive=True)]) / 1e6


def stop(cloud: RunningCloud) -> None:
    """End a cloud, also one that has not come up."""
    subprocess.run([sys.executable, "-m", "lab_cloud", "down"], env=cloud.environment, capture_output=True, check=False)
