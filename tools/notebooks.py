"""Runs the course's notebooks without a browser and keeps them tidy.

    python tools/notebooks.py run labs/03-ecs-service.ipynb    execute on a fresh cloud, tidy, write back
    python tools/notebooks.py tidy labs/*.ipynb                tidy only
    python tools/notebooks.py check labs/*.ipynb               say what is untidy; exit 1 if anything is

What is stored in a notebook is what a reader sees before running it, and what nbval compares. So outputs that the text
speaks of are kept, still pictures are kept, and everything that would differ at the next run is left out.
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
WIDGET = "application/vnd.jupyter.widget-view+json"
WIDTH = 90  # what fits beside a file list without scrolling sideways
STILL = "data-still"  # widgets mark with it what they show where no kernel is
TAGS = {"build", "nbval-check-output", "nbval-ignore-output", "exercise", "quiz", "cleanup"}
KINDS = {"nbval-check-output", "nbval-ignore-output", "exercise"}
STARTS = 3
NEVER_BEGAN = "Kernel died before replying"
"""A kernel has ports before it starts. When another program takes one meanwhile, it ends, and no cell has run."""
CHANGING = {
    "a time": re.compile(r"\b\d{2}:\d{2}:\d{2}\b"),
    "an id": re.compile(r"\b(?:[0-9a-f]{32}|(?:eni|subnet|vpc|sg)-[0-9a-f]{8,17})\b"),
    "a port of this machine": re.compile(r"127\.0\.0\.1:\d+|localhost:\d+"),
    "a memory address": re.compile(r"0x[0-9a-f]{6,}"),
}
DRAWN = re.compile(r"[0-9a-f]{8}(-[0-9a-f-]+)?")
"""The id that JupyterLab draws for a new cell: it would be another one each time the cell is made anew."""
PATH_OF_A_MACHINE = re.compile(r"(?:^|[\s\"'(])(?:/(?:home|root|Users|tmp|work)/|[A-Z]:\\)")


def read(path: Path) -> NotebookNode:
    """The notebook in `path`."""
    return nbformat.read(path, as_version=4)


def write(path: Path, notebook: NotebookNode) -> None:
    """Write the notebook with one newline at its end, as Jupyter does."""
    nbformat.validate(notebook)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")


def tags(cell: NotebookNode) -> set[str]:
    """The tags of a cell."""
    return set(cell.metadata.get("tags", []))


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Take out of the notebook, in place, whatever would be different after the next run."""
    ours = notebook.metadata.get("containers_on_aws", {})
    notebook.metadata = nbformat.from_dict(
        {
            "containers_on_aws": ours,
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    notebook.nbformat_minor = 5
    count = 0
    for cell in notebook.cells:
        known = sorted(tags(cell))
        cell.metadata = nbformat.from_dict({"tags": known} if known else {})
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        cell.outputs = [] if "exercise" in known else list(_kept(cell, count))
    _give_ids(notebook)
    return notebook


def _give_ids(notebook: NotebookNode) -> None:
    """Give each cell whose id was drawn one that comes from the lab and the cell's words."""
    number = notebook.metadata["containers_on_aws"].get("lab", 0)
    taken = {cell.get("id") for cell in notebook.cells}
    for cell in notebook.cells:
        if not DRAWN.fullmatch(cell.get("id", "")):
            continue
        given = first = f"lab{number:02d}-{hashlib.sha256(cell.source.encode()).hexdigest()[:8]}"
        again = 1
        while given in taken:
            again += 1
            given = f"{first}-{again}"
        taken.add(given)
        cell["id"] = given


def _kept(cell: NotebookNode, count: int) -> Iterator[NotebookNode]:
    checked = "nbval-check-output" in tags(cell)
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = count
        data = output.get("data", {})
        data.pop(WIDGET, None)
        output.get("metadata", {}).clear()
        if checked or STILL in "".join(data.get("text/html", "")):
            yield output


def problems(notebook: NotebookNode) -> list[str]:
    """What is wrong with a notebook, one line each."""
    found = []
    before = nbformat.writes(notebook)
    if nbformat.writes(tidy(nbformat.reads(before, as_version=4))) != before:
        found.append("is not tidy: run `python tools/notebooks.py tidy` on it")
    if "lab" not in notebook.metadata.get("containers_on_aws", {}):
        found.append("its metadata has no containers_on_aws.lab")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, 1):
        where = f"code cell {number} ({cell.source.strip().splitlines()[0] if cell.source.strip() else 'empty'})"
        if len(tags(cell) & KINDS) != 1:
            found.append(f"{where} needs exactly one of the tags {', '.join(sorted(KINDS))}")
        wide = [line for line in cell.source.splitlines() if len(line) > WIDTH]
        if wide:
            found.append(f"{where} has a line of more than {WIDTH} characters: {wide[0].strip()}")
        if tags(cell) - TAGS:
            found.append(f"{where} has unknown tags {', '.join(sorted(tags(cell) - TAGS))}")
        if "nbval-check-output" in tags(cell) and not cell.outputs:
            found.append(f"{where} is compared but stores no output")
        if any(output.output_type == "error" for output in cell.outputs):
            found.append(f"{where} stores an error")
        for output in cell.outputs:
            shown = str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
            found += [
                f"{where} stores {name}: {kind.search(shown)[0]}"
                for name, kind in CHANGING.items()
                if kind.search(shown)
            ]
    for number, cell in enumerate(notebook.cells, 1):
        if "```mermaid" in cell.source and not ("accTitle:" in cell.source and "accDescr" in cell.source):
            found.append(f"cell {number} has a diagram without accTitle and accDescr")
        if PATH_OF_A_MACHINE.search(cell.source):
            found.append(f"cell {number} names a path of one machine")
    return found


@contextmanager
def fresh_cloud() -> Iterator[dict[str, str]]:
    """Environment variables for a cloud of its own, which ends with the block."""
    with tempfile.TemporaryDirectory(prefix="lab-home-", ignore_cleanup_errors=True) as home:
        environment = {**os.environ, "LAB_HOME": home, "LAB_PROGRESS": "off", "PYTHONPATH": str(ROOT)}
        environment["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # or the debugger warns on stderr
        try:
            yield environment
        finally:
            subprocess.run(
                [sys.executable, "-m", "lab_cloud", "down"], env=environment, cwd=ROOT, capture_output=True, check=False
            )


def execute(notebook: NotebookNode, environment: dict[str, str], timeout: float = 180.0) -> NotebookNode:
    """Run every cell in a new kernel, in place.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        At the first cell that fails.
    """
    for left in reversed(range(STARTS)):
        client = NotebookClient(
            notebook, timeout=timeout, kernel_name="python3", resources={"metadata": {"path": str(ROOT / "labs")}}
        )
        try:
            client.execute(env=environment)
            break
        except RuntimeError as error:
            if not left or NEVER_BEGAN not in str(error):
                raise
    return notebook


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Run the course's notebooks and keep them tidy.")
    parser.add_argument("command", choices=("run", "tidy", "check"))
    parser.add_argument("notebooks", nargs="+", type=Path)
    chosen = parser.parse_args(arguments)
    bad = 0
    for path in chosen.notebooks:
        notebook = read(path)
        if chosen.command == "check":
            for problem in problems(notebook):
                print(f"{path.name}: {problem}")
                bad += 1
            continue
        if chosen.command == "run":
            began = time.monotonic()
            with fresh_cloud() as environment:
                execute(notebook, environment)
            print(f"{path.name}: ran in {time.monotonic() - began:.1f} s")
        write(path, tidy(notebook))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
