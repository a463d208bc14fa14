"""The exercises of the labs: each has a check of the account's state, hints that grow, and a solution.

`lab_03.py` holds those of lab 03 in ``EXERCISES``, a dict from id to `Exercise`.
"""

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

from ..errors import LabError, NotFound
from .outcomes import CheckError, Done, Hint, NotAttempted, NotYet, Outcome, Solution

if TYPE_CHECKING:
    from ..lab import Lab

__all__ = [
    "CheckError",
    "Done",
    "Exercise",
    "Hint",
    "NotAttempted",
    "NotYet",
    "Outcome",
    "Solution",
    "find",
    "run_check",
]


@dataclass(frozen=True)
class Exercise:
    """One task for the learner.

    Parameters
    ----------
    id : str
        Lab number and letter, for example ``03a``.
    title : str
        The task in a few words.
    check : callable
        Looks at the account's state through a `Lab` and answers with an outcome.
    hints : tuple of str
        From vague to specific; the last one still does not give the answer away.
    solution : str
        Python that solves it in the lab's notebook; indentation common to all lines is removed.
    """

    id: str
    title: str
    check: "Callable[[Lab], Outcome]"
    hints: tuple[str, ...]
    solution: str

    @property
    def code(self) -> str:
        """The solution as it can be run."""
        return dedent(self.solution).strip() + "\n"


def find(exercise: str) -> Exercise:
    """The exercise of that id; ``7a`` and ``07A`` are taken for ``07a``.

    Raises
    ------
    NotFound
        When there is none; the message names those of the same lab.
    """
    exercise = str(exercise)  # a learner may write check(3)
    match = re.fullmatch(r"(\d{1,2})([a-z])", exercise.strip().lower())
    known = of_lab(int(match[1])) if match else {}
    meant = f"{int(match[1]):02d}{match[2]}" if match else ""
    if meant not in known:
        there = f"Lab {meant[:2]} has {', '.join(known)}." if known else 'An id has two digits and a letter: "03a".'
        raise NotFound(f"There is no exercise {exercise!r}.", there)
    return known[meant]


def of_lab(number: int) -> dict[str, Exercise]:
    """The exercises of one lab by their ids; empty when it has none."""
    name = f"{__name__}.lab_{number:02d}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return {}
    exercises: dict[str, Exercise] = module.EXERCISES
    return exercises


def run_check(exercise: Exercise, lab: "Lab") -> Outcome:
    """Check one exercise; whatever goes wrong becomes an outcome of two lines.

    Returns
    -------
    Outcome
        With the exercise's id filled in.
    """
    from dataclasses import replace

    from botocore.exceptions import BotoCoreError, ClientError

    try:
        outcome = exercise.check(lab)
    except LabError as error:
        outcome = CheckError(problem=error.message, remedy=error.remedy)
    except ClientError as error:
        told = error.response["Error"]
        outcome = CheckError(
            problem=f"AWS answered {told['Code']}: {told['Message']}",
            remedy="If you have just changed something, wait a moment and check again; else run lab.start().",
        )
    except BotoCoreError as error:
        outcome = CheckError(problem=f"The cloud does not answer: {error}", remedy="Run lab.start() and check again.")
    except Exception as error:
        outcome = CheckError(
            problem=f"The check itself failed: {type(error).__name__}: {error}",
            remedy="That is a mistake in the course, not in your work. Please report it with this line.",
        )
    return replace(outcome, exercise=exercise.id)
