"""What a build does not see: the patterns of ``.dockerignore``, and the globs of COPY."""

import posixpath
import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Rule:
    """One line of ``.dockerignore``.

    Parameters
    ----------
    line : int
        Where it stands, from 1.
    text : str
        As it stands there.
    pattern : re.Pattern
        Matches the whole path of what is meant, without slashes at its ends.
    again : bool
        It begins with ``!``: what it matches is seen after all.
    """

    line: int
    text: str
    pattern: re.Pattern[str]
    again: bool


class Ignore:
    """Tells what a build does not see.

    Parameters
    ----------
    text : str
        The content of ``.dockerignore``.

    Raises
    ------
    ValueError
        A pattern makes no sense; the message names its line.

    References
    ----------
    https://docs.docker.com/build/concepts/context/#dockerignore-files
    """

    def __init__(self, text: str = "") -> None:
        self.rules: list[Rule] = []
        for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
            line = raw.strip()
            if not line or raw.startswith("#"):
                continue
            again = line.startswith("!")
            cleaned = posixpath.normpath(line.removeprefix("!").strip() or ".").strip("/")
            if cleaned == ".":
                continue
            try:
                self.rules.append(Rule(number, line, glob(cleaned), again))
            except re.error as error:
                raise ValueError(f".dockerignore line {number}: {line!r} is no pattern ({error})") from error

    def hides(self, path: str) -> Rule | None:
        """The rule that hides a path of the context, if one does; the last rule that matches decides.

        A rule for a folder holds for what is in it.
        """
        decided: Rule | None = None
        parents = [path]
        while "/" in parents[-1]:
            parents.append(parents[-1].rpartition("/")[0])
        for rule in self.rules:
            if any(rule.pattern.fullmatch(each) for each in parents):
                decided = None if rule.again else rule
        return decided

    @property
    def has_exceptions(self) -> bool:
        """Whether something in a hidden folder may be seen after all."""
        return any(rule.again for rule in self.rules)


@lru_cache(maxsize=512)
def glob(text: str) -> re.Pattern[str]:
    """A pattern of Go's ``filepath.Match``, with ``**`` for any number of folders, as a regular expression.

    Raises
    ------
    re.error
        It makes no sense, for example ``[`` without an end.
    """
    out, place = "", 0
    while place < len(text):
        char = text[place]
        if text.startswith("**/", place):
            out += "(?:[^/]+/)*"
            place += 3
            continue
        if text.startswith("**", place):
            out += ".*"
            place += 2
            continue
        if char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "[":
            end = text.find("]", place + 2)
            if end < 0:
                raise re.error("a bracket [ has no end", text, place)
            inner = text[place + 1 : end]
            inner = ("^" + inner[1:] if inner[0] in "^!" else inner).replace("\\", "\\\\").replace("[", "\\[")
            out += f"(?!/)[{inner}]"
            place = end
        elif char == "\\" and place + 1 < len(text):
            place += 1
            out += re.escape(text[place])
        else:
            out += re.escape(char)
        place += 1
    return re.compile(out, re.DOTALL)


def is_glob(text: str) -> bool:
    """Whether a source of COPY names several files by a pattern."""
    return any(char in text for char in "*?[")
