"""What a check, a hint and a solution show: small dataclasses with a text form and an HTML form.

The forms hold no times and no ids, so that a notebook's stored outputs can be compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import ClassVar


@dataclass(frozen=True)
class Outcome:
    """The outcome of a check.

    Parameters
    ----------
    exercise : str
        The exercise's id; `Lab.check` fills it in.
    """

    exercise: str = field(default="", kw_only=True)

    kind: ClassVar[str] = ""
    glyph: ClassVar[str] = ""
    title: ClassVar[str] = ""

    def lines(self) -> list[str]:
        """What follows the title."""
        return []

    def __str__(self) -> str:
        head = f"{self.glyph} {self.exercise}: {self.title}" if self.exercise else f"{self.glyph} {self.title}"
        return "\n".join([head, *(f"  - {line}" for line in self.lines())])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        head = f"<strong>{escape(self.glyph)} {escape(self.exercise)}</strong> {escape(self.title)}"
        items = "".join(f"<li>{escape(line)}</li>" for line in self.lines())
        body = f"<ul>{items}</ul>" if items else ""
        style = f"border-left:4px solid {COLOURS[self.kind]};padding-left:.8em"
        return f'<div role="status" style="{style}">{head}{body}</div>'


# Okabe and Ito's colours, told apart by nearly everybody; the glyph says the same.
COLOURS = {"done": "#009E73", "not yet": "#E69F00", "not attempted": "#56B4E9", "error": "#D55E00"}


@dataclass(frozen=True, repr=False)
class Done(Outcome):
    """The exercise is solved.

    Parameters
    ----------
    note : str
        What the check saw, in a few words; may be empty.
    """

    note: str = ""
    kind: ClassVar[str] = "done"
    glyph: ClassVar[str] = "✔"
    title: ClassVar[str] = "Done."

    def lines(self) -> list[str]:
        """The note."""
        return [self.note] if self.note else []


@dataclass(frozen=True, repr=False)
class NotYet(Outcome):
    """Something is there, but not all.

    Parameters
    ----------
    missing : sequence of str
        What is missing, one short sentence each; never the answer itself.
    """

    missing: Sequence[str] = ()
    kind: ClassVar[str] = "not yet"
    glyph: ClassVar[str] = "◐"
    title: ClassVar[str] = "Not yet. What is missing:"

    def lines(self) -> list[str]:
        """What is missing."""
        return list(self.missing)


@dataclass(frozen=True, repr=False)
class NotAttempted(Outcome):
    """Nothing in the account shows that the exercise was begun.

    Parameters
    ----------
    start : str
        Where to begin; may be empty.
    """

    start: str = ""
    kind: ClassVar[str] = "not attempted"
    glyph: ClassVar[str] = "○"
    title: ClassVar[str] = "Not attempted."

    def lines(self) -> list[str]:
        """Where to begin."""
        return [self.start] if self.start else []


@dataclass(frozen=True, repr=False)
class CheckError(Outcome):
    """The check could not look.

    Parameters
    ----------
    problem, remedy : str
        One line of what is wrong and one of what to do.
    """

    problem: str = ""
    remedy: str = ""
    kind: ClassVar[str] = "error"
    glyph: ClassVar[str] = "✖"
    title: ClassVar[str] = "The check could not look."

    def lines(self) -> list[str]:
        """What is wrong and what to do."""
        return [line for line in (self.problem, self.remedy) if line]


@dataclass(frozen=True, repr=False)
class Hint:
    """The hints given so far, the newest last.

    Parameters
    ----------
    exercise : str
        The exercise's id.
    hints : tuple of str
        Those given so far.
    total : int
        How many there are.
    """

    exercise: str
    hints: tuple[str, ...]
    total: int

    def __repr__(self) -> str:
        rows = [f"Hint {number} of {self.total}: {text}" for number, text in enumerate(self.hints, 1)]
        if len(self.hints) == self.total:
            rows.append(f'That was the last one. lab.solution("{self.exercise}") shows one way to do it.')
        return "\n".join(rows)

    def _repr_html_(self) -> str:
        rows = "".join(f"<p>{escape(line)}</p>" for line in repr(self).splitlines())
        return f'<div role="note" style="border-left:4px solid #0072B2;padding-left:.8em">{rows}</div>'


@dataclass(frozen=True, repr=False)
class Solution:
    """One way to solve an exercise.

    Parameters
    ----------
    exercise, title : str
        The exercise's id and title.
    code : str
        Python that runs in the lab's notebook.
    """

    exercise: str
    title: str
    code: str

    def __repr__(self) -> str:
        return f"# {self.exercise}: {self.title}\n{self.code}"

    def _repr_html_(self) -> str:
        code = f"<pre><code>{escape(self.code)}</code></pre>"
        return f"<details open><summary>{escape(self.title)}</summary>{code}</details>"
