"""The quiz at the end of a lab: questions from data/quizzes, answered in the page, kept in progress."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from lab_helpers.views.page import script, style, with_still

FOLDER = Path(__file__).resolve().parent.parent / "data" / "quizzes"


@dataclass(frozen=True)
class Choice:
    """One answer that can be chosen, and why it is right or wrong."""

    text: str
    why: str
    correct: bool = False


@dataclass(frozen=True)
class Question:
    """One question. Exactly one choice is correct."""

    id: str
    text: str
    choices: tuple[Choice, ...]

    @property
    def right(self) -> Choice:
        """The correct choice."""
        return next(choice for choice in self.choices if choice.correct)


def questions(lab: int) -> tuple[Question, ...]:
    """The questions of one lab.

    Raises
    ------
    ValueError
        When a question does not have exactly one correct choice, or an id is there twice.
    """
    raw = json.loads((FOLDER / f"lab_{lab:02}.json").read_text(encoding="utf-8"))
    found = tuple(_question(one) for one in raw["questions"])
    for question in found:
        if sum(choice.correct for choice in question.choices) != 1:
            raise ValueError(f"Question {question.id} needs exactly one correct choice.")
    if len({question.id for question in found}) != len(found):
        raise ValueError(f"A question id is there twice in the quiz of lab {lab}.")
    return found


def _question(raw: dict[str, Any]) -> Question:
    return Question(raw["id"], raw["text"], tuple(Choice(**choice) for choice in raw["choices"]))


class Quiz(anywidget.AnyWidget):  # type: ignore[misc]
    """The quiz of one lab.

    Parameters
    ----------
    lab
        The number of the lab.
    record
        Called with the lab's number, the question's id and whether the answer was right, each time one is given.
    """

    _esm = script("quiz")
    _css = style("quiz")
    questions = traitlets.List().tag(sync=True)
    lab = traitlets.Int().tag(sync=True)

    def __init__(self, lab: int, record: Callable[[int, str, bool], object] | None = None) -> None:
        self._questions = questions(lab)
        self._record = record
        super().__init__(lab=lab, questions=[asdict(question) for question in self._questions])
        self.on_msg(self._answered)

    def answer(self, question: str, choice: int) -> str:
        """Answer without a mouse or a page: the explanation of a choice, counted from 0.

        Raises
        ------
        LookupError
            When there is no such question or choice.
        """
        asked = next((one for one in self._questions if one.id == question), None)
        if asked is None:
            names = ", ".join(one.id for one in self._questions)
            raise LookupError(f"This quiz has no question {question!r}. It has {names}.")
        if not 0 <= choice < len(asked.choices):
            raise LookupError(f"Question {question} has the choices 0 to {len(asked.choices) - 1}.")
        chosen = asked.choices[choice]
        if self._record is not None:
            self._record(self.lab, question, chosen.correct)
        return f"{'Right' if chosen.correct else 'Not right'}. {chosen.why}"

    def text(self) -> str:
        """The questions as text, without the answers."""
        lines = []
        for number, question in enumerate(self._questions, 1):
            lines.append(f"{number}. {question.text}")
            lines += [f"   ( ) {choice.text}" for choice in question.choices]
        return "\n".join(lines)

    def html(self) -> str:
        """The quiz for a page without a kernel: the answers are folded away."""
        parts = []
        for question in self._questions:
            choices = "".join(f"<li>{escape(choice.text)}</li>" for choice in question.choices)
            answer = f"<strong>{escape(question.right.text)}</strong> {escape(question.right.why)}"
            parts.append(
                f"<li><p>{escape(question.text)}</p><ul>{choices}</ul>"
                f"<details><summary>Answer</summary><p>{answer}</p></details></li>"
            )
        return f"<ol data-still>{''.join(parts)}</ol>"

    def _answered(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        try:
            self.answer(str(content.get("question")), int(content.get("choice", -1)))
        except (LookupError, ValueError):
            return  # a page from an older run of the cell: its questions are no longer ours

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return with_still(super()._repr_mimebundle_(**kwargs), self.text(), self.html())
