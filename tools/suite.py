"""Runs the tests on a few workers, and asks a few that failed there once more, alone.

    python -m tools.suite test      all but the matrix: what `make test` runs
    python -m tools.suite fast      what `make test-fast` runs
    python -m tools.suite matrix    what `make test-matrix` runs

Busy workers on two cores can fail a test that is right. Such a failure must not stop good work, and must not be
hidden. So when at most three things failed, their tests run again with nothing beside them; a cloud that a whole
file of tests waits for in vain is one thing. When all pass, the run is green and says so at its end and in a file below
`artifacts/`, with what was said first. What fails again is red, and so is a run with more failures, or one that did not
end as a run of tests does.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MOST = 3  # more than so many failures are no accident
Failed = dict[str, tuple[str, str]]
SOME_FAILED = 1  # pytest's exit codes: 0 is "all passed", all others than these two are no result of tests
BY_FILE = ("--dist", "loadscope")
PARALLEL = ("-n", "2", *BY_FILE)
SERIAL = ("-m", "serial and not matrix")
PARTS = {
    # Those that measure under load come last, one after the other.
    # A lab in a browser mostly waits, so that three of them share two cores.
    "test": (("-n", "3", *BY_FILE, "-m", "not serial and not matrix"), SERIAL),
    "fast": ((*PARALLEL, "-m", "not (serial or matrix or browser or labs or kubectl or cloud)"),),
    "matrix": ((*PARALLEL, "-m", "matrix"),),
}


class Record:
    """A plugin of pytest that writes down which tests failed, in which phase, with their first text."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failed: Failed = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test has ended; with workers, this is called where the run began."""
        if report.failed:
            self.failed.setdefault(report.nodeid, (report.when or "", report.longreprtext))

    def pytest_sessionfinish(self) -> None:
        """The run is over."""
        self.path.write_text(json.dumps(self.failed), encoding="utf-8")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the failures are written down."""
    parser.addoption("--write-failures", metavar="FILE", help="write which tests failed, and why, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to write down, but not in a worker."""
    path = config.getoption("--write-failures")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Record(Path(path)))


def things(failed: Failed) -> int:
    """How many things failed: each test by itself, but what a file could not set up counts once."""
    return len({test.partition("::")[0] if phase == "setup" else test for test, (phase, _) in failed.items()})


def ask(root: Path, arguments: Sequence[str]) -> tuple[int, Failed]:
    """Run pytest; its exit code, and the tests that failed with their phases and texts."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "failures.json"
        command = [sys.executable, "-m", "pytest", "-p", "tools.suite", f"--write-failures={kept}", *arguments]
        # Where Python may not keep what it compiles, each of a run's thousand processes compiles its imports anew.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        code = subprocess.run(command, cwd=root, env=environment, check=False).returncode
        failed: Failed = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    return code, failed


def run(root: Path, name: str, parts: Sequence[Sequence[str]]) -> int:
    """Run the parts of a suite one after the other, until one is red.

    Parameters
    ----------
    root : Path
        The folder of the tests.
    name : str
        The suite's name, for the file below `artifacts/`.
    parts : sequence of sequence of str
        The arguments that each part gives to pytest.

    Returns
    -------
    int
        0 when green, else pytest's exit code.
    """
    report = root / "artifacts" / f"passed-alone-{name}.txt"
    report.unlink(missing_ok=True)
    for arguments in parts:
        code, failed = ask(root, arguments)
        if code == SOME_FAILED and 0 < things(failed) <= MOST:
            print(f"\nOnce more, with nothing beside: {', '.join(failed)}", flush=True)
            code, _ = ask(root, [*failed])
            if code == 0:
                report.parent.mkdir(exist_ok=True)
                with report.open("a", encoding="utf-8") as file:
                    file.writelines(f"{test}\n{text}\n\n" for test, (_, text) in failed.items())
        if code:
            return code
    if report.is_file():
        tell(report)
    return 0


def tell(report: Path) -> None:
    """Say in plain words what passed only alone."""
    print(f"\n{'=' * 80}\nGREEN, BUT: these tests failed under load, and passed when they ran alone.")
    print(f"A test that is named here more than once needs mending ({report.name} in artifacts/).\n{'=' * 80}")
    print(report.read_text(encoding="utf-8"), flush=True)


if __name__ == "__main__":
    # Only files with a serial test are asked for them: to look through all files takes longer than these tests. Found
    # here and not above, since each worker loads this module as a plugin.
    files = [
        str(path) for path in sorted((ROOT / "tests").rglob("test_*.py")) if "mark.serial" in path.read_text("utf-8")
    ]
    chosen = [(*part, *files) if part is SERIAL else part for part in PARTS[sys.argv[1]]]
    sys.exit(run(ROOT, sys.argv[1], chosen))
