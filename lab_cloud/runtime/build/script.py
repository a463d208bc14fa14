"""A RUN in shell form as commands, read the way a shell reads them as far as that is needed. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lab_cloud.runtime.build.variables import expand

_OPERATORS = "|&;<>()`\n"
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")


class NotAShell(ValueError):  # noqa: N818
    """The script needs a shell; the second argument is what to do."""


@dataclass(frozen=True)
class Command:
    """One command of a script.

    Parameters
    ----------
    argv : tuple of str
        Its words.
    variables : tuple of (str, str)
        What stands before it as ``NAME=value``.
    after_success : bool
        It stands after ``&&``: it only runs when the one before it has succeeded.
    """

    argv: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()
    after_success: bool = False


def commands(text: str, variables: Mapping[str, str]) -> list[Command]:
    """The commands of a script, which are joined by ``&&``, ``;`` or new lines.

    Parameters
    ----------
    text : str
        The script.
    variables : mapping of str to str
        The environment.

    Raises
    ------
    NotAShell
        It uses pipes, redirections, substitutions or the like.
    BadWord
        A quote has no end.
    """
    found: list[Command] = []
    words: list[str] = []
    after_success = False
    for piece in _pieces(text):
        if piece in ("&&", ";", "\n"):
            if words:
                found.append(_command(words, variables, after_success))
                after_success = piece == "&&"
            elif piece == "&&":
                raise NotAShell("nothing stands before &&", "Write a command there.")
            words = []
        else:
            words.append(piece)
    if words:
        found.append(_command(words, variables, after_success))
    elif after_success:
        raise NotAShell("nothing stands after &&", "Write a command there.")
    return found


def _command(words: list[str], variables: Mapping[str, str], after_success: bool) -> Command:
    before: list[tuple[str, str]] = []
    while words and _ASSIGNMENT.match(words[0]):
        name, _, value = words.pop(0).partition("=")
        before.append((name, expand(value, variables)))
    argv = [expand(word, variables) for word in words]
    # An unquoted variable that is empty is no word at all.
    kept = [word for word, raw in zip(argv, words, strict=True) if word or raw[:1] in "\"'"]
    return Command(tuple(kept), tuple(before), after_success)


def _pieces(text: str) -> list[str]:
    found: list[str] = []
    word, quote, place = "", "", 0
    while place < len(text):
        char = text[place]
        if char == "\\" and quote != "'" and place + 1 < len(text):
            if text[place + 1] != "\n":
                word += text[place : place + 2]
            place += 2
            continue
        if quote != "'" and (char == "`" or text.startswith("$(", place)):
            raise NotAShell("the output of a command in a command needs a shell", "Do it in Python.")
        if quote:
            quote = "" if char == quote else quote
            word += char
        elif char in "\"'":
            quote = char
            word += char
        elif char == "#" and not word:
            place = text.find("\n", place)
            place = len(text) if place < 0 else place
            continue
        elif char in _OPERATORS or char in " \t":
            if word:
                found.append(word)
            word = ""
            if text.startswith("&&", place):
                found.append("&&")
                place += 1
            elif char in ";\n":
                found.append(char)
            elif char in _OPERATORS:
                shown = text[place : place + 2] if text[place + 1 : place + 2] == char else char
                raise NotAShell(f"{shown} needs a shell", "Join commands by && only, and write files with COPY <<EOF.")
        else:
            word += char
        place += 1
    if quote:
        raise NotAShell(f"a quote {quote} has no end", "Close it.")
    return [*found, word] if word else found
