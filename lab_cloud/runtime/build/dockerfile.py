"""A Dockerfile as a list of instructions: comments, directives, continued lines, flags and heredocs are read here.

What the words of an instruction mean is told in `instructions`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lab_cloud.errors import DockerfileError

_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.*?)\s*")
_DIRECTIVES = ("syntax", "escape", "check")
_FLAG = re.compile(r"--([A-Za-z][A-Za-z0-9-]*)(?:=(\S*))?(?:\s+|$)")
_HEREDOC = re.compile(r"(?<!\S)<<(-?)(?:\"([^\s\"]+)\"|'([^\s']+)'|([A-Za-z0-9_][^\s<>\"']*))(?!\S)")
_WITH_HEREDOCS = ("COPY", "ADD", "RUN")


@dataclass(frozen=True)
class Heredoc:
    """Text that stands below an instruction.

    Parameters
    ----------
    name : str
        The word that ends it; for COPY also the name of the file.
    text : str
        Its lines.
    expand : bool
        Whether variables in it are replaced: the word stood without quotes.
    """

    name: str
    text: str
    expand: bool


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Parameters
    ----------
    line : int
        Where it begins, from 1.
    name : str
        In capitals, for example ``COPY``.
    flags : tuple of (str, str or None)
        ``--from=build`` is ``("from", "build")``; None for a flag without ``=``.
    rest : str
        What stands after the flags, on one line.
    heredocs : tuple of Heredoc
        The texts below it.
    escape : str
        The file's escape character.
    """

    line: int
    name: str
    flags: tuple[tuple[str, str | None], ...] = ()
    rest: str = ""
    heredocs: tuple[Heredoc, ...] = ()
    escape: str = "\\"

    @property
    def text(self) -> str:
        """The instruction on one line, as it stands in the file."""
        flags = [f"--{name}" + ("" if value is None else f"={value}") for name, value in self.flags]
        return " ".join([self.name, *flags, *([self.rest] if self.rest else [])])

    def error(self, message: str, remedy: str = "") -> DockerfileError:
        """What is wrong with it, with its line."""
        return DockerfileError(self.line, self.text, message, remedy)


def parse(text: str) -> list[Instruction]:
    """Read a Dockerfile.

    Parameters
    ----------
    text : str
        Its content.

    Raises
    ------
    DockerfileError
        It is empty, a directive is wrong, or a heredoc has no end.

    References
    ----------
    https://docs.docker.com/reference/dockerfile/
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    escape = _directives(lines)
    found = list(_instructions(lines, escape))
    if not found:
        raise DockerfileError(1, "", "the file holds no instruction", "Begin with FROM, for example: FROM python:3.12")
    return found


def _directives(lines: list[str]) -> str:
    """The escape character. Directives stand above everything else."""
    seen: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        match = _DIRECTIVE.fullmatch(line.strip())
        if match is None or match[1].lower() not in _DIRECTIVES:
            break
        name = match[1].lower()
        if name in seen:
            raise DockerfileError(number, line, f"the directive {name!r} is there twice", "Leave one of them out.")
        seen[name] = match[2]
        if name == "escape" and match[2] not in ("\\", "`"):
            raise DockerfileError(number, line, "the escape character can be \\ or ` only")
    return seen.get("escape", "\\")


def _instructions(lines: list[str], escape: str) -> Iterator[Instruction]:
    continued = re.compile(re.escape(escape) + r"[ \t]*$")
    place = 0
    while place < len(lines):
        first = place
        line = lines[place].strip()
        place += 1
        if not line or line.startswith("#"):
            continue
        parts = []
        while True:
            more = continued.search(line)
            parts.append(line[: more.start()] if more else line)
            if not more:
                break
            while place < len(lines) and (not lines[place].strip() or lines[place].lstrip().startswith("#")):
                place += 1  # comments and empty lines between are as if they were not there
            if place >= len(lines):
                break
            line = lines[place].rstrip()
            place += 1
        name, flags, rest = _split("".join(parts).strip())
        heredocs: list[Heredoc] = []
        if name in _WITH_HEREDOCS:
            for match in _HEREDOC.finditer(rest):
                if _within_quotes(rest[: match.start()]):
                    continue
                heredoc, place = _heredoc(match, lines, place, first)
                heredocs.append(heredoc)
        yield Instruction(first + 1, name, flags, rest, tuple(heredocs), escape)


def _split(line: str) -> tuple[str, tuple[tuple[str, str | None], ...], str]:
    name, _, rest = line.replace("\t", " ", 1).partition(" ") if re.match(r"\S+\t", line) else line.partition(" ")
    rest = rest.strip()
    flags: list[tuple[str, str | None]] = []
    while match := _FLAG.match(rest):
        flags.append((match[1], match[2]))
        rest = rest[match.end() :]
    return name.upper(), tuple(flags), rest


def _heredoc(match: re.Match[str], lines: list[str], place: int, first: int) -> tuple[Heredoc, int]:
    name = match[2] or match[3] or match[4]
    kept: list[str] = []
    while place < len(lines):
        line = lines[place].lstrip("\t") if match[1] else lines[place]
        place += 1
        if line == name:
            text = "".join(f"{each}\n" for each in kept)
            return Heredoc(name, text, expand=match[4] is not None), place
        kept.append(line)
    raise DockerfileError(
        first + 1, lines[first], f"the heredoc {name} has no end", f"Write {name} alone on a line below its text."
    )


def _within_quotes(before: str) -> bool:
    quote = ""
    for char in re.sub(r"\\\\.", "", before):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
    return bool(quote)


def without_heredocs(rest: str) -> str:
    """The words of an instruction but for its ``<<NAME``."""
    return _HEREDOC.sub(lambda match: match[0] if _within_quotes(rest[: match.start()]) else "", rest).strip()
