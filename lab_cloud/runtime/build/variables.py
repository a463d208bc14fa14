"""Words of a Dockerfile: quotes, escapes, and ``$NAME``, ``${NAME:-default}``, ``${NAME:+other}`` replaced."""

from collections.abc import Mapping

_NAME_START = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_NAME = _NAME_START | frozenset("0123456789")


class BadWord(ValueError):  # noqa: N818
    """A quote or a brace has no end, or a variable is asked for in a way that is not known."""


def expand(text: str, variables: Mapping[str, str], escape: str = "\\") -> str:
    """Replace variables in a text and take its quotes away.

    Parameters
    ----------
    text : str
        A word, or several.
    variables : mapping of str to str
        Their values; one that is not there is empty.
    escape : str
        The file's escape character.

    Raises
    ------
    BadWord
        A quote or brace has no end, a modifier is unknown, or ``${NAME:?message}`` found nothing.
    """
    return _Reader(text, variables, escape).read()


def expand_heredoc(text: str, variables: Mapping[str, str], escape: str = "\\") -> str:
    """Replace variables in a text whose quotes are its own; see `expand`."""
    return _Reader(text, variables, escape, quotes=False).read()


def words(text: str, variables: Mapping[str, str], escape: str = "\\") -> list[str]:
    """The words of a text, each as `expand` gives it; white space within quotes does not divide.

    Raises
    ------
    BadWord
        As `expand`.
    """
    return [expand(raw, variables, escape) for raw in raw_words(text, escape)]


def raw_words(text: str, escape: str = "\\") -> list[str]:
    """The words of a text as they stand, with their quotes.

    Raises
    ------
    BadWord
        A quote has no end.
    """
    found: list[str] = []
    word, quote, depth, place = "", "", 0, 0
    while place < len(text):
        char = text[place]
        if char == escape and quote != "'" and place + 1 < len(text):
            word += text[place : place + 2]
            place += 2
            continue
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif text.startswith("${", place):
            depth += 1
        elif char == "}" and depth:
            depth -= 1
        if char.isspace() and not quote and not depth:
            if word:
                found.append(word)
            word = ""
        else:
            word += char
        place += 1
    if quote:
        raise BadWord(f"a quote {quote} has no end")
    return [*found, word] if word else found


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str, variables: Mapping[str, str], escape: str, *, quotes: bool = True) -> None:
        self.text, self.variables, self.escape, self.quotes = text, variables, escape, quotes
        self.place = 0

    def read(self, until: str = "") -> str:
        out = ""
        while self.place < len(self.text):
            char = self.text[self.place]
            if until and char == until:
                self.place += 1
                return out
            if char == self.escape and self.place + 1 < len(self.text):
                following = self.text[self.place + 1]
                # In a heredoc the escape character means something before a dollar sign or itself only.
                out += following if self.quotes or following in ("$", self.escape) else char + following
                self.place += 2
            elif char == "$":
                out += self._variable()
            elif self.quotes and char in "\"'":
                out += self._quoted(char)
            else:
                out += char
                self.place += 1
        if until:
            raise BadWord("a brace { has no end")
        return out

    def _quoted(self, quote: str) -> str:
        self.place += 1
        out = ""
        while self.place < len(self.text):
            char = self.text[self.place]
            if char == quote:
                self.place += 1
                return out
            if quote == '"' and char == self.escape and self.place + 1 < len(self.text):
                following = self.text[self.place + 1]
                out += following if following in ('"', "$", self.escape) else char + following
                self.place += 2
            elif quote == '"' and char == "$":
                out += self._variable()
            else:
                out += char
                self.place += 1
        raise BadWord(f"a quote {quote} has no end")

    def _variable(self) -> str:
        self.place += 1
        if self.text.startswith("{", self.place):
            self.place += 1
            name = self._name()
            return self._modified(name)
        name = self._name()
        return self.variables.get(name, "") if name else "$"

    def _name(self) -> str:
        start = self.place
        if self.place < len(self.text) and self.text[self.place] in _NAME_START:
            while self.place < len(self.text) and self.text[self.place] in _NAME:
                self.place += 1
        return self.text[start : self.place]

    def _modified(self, name: str) -> str:
        if not name:
            raise BadWord("a variable's name is missing after ${")
        value = self.variables.get(name)
        if self.text.startswith("}", self.place):
            self.place += 1
            return value or ""
        colon = self.text.startswith(":", self.place)
        self.place += colon
        modifier = self.text[self.place : self.place + 1]
        if not modifier:
            raise BadWord("a brace { has no end")
        if modifier not in "-+?":
            raise BadWord(f"${{{name}{':' * colon}{modifier}…}} is not known here; there are :-, :+ and :?")
        self.place += 1
        other = self.read("}")
        there = value is not None and (not colon or value != "")
        if modifier == "-":
            return (value or "") if there else other
        if modifier == "+":
            return other if there else ""
        if not there:
            raise BadWord(f"{name}: {other or 'is not set'}")
        return value or ""
