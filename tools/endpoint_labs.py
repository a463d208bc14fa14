"""Runs every cell of the labs on MiniStack, and writes down which work there and what is missing for the others.

    python -m tools.endpoint_labs            all labs: writes data/endpoint/ministack.csv
    python -m tools.endpoint_labs 03 08      only those; the others keep their rows

Each lab has a MiniStack of its own, empty and on a free port. A cell ``passes`` when it raises nothing and shows what
is stored in the notebook wherever that is compared. It ``differs`` when it shows something else. It ``fails`` when it
raises: then `missing` says with which words. It ``follows`` when it only lacks a name that a failed cell makes. A cell
has `SECONDS`: what is not there by then counts as missing.
"""

import csv
import io
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from nbclient import NotebookClient
from nbformat import NotebookNode

from bench.peers import Peer, peer
from lab_helpers.endpoint_cells import FILE
from tests.waiting import until
from tools.notebooks import NEVER_BEGAN, ROOT, STARTS, read, tags

HEAD = ("lab", "cell", "begins", "outcome", "missing", "version")
SECONDS = 8
LAB_SECONDS = 240
"""After so long each cell that is left has one second: a run of all labs ends, whatever happens."""
START_SECONDS = 60
CHANGES = re.compile(r"\b(?:127\.0\.0\.1|localhost)(?::\d+)?|\b[0-9a-f]{8,}(?:-[0-9a-f]+)*\b|\b\d{12}\b|https?://\S+")
STYLE = re.compile(r"\x1b\[[0-9;]*m")


def answers(other: Peer) -> bool:
    """Whether it is up."""
    other.client("sts").get_caller_identity()
    return True


def run(path: Path) -> Iterator[dict[str, str]]:
    """A row for each cell of code that is no exercise."""
    notebook = read(path)
    before = {cell.id: shown(cell) for cell in notebook.cells if cell.cell_type == "code"}
    with peer("ministack") as other, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        until(lambda: answers(other), START_SECONDS)
        plain = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LAB_", "LOCALSTACK_"))
        }
        environment = {
            **plain,
            **{"LAB_BACKEND": "endpoint", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{other.port}", "LAB_HOME": folder},
            **{"LAB_PROGRESS": "off", "LAB_LEARNER": "learner", "PYTHONPATH": str(ROOT)},
            # Without a container engine everywhere: what a cell does with one says nothing of MiniStack.
            **{"DOCKER_HOST": f"unix://{folder}/no-engine", "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
        }
        execute(notebook, environment)
    for cell in notebook.cells:
        if cell.cell_type == "code" and "exercise" not in tags(cell):
            outcome, missing = judge(cell, before[cell.id])
            first = cell.source.strip().splitlines()[0]
            yield dict(zip(HEAD, (path.name[:2], cell.id, first, outcome, missing, version("ministack")), strict=True))


def execute(notebook: NotebookNode, environment: dict[str, str]) -> None:
    """Run all cells, whatever some of them raise."""
    ends = time.monotonic() + LAB_SECONDS
    for left in reversed(range(STARTS)):
        client = NotebookClient(
            notebook, timeout_func=lambda _: SECONDS if time.monotonic() < ends else 1, kernel_name="python3",
            interrupt_on_timeout=True, allow_errors=True, resources={"metadata": {"path": str(ROOT / "labs")}},
        )  # fmt: skip
        try:
            client.execute(env=environment)
            return
        except RuntimeError as error:
            if not left or NEVER_BEGAN not in str(error):
                raise


def shown(cell: NotebookNode) -> str:
    """The text that a cell has shown."""
    return "".join(str(one.get("text", "")) + str(one.get("data", {}).get("text/plain", "")) for one in cell.outputs)


def judge(cell: NotebookNode, stored: str) -> tuple[str, str]:
    """The outcome of a cell, and what is missing."""
    error = next((one for one in cell.outputs if one.output_type == "error"), None)
    if error is not None:
        if error.ename == "KeyboardInterrupt":
            return "fails", f"not there within {SECONDS} s"
        if error.ename == "NameError":
            return "follows", plain_text(error.evalue)
        return "fails", plain_text(f"{error.ename}: {error.evalue}")
    if "nbval-check-output" in tags(cell) and shown(cell) != stored:
        return "differs", ""
    return "passes", ""


def plain_text(text: str) -> str:
    """One line of moderate length, without what changes from run to run."""
    line = " ".join(CHANGES.sub("…", STYLE.sub("", text)).split())
    line = line.replace("An error occurred ", "").partition(" <?xml")[0]
    return line if len(line) <= 160 else f"{line[:159]}…"


def written(rows: list[dict[str, str]]) -> str:
    """The file's text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, HEAD, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def main(arguments: list[str]) -> int:
    """The command line; returns the exit code."""
    kept: list[dict[str, str]] = []
    if FILE.is_file() and arguments:
        with FILE.open(encoding="utf-8", newline="") as file:
            kept = [row for row in csv.DictReader(file) if row["lab"] not in arguments]
    for path in sorted((ROOT / "labs").glob("*.ipynb")):
        if arguments and path.name[:2] not in arguments:
            continue
        rows = list(run(path))
        counted = {
            word: sum(row["outcome"] == word for row in rows) for word in ("passes", "differs", "fails", "follows")
        }
        print(f"{path.name}: {', '.join(f'{number} {word}' for word, number in counted.items())}", flush=True)
        kept += rows
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(written(sorted(kept, key=lambda row: row["lab"])), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
