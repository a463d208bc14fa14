"""The files of an image as its layers say, without laying them out on disk: exact modes and owners on every system."""

import posixpath
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from lab_cloud.errors import ImageCorrupt
from lab_cloud.runtime.layers import DAMAGED, OPAQUE, WHITEOUT, Entry, Member, Piece, inside

_MOST_LINKS = 40


class LinkLoop(ValueError):  # noqa: N818
    """Links lead in a circle."""


class Files:
    """Names and what they are, lowest layer first.

    Parameters
    ----------
    entries : mapping of str to Entry
        Names without slashes at their ends.
    """

    def __init__(self, entries: Mapping[str, Entry] | None = None) -> None:
        self.entries: dict[str, Entry] = dict(entries or {})
        self._children: dict[str, set[str]] = {}
        for name in self.entries:
            self._note(name)

    @classmethod
    def of(cls, layers: Iterable[Path]) -> "Files":
        """The files of an image.

        Parameters
        ----------
        layers : iterable of Path
            Uncompressed layers, lowest first.

        Raises
        ------
        ImageCorrupt
            A layer is damaged, or holds what no root can.
        """
        found = cls()
        for layer in layers:
            found.lay(read_layer(layer))
        return found

    def get(self, name: str) -> Entry | None:
        """What has exactly this name; the root is a folder."""
        return self.entries.get(name) if name else Entry()

    def resolve(self, name: str) -> str:
        """The name behind all links on the way and at the end; a part that is not there stays as it is.

        Raises
        ------
        LinkLoop
            The links have no end.
        """
        parts = [part for part in name.split("/") if part not in ("", ".")]
        found: list[str] = []
        links = 0
        while parts:
            part = parts.pop(0)
            if part == "..":
                found = found[:-1]
                continue
            entry = self.entries.get("/".join([*found, part]))
            if entry is None or entry.link is None:
                found.append(part)
                continue
            links += 1
            if links > _MOST_LINKS:
                raise LinkLoop(f"the links at /{name} lead in a circle")
            found = [] if entry.link.startswith("/") else found
            parts = [each for each in entry.link.split("/") if each not in ("", ".")] + parts
        return "/".join(found)

    def below(self, folder: str) -> Iterator[tuple[str, Entry]]:
        """Everything in a folder, at any depth, with its name from there; a folder before what is in it."""
        for child in sorted(self._children.get(folder, ())):
            name = f"{folder}/{child}" if folder else child
            yield child, self.entries[name]
            for deeper, entry in self.below(name):
                yield f"{child}/{deeper}", entry

    def lay(self, layer: Mapping[str, Entry]) -> None:
        """Lay one layer over what is there."""
        for name in layer:
            folder, base = posixpath.split(name)
            if base == OPAQUE:
                for child in list(self._children.get(self.resolve(folder), ())):
                    self._remove(posixpath.join(self.resolve(folder), child))
            elif base.startswith(WHITEOUT):
                self._remove(posixpath.join(self.resolve(folder), base[len(WHITEOUT) :]))
        for name, entry in layer.items():
            folder, base = posixpath.split(name)
            if not base.startswith(WHITEOUT):
                self.add(posixpath.join(self.resolve(folder), base), entry)

    def add(self, name: str, entry: Entry) -> None:
        """Put one thing in its place, with the folders that it needs."""
        folder = posixpath.dirname(name)
        if (folder and not (there := self.entries.get(folder))) or (folder and there and not there.is_folder):
            self.add(folder, Entry())
        old = self.entries.get(name)
        if old is not None and not (old.is_folder and entry.is_folder):
            self._remove(name)
        self.entries[name] = entry
        self._note(name)

    def _note(self, name: str) -> None:
        folder, base = posixpath.split(name)
        self._children.setdefault(folder, set()).add(base)

    def _remove(self, name: str) -> None:
        if self.entries.pop(name, None) is None:
            return
        folder, base = posixpath.split(name)
        self._children[folder].discard(base)
        for child in list(self._children.get(name, ())):
            self._remove(f"{name}/{child}")
        self._children.pop(name, None)


def read_layer(path: Path) -> dict[str, Entry]:
    """What an uncompressed layer holds, in its order.

    Raises
    ------
    ImageCorrupt
        It is damaged, wants out of the root, or holds a device.
    """
    found: dict[str, Entry] = {}
    try:
        with tarfile.open(path, "r:", tarinfo=Member) as archive:
            for member in archive:
                name = inside(member.name)
                if name:
                    found[name] = entry_of(member, path, found)
    except DAMAGED as error:
        raise ImageCorrupt(f"a layer of the image cannot be read: {error}") from error
    return found


def entry_of(member: tarfile.TarInfo, path: Path, before: Mapping[str, Entry]) -> Entry:
    """A member of an uncompressed archive as an entry.

    Parameters
    ----------
    member : TarInfo
        The member.
    path : Path
        The archive.
    before : mapping of str to Entry
        The members before it, to which a hard link may point.

    Raises
    ------
    ImageCorrupt
        It is a device, or a link to nothing.
    """
    mode, uid, gid = member.mode & 0o7777, member.uid, member.gid
    if member.isdir():
        return Entry(mode=mode, uid=uid, gid=gid)
    if member.issym():
        return Entry(link=member.linkname, mode=0o777, uid=uid, gid=gid)
    if member.islnk():
        origin = before.get(inside(member.linkname))
        if origin is None or origin.is_folder:
            raise ImageCorrupt(f"{member.name!r} is a link to {member.linkname!r}, which is not there")
        return origin
    if member.isreg() and not member.issparse():
        return Entry(piece=Piece(path, member.offset_data, member.size), mode=mode, uid=uid, gid=gid)
    raise ImageCorrupt(f"{member.name!r} in the archive is a device, a pipe or a sparse file, which is not unpacked")
