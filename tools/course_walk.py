"""Does the whole course as a learner does, on one embedded cloud: open, run, solve, clean up, next lab.

    python -m tools.course_walk            all labs, in their order
    python -m tools.course_walk 03 08      only those

    python -m tools.course_walk --twice    each lab first as it is shipped, left as it is, and then again

Each notebook is a copy in a fresh workspace, as `make lab` makes it, and runs in a kernel of its own. Every cell runs.
Each exercise is checked before anything was tried, its hints are asked for, its solution goes into the learner's cell,
and it is checked again. Each question of the quiz is answered wrong and then right, by the messages that the page
sends. After `lab.teardown()` nothing may be left: the course looks, and `tools/leftovers.py` looks from outside.

What is written: `artifacts/course.json` (all that is in the table, and each problem), `artifacts/minutes.csv` (how long
each lab took; `python -m tools.minutes` makes the learner's minutes of it), and the solved notebooks with `--keep`.
"""

import argparse
import asyncio
import csv
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

import course
from lab_helpers import exercises, home
from tests.labs.running import CHECK, EMPTY, shown
from tests.stage import RunningCloud
from tests.waiting import until
from tools.leftovers import Leftovers
from tools.minutes import MEASURED
from tools.notebooks import NEVER_BEGAN, STARTS, WIDGET, fresh_cloud, read, tags, write

ARTIFACTS = MEASURED.parent
MINUTES_HEAD = ("lab", "seconds", "backend", "runtime", "speed", "measured_on")
SECONDS = 300  # for one cell
ONE_WORK = (12,)
"""In the capstone all exercises are about one shop: what solves the first is a beginning of the others."""
WIDTH = 24
LOOK_AGAIN = "found = lab.teardown(dry_run=True)\nprint(len(found.things), *found.things, *found.unseen)"


@dataclass
class Walked:
    """What one lab came to.

    Parameters
    ----------
    lab : int
        The lab's number.
    seconds : float
        From the open notebook to the end of `lab.teardown()`.
    cells : int
        Cells of code that ran.
    solved, exercises : int
        Exercises that were done in the end, and all.
    right, questions : int
        Questions whose answer was noted as right in the end and as wrong at first, and all.
    left : list of str
        What was there after the clean-up.
    problems : list of str
        Everything that a learner would call an error.
    """

    lab: int
    seconds: float = 0.0
    cells: int = 0
    solved: int = 0
    exercises: int = 0
    right: int = 0
    questions: int = 0
    left: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Whether there was no error, and nothing is left."""
        return not self.problems and not self.left


class Sitting:
    """One learner with one notebook.

    Parameters
    ----------
    path : Path
        The learner's copy.
    environment : dict of str
        The kernel's.
    solving : bool
        Do the exercises and the quiz, and clean up. Without it all cells run as they are shipped, and all stays there.
    """

    def __init__(self, path: Path, environment: dict[str, str], *, solving: bool = True) -> None:
        self.path = path
        self.solving = solving
        self.walked = Walked(int(path.name[:2]))
        self._environment = environment
        self._notebook = read(path)
        self._code = [cell for cell in self._notebook.cells if cell.cell_type == "code"]
        self._client: Any = None
        self._check = 0

    async def go(self) -> Walked:
        """Run the lab from its first cell to its last, whatever goes wrong on the way."""
        self._client = NotebookClient(
            self._notebook, timeout=SECONDS, kernel_name="python3",
            resources={"metadata": {"path": str(self.path.parent)}},
        )  # fmt: skip
        async with self._client.async_setup_kernel(env=self._environment):
            began = time.monotonic()
            try:
                await self._all_cells()
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                self.walked.problems.append(str(error))
                if self.solving:
                    await self._extra("lab.teardown()")  # what a learner does who gives up
            self.walked.seconds = round(time.monotonic() - began, 1)
            if self.solving:
                await self._look_again()
                write(self.path, self._notebook)
        bar(self.walked.lab, 1, 1, time.monotonic() - began)
        return self.walked

    async def _all_cells(self) -> None:
        began = time.monotonic()
        for number, cell in enumerate(self._code):
            if "cleanup" in tags(cell) and not self.solving:
                return
            bar(self.walked.lab, number, len(self._code), time.monotonic() - began)
            stored = "".join(shown(cell))
            if self.solving and "# lab." in cell.source and "exercise" in tags(cell):  # hints and solution
                cell.source = cell.source.replace("# lab.", "lab.")
            await self._run(cell)
            check = CHECK.fullmatch(cell.source)
            if check:
                begun = self.solving and self.walked.solved and self.walked.lab in ONE_WORK
                self._says(cell, ("Not attempted.", "Not yet.")[: 1 + bool(begun)], "before anything was tried")
            # Which words of a check follow depends on the exercises before it, which may be solved here.
            if "nbval-check-output" in tags(cell) and not (check and self.solving) and "".join(shown(cell)) != stored:
                self._wrong(cell, f"shows\n{''.join(shown(cell))}\nand not, as it is stored,\n{stored}")
            if not self.solving:
                continue
            if check:
                self._check = number
            elif self._check and "exercise" in tags(cell):
                await self._solve(self._check)
                self._check = 0
            if "quiz" in tags(cell):
                self._answer(cell)

    async def _solve(self, number: int) -> None:
        mine, check = self._code[number - 1], self._code[number]
        asked = CHECK.fullmatch(check.source)
        assert asked is not None
        assert mine.source.startswith(EMPTY.strip())
        mine.source = exercises.find(asked[1]).code
        self.walked.exercises += 1
        await self._run(mine)
        await self._run(check)
        self.walked.solved += self._says(check, ("Done.",), "with the solution")

    async def _run(self, cell: NotebookNode) -> None:
        await self._client.async_execute_cell(cell, self._notebook.cells.index(cell))
        self.walked.cells += 1
        for output in cell.outputs:
            if output.get("name") == "stderr":
                self._wrong(cell, f"writes to stderr: {output.text}")

    def _says(self, cell: NotebookNode, words: Sequence[str], when: str) -> bool:
        said = "".join(shown(cell))
        well = any(one in said for one in words)
        if not well:
            self._wrong(cell, f"says {when}: {said.strip()}")
        return well

    def _wrong(self, cell: NotebookNode, what: str) -> None:
        self.walked.problems.append(f"{cell.source.strip().splitlines()[0]} {what}")

    # -- the quiz ------------------------------------------------------------------------------------------------------

    def _answer(self, cell: NotebookNode) -> None:
        """Send what the page sends for each question: a wrong choice first, then the right one."""
        widget = next(one.data[WIDGET]["model_id"] for one in cell.outputs if WIDGET in one.get("data", {}))
        kernel = self._client.kc
        for question in self._client.widget_state[widget]["questions"]:
            self.walked.questions += 1
            choices = question["choices"]
            if not all(choice["why"].strip() for choice in choices):
                self._wrong(cell, f"explains not every choice of {question['id']}")
            for right in (False, True):
                chosen = next(place for place, choice in enumerate(choices) if choice["correct"] == right)
                data = {"method": "custom", "content": {"question": question["id"], "choice": chosen}}
                kernel.shell_channel.send(kernel.session.msg("comm_msg", {"comm_id": widget, "data": data}))

    # -- the end -------------------------------------------------------------------------------------------------------

    async def _look_again(self) -> None:
        said = await self._extra(LOOK_AGAIN)
        if said.strip() != "0":
            self.walked.left.append(f"lab.teardown(dry_run=True) finds {said.strip()}")
        kept = json.loads((Path(self._environment["LAB_HOME"]) / "progress.json").read_text(encoding="utf-8"))
        answers = kept.get("quizzes", {}).get(f"{self.walked.lab:02d}", {}).values()
        self.walked.right = sum(one["right"] and not one["first"] and one["tries"] == 2 for one in answers)
        if self.walked.right != self.walked.questions:
            self.walked.problems.append(f"progress.json has of the quiz: {list(answers)}")
        done = [one for one, check in kept.get("checks", {}).items() if "done" in check]
        missed = [one for one in exercises.of_lab(self.walked.lab) if one not in done]
        if missed:
            self.walked.problems.append(f"progress.json has not as done: {', '.join(missed)}")
        kernel = psutil.Process(self._client.km.provisioner.pid)
        try:
            until(lambda: not kernel.children(recursive=True))
        except AssertionError:
            self.walked.left += [f"process of the kernel: {child}" for child in kernel.children(recursive=True)]

    async def _extra(self, source: str) -> str:
        """Run a cell that is not in the notebook; what it shows, the error included."""
        cell = new_code_cell(source)
        self._notebook.cells.append(cell)
        try:
            await self._client.async_execute_cell(cell, len(self._notebook.cells) - 1)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            self.walked.problems.append(str(error))
            return str(error)
        finally:
            self._notebook.cells.pop()
        return "".join(shown(cell))


def walk(labs: Sequence[int], *, twice: bool = False, keep: Path | None = None) -> Iterator[Walked]:
    """Do these labs one after the other, on one cloud; each is given back when nothing of it should be left.

    Parameters
    ----------
    labs : sequence of int
        The numbers of the labs.
    twice : bool
        Do each lab first as it is shipped and leave it so, as a learner does who comes back another day.
    keep : Path, optional
        Where the learner's notebooks are copied to at the end.
    """
    with fresh_cloud() as environment, tempfile.TemporaryDirectory(prefix="lab-workspace-") as folder:
        lab_home, workspace = Path(environment["LAB_HOME"]), Path(folder) / "workspace"
        course.fill_workspace(workspace)
        RunningCloud(lab_home).command("up")
        leftovers = Leftovers(lab_home)
        for path in sorted(workspace.glob("*.ipynb")):
            if int(path.name[:2]) not in labs:
                continue
            first = sit(path, environment, solving=False) if twice else None
            walked = sit(path, environment)
            walked.problems += [f"as shipped: {problem}" for problem in first.problems] if first else []
            walked.left += leftovers.find()
            yield walked
        if keep is not None:
            shutil.copytree(workspace, keep, dirs_exist_ok=True)


def sit(path: Path, environment: dict[str, str], *, solving: bool = True) -> Walked:
    """Do one lab; a kernel that never began is started again."""
    for left in reversed(range(STARTS)):
        try:
            return asyncio.run(Sitting(path, environment, solving=solving).go())
        except RuntimeError as error:
            if not left or NEVER_BEGAN not in str(error):
                raise
    raise AssertionError("unreachable")


# -- what is shown and written -----------------------------------------------------------------------------------------


def bar(lab: int, done: int, total: int, seconds: float) -> None:
    """Show on a terminal how far a lab is."""
    if sys.stdout.isatty():
        full = WIDTH * done // total
        end = "\n" if done == total else ""
        print(
            f"\rlab {lab:02d} {'█' * full}{'░' * (WIDTH - full)} {done:3}/{total} {seconds:4.0f} s", end=end, flush=True
        )


def table(walks: Sequence[Walked]) -> str:
    """One line a lab, and a sum."""
    head = "lab   seconds  cells  exercises  quiz   left  problems"
    return "\n".join([head, *(_line(f"{one.lab:02d}", [one]) for one in walks), _line("all", walks)])


def _line(name: str, walks: Sequence[Walked]) -> str:
    solved = f"{sum(one.solved for one in walks)}/{sum(one.exercises for one in walks)}"
    right = f"{sum(one.right for one in walks)}/{sum(one.questions for one in walks)}"
    return (
        f"{name:6}{sum(one.seconds for one in walks):7.1f}  {sum(one.cells for one in walks):5}"
        f"  {solved:>9}  {right:>5}"
        f"  {sum(len(one.left) for one in walks):4}  {sum(len(one.problems) for one in walks):8}"
    )


def report(walks: Sequence[Walked], artifacts: Path = ARTIFACTS) -> None:
    """Write the two files; labs that were not walked now keep their row of minutes."""
    artifacts.mkdir(exist_ok=True)
    content = {"measured_on": measured_on(), "labs": [asdict(one) for one in walks]}
    (artifacts / "course.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    path = artifacts / MEASURED.name
    rows = {}
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            rows = {row["lab"]: row for row in csv.DictReader(file)}
    chosen = (("LAB_BACKEND", "embedded"), ("LAB_RUNTIME", "process"), ("LAB_SPEED", "60"))
    how = tuple(os.environ.get(name) or usual for name, usual in chosen)
    for one in walks:
        if one.well:
            values = (f"{one.lab:02d}", f"{one.seconds:.1f}", *how, measured_on())
            rows[values[0]] = dict(zip(MINUTES_HEAD, values, strict=True))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, MINUTES_HEAD, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[lab] for lab in sorted(rows))


def measured_on() -> str:
    """The day and the machine, as far as figures depend on it."""
    return f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()} {platform.machine()}, {psutil.cpu_count()} cores"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 1 when a learner would have met an error or something was left."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.course_walk", description="Does the course as a learner does."
    )
    parser.add_argument("labs", nargs="*", type=int, metavar="LAB", help="numbers of labs (default: all)")
    parser.add_argument("--twice", action="store_true", help="do each lab first as it is shipped, and come back")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="copy the solved notebooks there")
    chosen = parser.parse_args(arguments)
    walks = []
    for one in walk(chosen.labs or home.all_numbers(), twice=chosen.twice, keep=chosen.keep):
        walks.append(one)
        for line in (*one.problems, *(f"left: {thing}" for thing in one.left)):
            print(f"lab {one.lab:02d}: {line}", flush=True)
        if not sys.stdout.isatty():
            print(f"lab {one.lab:02d}: {one.seconds:.1f} s, {'well' if one.well else 'NOT well'}", flush=True)
    print(table(walks))
    report(walks)
    return 0 if walks and all(one.well for one in walks) else 1


if __name__ == "__main__":
    sys.exit(main())
