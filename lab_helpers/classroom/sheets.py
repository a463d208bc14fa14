"""A class as a table for spreadsheets and for pandas."""

import csv
import io
from collections.abc import Sequence

from .results import Learner

HEAD = (
    *("learner", "lab", "done", "exercises", "tries", "quiz right first", "quiz answered", "quiz questions", "last"),
    "not done yet",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def table(learners: Sequence[Learner]) -> str:
    """One row for each learner and lab, as CSV.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for one in learners:
        for lab in one.labs:
            tried = " ".join(each.exercise for each in one.attempts if each.exercise.startswith(f"{lab.lab:02d}"))
            row = (lab.done, lab.exercises, lab.tries, lab.right_first, lab.answered, lab.questions, lab.last, tried)
            writer.writerow([_plain(one.name), f"{lab.lab:02d}", *row])
    return text.getvalue()


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
