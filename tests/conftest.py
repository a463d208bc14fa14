"""For all tests: names that keep a file's tests together, and a last line on which runtimes containers ran."""

import re
from collections import Counter
from typing import Any

_KIND = re.compile(r"\[(process|sandbox|docker)\b")


def pytest_make_parametrize_id(val: Any) -> str | None:
    """Keep `::` out of the names of tests: pytest-xdist takes what stands before the last one for the test's file.

    A test named after `arn:aws:s3:::photos` or `[::1]` would run on its own, beside a cloud of its own.
    """
    text = val.decode("latin-1") if isinstance(val, bytes) else val
    return re.sub(":(?=:)", ": ", text) if isinstance(text, str) and "::" in text else None


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
