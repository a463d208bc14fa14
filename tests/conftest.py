"""For all tests: how they are shared out among workers, and a last line on which runtimes containers ran."""

import re
from collections import Counter
from functools import cache
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader
from xdist.scheduler import LoadScopeScheduling

# Each session of boto3 reads the models of its services anew, which a test with a session of its own waits for.
_load = cache(JSONFileLoader().load_file)
JSONFileLoader.load_file = lambda _self, path: _load(path)

SHARED_OUT = ("tests/labs/", "tests/tools/test_endpoint_labs.py")  # each of these tests has a cloud of its own
LONGEST = (*SHARED_OUT, "tests/test_clients.py", "tests/browser/")
CLOUDS = {"cloud", "new_cloud", "running", "fast_cloud", "shared"}  # fixtures that start one, or work on one
STARTS = {"begun", "fresh_cloud", "RunningCloud"}  # what a test or a fixture starts one with
DOCKER = re.compile(r"\[docker[-\]]")
_KIND = re.compile(r"\[(process|sandbox|docker)\b")


class LongestFirst(LoadScopeScheduling):
    """Keeps a file's tests on one worker, since they share a cloud; each lab, which has its own, is shared out alone.

    xdist's own way cuts a name at its last `::`, also inside `arn:aws:s3:::photos`, and begins with the files that
    have the most tests, so that at the end one worker waits for the other's minutes.
    """

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.startswith(SHARED_OUT) else nodeid.partition("::")[0]


def needs_cloud(item: pytest.Item) -> bool:
    """Whether the test works on a running cloud: its own, or that of one of its fixtures."""
    names = getattr(item, "fixturenames", ())
    known = getattr(item, "_fixtureinfo", None)
    made = [one.func for name in names for one in known.name2fixturedefs.get(name, ())] if known else []
    codes = [getattr(function, "__code__", None) for function in (getattr(item, "function", None), *made)]
    return bool(CLOUDS.intersection(names)) or any(code and STARTS.intersection(code.co_names) for code in codes)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LongestFirst | None:
    """Share out the tests by file."""
    if config.getoption("dist") != "loadscope":
        return None
    config.option.loadscopereorder = False
    return LongestFirst(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest. What an engine is asked again, after the other runtimes, belongs to the matrix."""
    for item in items:
        if needs_cloud(item):
            item.add_marker(pytest.mark.cloud)
        if DOCKER.search(item.nodeid):
            item.add_marker(pytest.mark.matrix)
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Count the tests that ran on each runtime, and say why one was left out."""
    counts: Counter[tuple[str, str]] = Counter()
    why: dict[str, str] = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            found = _KIND.search(report.nodeid)
            if found is None or (outcome == "passed" and report.when != "call"):
                continue
            counts[found[1], outcome] += 1
            if outcome == "skipped" and report.when == "setup" and isinstance(report.longrepr, tuple):
                why[found[1]] = report.longrepr[2].removeprefix("Skipped: ")
    for kind in ("process", "sandbox", "docker"):
        told = [
            f"{counts[kind, outcome]} {outcome}" for outcome in ("passed", "failed", "error") if counts[kind, outcome]
        ]
        if told:
            terminalreporter.write_line(f"runtime {kind}: {', '.join(told)}")
        elif counts[kind, "skipped"]:
            terminalreporter.write_line(f"runtime {kind}: not here: {why.get(kind, 'skipped')}")
