"""The words of the course, in English and Vietnamese, read from data/glossary.csv."""

import csv
import difflib
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent.parent / "data" / "glossary.csv"
LEFT = 'style="text-align:left;vertical-align:top"'
HEAD = (
    f'<thead><tr><th scope="col" {LEFT}>English</th><th scope="col" {LEFT}>Tiếng Việt</th>'
    f'<th scope="col" {LEFT}>Meaning</th></tr></thead>'
)


@dataclass(frozen=True)
class Entry:
    """One word: the English term, its Vietnamese name, and what it means in plain English."""

    term: str
    vietnamese: str
    explanation: str

    def __str__(self) -> str:
        return f"{self.term} ({self.vietnamese}): {self.explanation}"

    def html(self) -> str:
        """The entry as one row of a table."""
        cells = (
            f'<th scope="row" {LEFT}>{escape(self.term)}</th>'
            f'<td lang="vi" {LEFT}>{escape(self.vietnamese)}</td><td {LEFT}>{escape(self.explanation)}</td>'
        )
        return f"<tr>{cells}</tr>"


@dataclass(frozen=True)
class Answer:
    """What a notebook shows for a question to the glossary."""

    entries: tuple[Entry, ...]
    unknown: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __str__(self) -> str:
        lines = [str(entry) for entry in self.entries]
        lines += [f"{word!r} is not in the glossary.{_hint(near)}" for word, near in self.unknown]
        return "\n".join(lines)

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, str]:
        rows = "".join(entry.html() for entry in self.entries)
        notes = "".join(
            f"<p>{escape(repr(word))} is not in the glossary.{escape(_hint(near))}</p>" for word, near in self.unknown
        )
        table = f"<table>{HEAD}<tbody>{rows}</tbody></table>" if rows else ""
        return {"text/plain": str(self), "text/html": table + notes}


def look_up(*terms: str) -> Answer:
    """What the words mean; without a word, the whole glossary.

    Parameters
    ----------
    *terms
        English or Vietnamese, in any case, in singular or plural.

    Returns
    -------
    Answer
        An unknown word is no error: the answer says so and offers words that look like it.
    """
    known = entries()
    if not terms:
        return Answer(tuple(sorted(known, key=lambda entry: entry.term.casefold())))
    names = {_key(name): entry for entry in known for name in (entry.vietnamese, entry.term)}
    found: list[Entry] = []
    unknown: list[tuple[str, tuple[str, ...]]] = []
    for term in terms:
        key = _key(term)
        entry = names.get(key) or names.get(key.removesuffix("s"))
        if entry is not None:
            found.append(entry)
        else:
            near = difflib.get_close_matches(key, names, n=3, cutoff=0.6)
            unknown.append((term, tuple(dict.fromkeys(names[name].term for name in near))))
    return Answer(tuple(found), tuple(unknown))


@cache
def entries() -> tuple[Entry, ...]:
    """Every entry, in the order of the file."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(Entry(row["term"], row["vietnamese"], row["explanation"]) for row in csv.DictReader(file))


def _key(word: str) -> str:
    return " ".join(word.casefold().replace("-", " ").split())


def _hint(near: tuple[str, ...]) -> str:
    return f" Did you mean {' or '.join(near)}?" if near else " lab.glossary() lists every word."
