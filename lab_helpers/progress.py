"""What the learner has done: checks and quizzes with their dates, in `.lab/progress.json`."""

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .store import Store


class Progress:
    """The learner's results.

    Parameters
    ----------
    folder : Path
        The folder `.lab/`.
    """

    def __init__(self, folder: Path) -> None:
        self._store = Store(folder / "progress.json")

    def learner(self) -> str:
        """The id that the learner's things carry: ``LAB_LEARNER``, the JupyterHub user, or one made once and kept."""
        given = os.environ.get("LAB_LEARNER") or os.environ.get("JUPYTERHUB_USER")
        if given:
            return given
        content = self._store.read()
        if "learner" not in content:
            content["learner"] = f"learner-{secrets.token_hex(4)}"
            self._store.write(content)
        return str(content["learner"])

    def record_check(self, exercise: str, outcome: str) -> None:
        """Note the outcome of a check; one that was done once stays done.

        Parameters
        ----------
        exercise : str
            The exercise's id, for example ``03a``.
        outcome : str
            ``done``, ``not yet``, ``not attempted`` or ``error``.
        """
        content = self._store.read()
        entry = content.setdefault("checks", {}).setdefault(exercise, {"tries": 0})
        entry["tries"] += outcome != "not attempted"  # a notebook that is run as it came asks every check
        entry["last"] = _now()
        entry["outcome"] = outcome
        if outcome == "done":
            entry.setdefault("done", entry["last"])
        self._store.write(content)

    def record_quiz(self, lab: int, question: str, right: bool) -> None:
        """Note an answer to a quiz question; the first try is kept apart, since it tells what was known.

        Parameters
        ----------
        lab : int
            The lab's number.
        question : str
            The question's id.
        right : bool
            Whether the answer was right.
        """
        content = self._store.read()
        quiz = content.setdefault("quizzes", {}).setdefault(f"{lab:02d}", {})
        entry = quiz.setdefault(question, {"first": right, "tries": 0})
        entry["tries"] += 1
        entry["right"] = right
        entry["last"] = _now()
        self._store.write(content)

    def checks(self) -> dict[str, dict[str, Any]]:
        """Per exercise: ``outcome``, ``tries``, ``last``, and ``done`` (a date) once it was done."""
        return dict(self._store.read().get("checks", {}))

    def quizzes(self) -> dict[str, dict[str, Any]]:
        """Per lab, per question: ``right``, ``first``, ``tries``, ``last``."""
        return dict(self._store.read().get("quizzes", {}))

    def __repr__(self) -> str:
        from .classroom.results import labs

        begun = [
            f"Lab {one.lab:02d}: {one.done} of {one.exercises} exercises done,"
            f" {one.right_first} of {one.questions} questions right at the first try"
            for one in labs(self.checks(), self.quizzes())
            if one.tries or one.answered
        ]
        return "\n".join(begun) or "Nothing yet. lab.check(...) and lab.quiz() write here what you have done."


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
