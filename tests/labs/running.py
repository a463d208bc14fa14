"""Runs a lab as a learner would, and as a learner who solves everything."""

import copy
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from lab_helpers import exercises
from tools.notebooks import NEVER_BEGAN, ROOT, STARTS, execute, read, tags

SETTINGS = ROOT / "tests" / "labs" / "nbval.ini"
EMPTY = "# Your code here\n"
CHECK = re.compile(r"lab\.check\(\"(\w+)\"\)")


def nbval(path: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the lab as shipped and compare the outputs of its checked cells."""
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=300"]
    command += ["-x", "-q", "-p", "no:cacheprovider", "-c", str(SETTINGS), "--rootdir", str(ROOT), str(path)]
    for _ in range(STARTS):
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=900
        )
        if NEVER_BEGAN not in done.stdout:
            break
    return done


def solved(path: Path) -> NotebookNode:
    """The lab with every exercise's solution in the learner's cell, and every hint asked for."""
    notebook = copy.deepcopy(read(path))
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code):
        match = CHECK.fullmatch(cell.source)
        if match:
            assert code[number - 1].source.startswith(EMPTY.strip())
            code[number - 1].source = exercises.find(match[1]).code
        elif "exercise" in tags(cell) and "lab.hint" in cell.source:
            cell.source = cell.source.replace("# lab.", "lab.")
    return notebook


def run(notebook: NotebookNode, environment: dict[str, str]) -> NotebookNode:
    """Run every cell; the notebook then holds the outputs."""
    return execute(notebook, environment, timeout=300)


def outcomes(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """Pairs of exercise id and what its check said."""
    for cell in notebook.cells:
        match = CHECK.fullmatch(cell.source)
        if match:
            yield match[1], "".join(shown(cell))


def shown(cell: NotebookNode) -> Iterator[str]:
    """The text that a cell has shown."""
    for output in cell.outputs:
        yield str(output.get("text", ""))
        yield str(output.get("data", {}).get("text/plain", ""))


def compared(notebook: NotebookNode) -> list[tuple[str, str]]:
    """Source and text of each cell whose output is the same in every run of the lab as shipped."""
    return [
        (cell.source, "".join(shown(cell)))
        for cell in notebook.cells
        if cell.cell_type == "code" and "nbval-check-output" in tags(cell)
    ]


def checked(notebook: NotebookNode) -> list[tuple[str, str]]:
    """Source and text of each cell whose output is the same whoever runs it: all compared ones but the checks."""
    return [(source, text) for source, text in compared(notebook) if not CHECK.fullmatch(source)]
