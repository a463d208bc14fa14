"""How long each lab takes: the learner's minutes, estimated, and the seconds that its cells ran, measured.

    python -m tools.minutes          write data/minutes.csv, and show it in the labs and in README.md
    python -m tools.minutes check    say what is not as it would be written; exit 1 when anything is

The seconds come from `artifacts/minutes.csv`, which `python -m tools.course_walk` writes; a lab that is not in it keeps
those it has, and one that was never measured has none. The minutes are an estimate, rounded up to five:

    words of the text / 150                   slow readers of English read so many in a minute
    + lines of code in the cells / 20         read, not typed
    + exercises x 2 + lines of solutions / 3  understood, tried, typed
    + questions of the quiz / 2
    + seconds that the cells ran / 60         waited
"""

import csv
import io
import math
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from lab_helpers import exercises
from lab_helpers.quiz import questions
from tools.notebooks import ROOT, read, tags, write

FILE = ROOT / "data" / "minutes.csv"
MEASURED = ROOT / "artifacts" / "minutes.csv"
README = ROOT / "README.md"
HEAD = ("lab", "minutes", "measured_seconds", "measured_on")
WORDS_A_MINUTE = 150
LINES_READ_A_MINUTE = 20
LINES_TYPED_A_MINUTE = 3
MINUTES_AN_EXERCISE = 2.0
MINUTES_A_QUESTION = 0.5
ROUND = 5
DIAGRAM = re.compile(r"```mermaid.*?```", re.DOTALL)
IN_LAB = re.compile(r"(?<=\n\| Minutes \| Cost on AWS per hour \| Needs \|\n\|---\|---\|---\|\n\| )[^|]*(?= \|)")
IN_README = re.compile(r"^\| (\d\d)( [^|]*)?\| ([^|]*) \| (?=[^|]*\|$)", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """One lab.

    Parameters
    ----------
    lab : int
        Its number.
    minutes : int
        The learner's minutes, estimated.
    seconds : float or None
        How long its cells ran with the exercises solved; None until that was measured.
    measured_on : str
        The day and the machine of the measurement.
    """

    lab: int
    minutes: int
    seconds: float | None
    measured_on: str

    @property
    def shown(self) -> str:
        """What stands at the top of the lab."""
        measured = "" if self.seconds is None else f"; the cells run for {self.seconds:.0f} s (measured)"
        return f"about {self.minutes} with the exercises (an estimate){measured}"


def rows(path: Path = FILE) -> dict[int, Row]:
    """What `data/minutes.csv` says, by the lab's number."""
    with path.open(encoding="utf-8", newline="") as file:
        found = {}
        for row in csv.DictReader(file):
            seconds = float(row["measured_seconds"]) if row["measured_seconds"] else None
            found[int(row["lab"])] = Row(int(row["lab"]), int(row["minutes"]), seconds, row["measured_on"])
        return found


def estimate(notebook: NotebookNode, seconds: float | None) -> float:
    """A learner's minutes for a lab, before they are rounded.

    Parameters
    ----------
    notebook : NotebookNode
        The lab.
    seconds : float or None
        How long its cells run, if that is known.
    """
    number = notebook.metadata["containers_on_aws"]["lab"]
    prose = [DIAGRAM.sub("", cell.source) for cell in notebook.cells if cell.cell_type == "markdown"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and "exercise" not in tags(cell)]
    solutions = [one.code for one in exercises.of_lab(number).values()]
    return (
        sum(len(text.split()) for text in prose) / WORDS_A_MINUTE
        + sum(_lines(cell.source) for cell in code) / LINES_READ_A_MINUTE
        + len(solutions) * MINUTES_AN_EXERCISE
        + sum(_lines(text) for text in solutions) / LINES_TYPED_A_MINUTE
        + len(questions(number)) * MINUTES_A_QUESTION
        + (seconds or 0.0) / 60
    )


def _lines(source: str) -> int:
    return sum(bool(line.strip()) for line in source.splitlines())


def labs() -> dict[int, Path]:
    """The notebooks by their numbers."""
    return {int(path.name[:2]): path for path in sorted((ROOT / "labs").glob("*.ipynb"))}


def made(known: dict[int, Row]) -> dict[int, Row]:
    """The rows anew, from the labs and from what was measured last."""
    measured: dict[int, tuple[float | None, str]] = {row.lab: (row.seconds, row.measured_on) for row in known.values()}
    if MEASURED.is_file():
        with MEASURED.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["backend"] == "embedded" and row["runtime"] == "process":
                    measured[int(row["lab"])] = (float(row["seconds"]), row["measured_on"])
    found = {}
    for number, path in labs().items():
        seconds, day = measured.get(number, (None, ""))
        minutes = ROUND * math.ceil(estimate(read(path), seconds) / ROUND)
        found[number] = Row(number, minutes, seconds, day)
    return found


def written(known: dict[int, Row]) -> str:
    """The text of `data/minutes.csv`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for one in known.values():
        seconds = "" if one.seconds is None else f"{one.seconds:.1f}"
        writer.writerow((f"{one.lab:02d}", one.minutes, seconds, one.measured_on))
    return text.getvalue()


def show_in_lab(notebook: NotebookNode, row: Row) -> NotebookNode:
    """Write a row into the top of a notebook and into its metadata, in place."""
    notebook.metadata["containers_on_aws"]["minutes"] = row.minutes
    notebook.cells[0].source = IN_LAB.sub(row.shown, notebook.cells[0].source)
    return notebook


def show_in_readme(text: str, known: dict[int, Row]) -> str:
    """The README with the minutes of each lab in its table."""

    def line(match: re.Match[str]) -> str:
        row = known.get(int(match[1]))
        return f"| {match[1]}{match[2] or ' '}| {row.minutes if row else match[3]} | "

    return IN_README.sub(line, text)


def problems() -> list[str]:
    """What is not as it would be written, one line each.

    A changed sentence does not change the minutes at once: what is shown may be off by the five to which it is rounded.
    """
    known = rows()
    found = [f"labs {sorted(labs().keys() ^ known.keys())} and data/minutes.csv do not go together"] * (
        labs().keys() != known.keys()
    )
    for number, path in labs().items():
        if number not in known:
            continue
        notebook, row = read(path), known[number]
        about = notebook.metadata["containers_on_aws"]["minutes"]
        if row.shown not in notebook.cells[0].source or about != row.minutes:
            found.append(f"{path.name} shows other minutes than data/minutes.csv")
        takes = estimate(notebook, row.seconds)
        if not -ROUND <= row.minutes - takes <= 2 * ROUND:
            found.append(f"{path.name} takes {takes:.0f} minutes now, not {row.minutes}")
    readme = README.read_text(encoding="utf-8")
    if show_in_readme(readme, known) != readme:
        found.append("README.md shows other minutes than data/minutes.csv")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    if list(sys.argv[1:] if arguments is None else arguments) == ["check"]:
        for problem in (found := problems()):
            print(f"{problem}: run python -m tools.minutes", file=sys.stderr)
        return 1 if found else 0
    known = made(rows() if FILE.is_file() else {})
    FILE.write_text(written(known), encoding="utf-8", newline="\n")
    for number, path in labs().items():
        write(path, show_in_lab(read(path), known[number]))
    README.write_text(show_in_readme(README.read_text(encoding="utf-8"), known), encoding="utf-8", newline="\n")
    for row in known.values():
        print(f"lab {row.lab:02d}: {row.shown}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
