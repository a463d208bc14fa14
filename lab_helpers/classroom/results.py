"""One learner's results in a file, and the files of a class put together. Nothing is sent."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import exercises, home
from ..errors import LabError
from ..progress import Progress

FORM = "containers-on-aws progress 1"


@dataclass(frozen=True)
class LabResult:
    """How far one learner is in one lab.

    Parameters
    ----------
    lab : int
        The lab's number.
    done, exercises : int
        Exercises that were done, and all that there are.
    tries : int
        How often something was checked.
    right_first, answered, questions : int
        Quiz questions that were right at the first try, that were answered, and all that there are.
    last : str
        The last activity, as ISO date and time; empty when there was none.
    """

    lab: int
    done: int
    exercises: int
    tries: int
    right_first: int
    answered: int
    questions: int
    last: str


@dataclass(frozen=True)
class Learner:
    """One learner of a class."""

    name: str
    exported: str
    labs: tuple[LabResult, ...]
    stuck: tuple[str, ...]
    """Exercises that were tried and are not done."""

    @property
    def done(self) -> int:
        """Exercises done in all labs."""
        return sum(lab.done for lab in self.labs)


def export(progress: Progress) -> dict[str, Any]:
    """Everything that a teacher's roll-up needs of one learner: the id, checks and quizzes. No code, no answers."""
    return {
        "form": FORM,
        "learner": progress.learner(),
        "exported": datetime.now(UTC).isoformat(timespec="seconds"),
        "checks": progress.checks(),
        "quizzes": progress.quizzes(),
    }


def read(path: Path) -> Learner:
    """A learner from a file that `export` wrote.

    Raises
    ------
    LabError
        When it is no such file.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["form"] != FORM:
            raise ValueError(content["form"])
        checks, quizzes = dict(content["checks"]), dict(content["quizzes"])
        stuck = tuple(sorted(one for one, entry in checks.items() if not entry.get("done")))
        return Learner(str(content["learner"]), str(content["exported"]), labs(checks, quizzes), stuck)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LabError(
            f"{path.name} is no file of progress ({type(error).__name__}).",
            "Ask for a new one: python -m lab_helpers classroom export",
        ) from error


def read_all(paths: Iterable[Path]) -> tuple[list[Learner], list[str]]:
    """The learners of many files and folders, the newest file of each; and what could not be read, in one line each."""
    newest: dict[str, Learner] = {}
    problems: list[str] = []
    for path in paths:
        for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
            try:
                found = read(file)
            except LabError as error:
                problems.append(error.message)
                continue
            if found.name not in newest or newest[found.name].exported < found.exported:
                newest[found.name] = found
    return sorted(newest.values(), key=lambda one: one.name), problems


def labs(checks: dict[str, Any], quizzes: dict[str, Any]) -> tuple[LabResult, ...]:
    """How far somebody is in each lab, from `Progress.checks` and `Progress.quizzes`."""
    return tuple(_lab(number, checks, quizzes.get(f"{number:02d}", {})) for number in home.all_numbers())


def _lab(number: int, checks: dict[str, Any], quiz: dict[str, Any]) -> LabResult:
    mine = {one: checks[one] for one in exercises.of_lab(number) if one in checks}
    times = [str(entry["last"]) for entry in (*mine.values(), *quiz.values()) if "last" in entry]
    return LabResult(
        lab=number,
        done=sum(bool(entry.get("done")) for entry in mine.values()),
        exercises=len(exercises.of_lab(number)),
        tries=sum(int(entry.get("tries", 0)) for entry in mine.values()),
        right_first=sum(bool(entry.get("first")) for entry in quiz.values()),
        answered=len(quiz),
        questions=_questions(number),
        last=max(times, default=""),
    )


def _questions(number: int) -> int:
    file = Path(__file__).resolve().parents[2] / "data" / "quizzes" / f"lab_{number:02d}.json"
    return len(json.loads(file.read_text(encoding="utf-8"))["questions"]) if file.is_file() else 0
