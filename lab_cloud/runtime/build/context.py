"""The build context: the folder that COPY and ADD take files from, seen through ``.dockerignore``."""

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab_cloud.errors import BuildFailed
from lab_cloud.runtime.build.ignore import Ignore, Rule, glob, is_glob
from lab_cloud.runtime.layers import Entry, Piece, mode_of

SMALL = 1 << 20
"""Bytes up to which a file is read once and held; a larger one is read where it lies."""
_MOST_FILES = 100_000


@dataclass(frozen=True)
class Source:
    """What one word of COPY names.

    Parameters
    ----------
    name : str
        Its base name, for a destination that is a folder.
    entry : Entry
        What it is.
    below : tuple of (str, Entry)
        For a folder, what is in it, with names from there.
    """

    name: str
    entry: Entry
    below: tuple[tuple[str, Entry], ...] = ()


class NoSource(ValueError):  # noqa: N818
    """Nothing in the context has this name; the second argument is what to do."""


class Context:
    """The folder of a build.

    Parameters
    ----------
    folder : Path
        Its root.
    ignore : Path or None
        The file that says what is not seen; None: ``.dockerignore`` in the folder.

    Raises
    ------
    BuildFailed
        The folder is not there, or its ``.dockerignore`` cannot be read.
    """

    def __init__(self, folder: Path, ignore: Path | None = None) -> None:
        if not folder.is_dir():
            raise BuildFailed(f"There is no folder {folder} to build from.", "Name the folder with the Dockerfile.")
        self.root = Path(os.path.realpath(folder))
        try:
            file = ignore or self.root / ".dockerignore"
            self._ignore = Ignore(file.read_text(encoding="utf-8") if file.is_file() else "")
        except (OSError, ValueError) as error:
            raise BuildFailed(f"The .dockerignore cannot be read: {error}", "Correct that line.") from error

    def find(self, pattern: str) -> list[Source]:
        """What a source of COPY means, sorted by name.

        Parameters
        ----------
        pattern : str
            A path in the context, or a pattern of several.

        Raises
        ------
        NoSource
            Nothing is there, or it lies outside the context.
        """
        name = posixpath.normpath("./" + pattern)
        if name == ".." or name.startswith("../"):
            raise NoSource(f"{pattern!r} lies outside the build context", "Copy it into the folder that you build.")
        if name != "." and is_glob(name):
            found = [self._source(each) for each in self._matching(name)]
            if not found:
                raise NoSource(f"nothing in the build context matches {pattern!r}", self._remedy(name))
            return found
        if name != "." and self._hidden(name) is not None and not self._shows_below(name):
            raise NoSource(f"{pattern!r} is not in the build context", self._remedy(name))
        return [self._source("" if name == "." else name)]

    def _hidden(self, name: str) -> Rule | None:
        return self._ignore.hides(name)

    def _shows_below(self, name: str) -> bool:
        return self._ignore.has_exceptions and (self.root / name).is_dir()

    def _remedy(self, name: str) -> str:
        rule = self._hidden(name)
        if rule is not None and not is_glob(name):
            return f".dockerignore line {rule.line} ({rule.text}) hides it."
        return f"Paths are relative to the folder that is built; it holds {self._there()}."

    def _there(self) -> str:
        names = sorted(path.name + ("/" if path.is_dir() else "") for path in self.root.iterdir())
        seen = [name for name in names if self._hidden(name.rstrip("/")) is None]
        return ", ".join(seen[:8]) + (" and more" if len(seen) > 8 else "") if seen else "nothing"

    def _matching(self, pattern: str) -> list[str]:
        """The names that a pattern matches, one part of the path after the other."""
        found = [""]
        for part in pattern.split("/"):
            rule = glob(part)
            found = [
                posixpath.join(folder, child)
                for folder in found
                if (self.root / folder).is_dir() and not (self.root / folder).is_symlink()
                for child in sorted(os.listdir(self.root / folder))  # noqa: PTH208 - names only
                if rule.fullmatch(child)
            ]
        return [name for name in found if self._hidden(name) is None or self._shows_below(name)]

    def _source(self, name: str) -> Source:
        path = self.root / name
        if not os.path.lexists(path):
            raise NoSource(f"{name!r} is not in the build context", self._remedy(name))
        real = Path(os.path.realpath(path))
        if real != self.root and self.root not in real.parents:
            raise NoSource(f"{name!r} is a link that leads outside the build context", "Copy what it points at.")
        base = posixpath.basename(name)
        if not real.is_dir():
            if not real.is_file():
                raise NoSource(f"{name!r} is neither a file nor a folder", "Leave it out.")
            return Source(base, _file(real))
        below = tuple(self._walk(real, posixpath.join(*real.relative_to(self.root).parts, "")))
        return Source(base, Entry(), below)

    def _walk(self, folder: Path, prefix: str) -> Iterator[tuple[str, Entry]]:
        """What is in a folder, but for what is hidden; a hidden folder appears when something in it is seen."""
        count = 0
        stack: list[tuple[Path, str]] = [(folder, "")]
        while stack:
            place, name = stack.pop()
            hidden = bool(name) and self._hidden(prefix + name) is not None
            if place.is_dir() and not place.is_symlink():
                if hidden and not self._ignore.has_exceptions:
                    continue
                if name and not hidden:
                    yield name, Entry()
                with os.scandir(place) as children:
                    stack.extend((Path(child.path), posixpath.join(name, child.name)) for child in children)
            elif not hidden:
                count += 1
                if count > _MOST_FILES:
                    raise BuildFailed(
                        f"The build context holds more than {_MOST_FILES:,} files.", "Leave some out: .dockerignore"
                    )
                if place.is_symlink():
                    target = os.readlink(place)  # noqa: PTH115 - the text as it stands
                    yield name, Entry(link=target.replace(os.sep, "/"), mode=0o777)
                elif place.is_file():
                    yield name, _file(place)


def _file(path: Path) -> Entry:
    """A file of the context; its permission bits come from what it is, so that they are the same on every system."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(SMALL + 1)
    except OSError as error:
        raise BuildFailed(
            f"{path.name} cannot be read: {error.strerror}", "Let it be read, or leave it out."
        ) from error
    if len(head) <= SMALL:
        return Entry(data=head, mode=mode_of(head))
    return Entry(piece=Piece(path, 0, size), mode=mode_of(head))
