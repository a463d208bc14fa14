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
STUCK_TRIES = 3
"""Who has tried an exercise so often and not done it may need help; fewer tries are work."""


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
class Attempt:
    """An exercise that a learner has tried and not done yet.

    Parameters
    ----------
    exercise : str
        Its id, for example ``03b``.
    tries : int
        How often it was checked after something had been done.
    """

    exercise: str
    tries: int

    @property
    def stuck(self) -> bool:
        """Has it been tried so often that help may be due?"""
        return self.tries >= STUCK_TRIES


@dataclass(frozen=True)
class Learner:
    """One learner of a class.

    Parameters
    ----------
    name : str
        The id.
    exported : str
        When the file was written, as ISO date and time.
    labs : tuple of LabResult
        All labs of the course.
    attempts : tuple of Attempt
        What was tried and is not done, in the labs' order.
    missed : tuple of str
        The ids of the quiz questions that were wrong at the first try.
    """

    name: str
    exported: str
    labs: tuple[LabResult, ...]
    attempts: tuple[Attempt, ...]
    missed: tuple[str, ...]

    @property
    def done(self) -> int:
        """Exercises done in all labs."""
        return sum(lab.done for lab in self.labs)

    @property
    def last(self) -> str:
        """The last activity in any lab; empty when there was none."""
        return max((lab.last for lab in self.labs), default="")


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
        known = {one for number in home.all_numbers() for one in exercises.of_lab(number)}
        open_ = {one: int(entry["tries"]) for one, entry in checks.items() if one in known and not entry.get("done")}
        attempts = tuple(Attempt(one, tries) for one, tries in sorted(open_.items()) if tries)
        missed = [one for quiz in quizzes.values() for one, entry in quiz.items() if not entry["first"]]
        name, exported = str(content["learner"]), str(content["exported"])
        return Learner(name, exported, labs(checks, quizzes), attempts, tuple(sorted(missed)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LabError(
            f"{path.name} is no file of progress ({type(error).__name__}).",
            "Ask for a new one: python -m lab_helpers classroom export",
        ) from error


@dataclass(frozen=True)
class Class:
    """The files of a class, put together.

    Parameters
    ----------
    learners : tuple of Learner
        By their names; of several files of one name the newest counts.
    unread : tuple of str
        What could not be read, in one line each.
    twice : tuple of str
        Names that more than one file has, in one line each.
    """

    learners: tuple[Learner, ...]
    unread: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()


def read_all(paths: Iterable[Path]) -> Class:
    """The learners of many files, and of the folders among them."""
    found: dict[str, list[Learner]] = {}
    unread: list[str] = []
    for path in paths:
        for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
            try:
                one = read(file)
            except LabError as error:
                unread.append(" ".join(error.lines()))
                continue
            found.setdefault(one.name, []).append(one)
    return Class(
        tuple(max(files, key=lambda one: one.exported) for _, files in sorted(found.items())),
        tuple(unread),
        tuple(
            f"{name}: {len(files)} files, and the newest counts. If they are two people, each needs an own LAB_LEARNER."
            for name, files in sorted(found.items())
            if len(files) > 1
        ),
    )


def questions(number: int) -> dict[str, str]:
    """The questions of a lab's quiz, by their ids."""
    file = Path(__file__).resolve().parents[2] / "data" / "quizzes" / f"lab_{number:02d}.json"
    if not file.is_file():
        return {}
    return {one["id"]: one["text"] for one in json.loads(file.read_text(encoding="utf-8"))["questions"]}


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
        questions=len(questions(number)),
        last=max(times, default=""),
    )
