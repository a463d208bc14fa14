"""Image layers: folders to tar archives whose bytes never vary, and archives to folders without trusting them."""

import gzip
import os
import posixpath
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lab_cloud.errors import CannotStart, ImageCorrupt
from lab_cloud.system import WINDOWS

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
_SKIPPED = {"__pycache__", ".DS_Store", "Thumbs.db"}
_CHUNK = 1 << 20
_DEEPEST = 256
"""Folders within folders; a path of more than that is no program's, and breaks the tools that walk it."""
_LONGEST_HEADER = 1 << 20
"""Bytes of a long name or of extended attributes; tarfile reads them into memory whole."""
_BAD_ON_WINDOWS = set('<>:"|?*')
DAMAGED = (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, ValueError, OverflowError)
"""What reading an archive raises that is none."""


@dataclass(frozen=True)
class Piece:
    """The content of a file as a part of another file: of the build context, or of a layer in the store.

    Parameters
    ----------
    path : Path
        The file that holds it.
    offset, size : int
        Where in it, in bytes.
    """

    path: Path
    offset: int
    size: int

    def chunks(self) -> Iterator[bytes]:
        """Its bytes; raises ImageCorrupt when there are fewer than there were."""
        left = self.size
        with self.path.open("rb") as file:
            file.seek(self.offset)
            while left:
                chunk = file.read(min(left, _CHUNK))
                if not chunk:
                    raise ImageCorrupt(f"{self.path.name!r} became shorter while it was read")
                left -= len(chunk)
                yield chunk


@dataclass(frozen=True)
class Entry:
    """One thing in a layer: a file (`data`, or `piece` for what is too large to hold), a symbolic link, or a folder.

    Parameters
    ----------
    data : bytes or None
        A file's content.
    link : str or None
        Where a symbolic link points.
    mode : int
        Permission bits.
    piece : Piece or None
        A file's content where it lies.
    uid, gid : int
        Its owner.
    """

    data: bytes | None = None
    link: str | None = None
    mode: int = 0o755
    piece: Piece | None = None
    uid: int = 0
    gid: int = 0

    @property
    def is_file(self) -> bool:
        """Whether it is a file."""
        return self.data is not None or self.piece is not None

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return not self.is_file and self.link is None

    @property
    def size(self) -> int:
        """Bytes of a file; 0 for anything else."""
        return self.piece.size if self.piece is not None else len(self.data or b"")

    def chunks(self) -> Iterator[bytes]:
        """A file's content."""
        if self.piece is not None:
            yield from self.piece.chunks()
        elif self.data:
            yield self.data


@dataclass
class Budget:
    """How much one image may still unpack; a small archive can hold a very large one.

    Parameters
    ----------
    size : int
        Bytes of all files.
    entries : int
        Files, folders and links.
    """

    size: int = 4 << 30
    entries: int = 200_000

    def take(self, name: str, size: int) -> None:
        """Count one entry; raises ImageCorrupt when there is too much."""
        self.size -= size
        self.entries -= 1
        if self.size < 0 or self.entries < 0:
            raise ImageCorrupt(f"the image is larger than this runtime unpacks (at {name!r})")


def read_folder(folder: Path) -> dict[str, Entry]:
    """The entries of a folder.

    Permission bits come from what a file is (`mode_of`), not from the disk, so that a clone on any system gives the
    same digest.
    """
    entries: dict[str, Entry] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if any(part in _SKIPPED for part in path.relative_to(folder).parts):
            continue
        if path.is_symlink():
            entries[name] = Entry(link=os.readlink(path), mode=0o777)  # noqa: PTH115 - the text as it stands
        elif path.is_dir():
            entries[name] = Entry()
        else:
            data = path.read_bytes()
            entries[name] = Entry(data=data, mode=mode_of(data))
    return entries


def mode_of(head: bytes) -> int:
    """Permission bits by what a file begins with: a program (``#!``, ELF) may be executed, anything else not."""
    return 0o755 if head.startswith((b"#!", b"\x7fELF")) else 0o644


def tar(entries: Mapping[str, Entry]) -> Iterator[bytes]:
    """An uncompressed tar: sorted and without times, so that the same entries are the same bytes everywhere."""
    for name in sorted(entries):
        entry = entries[name]
        member = tarfile.TarInfo(name)
        member.mode, member.uid, member.gid = entry.mode, entry.uid, entry.gid
        if entry.link is not None:
            member.type, member.linkname = tarfile.SYMTYPE, entry.link
        elif entry.is_file:
            member.size = entry.size
        else:
            member.type = tarfile.DIRTYPE
        yield member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        yield from entry.chunks()
        yield bytes(-member.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)  # and no more: padding to records of a tape would only hide a layer's size


def pack(entries: Mapping[str, Entry]) -> bytes:
    """The bytes of `tar`, for what is small."""
    return b"".join(tar(entries))


class Member(tarfile.TarInfo):
    """A member whose long name or attributes do not fill the memory."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        plain = self.isreg() or self.islnk() or self.issym() or self.isdir() or self.isdev()
        if not plain and self.type != tarfile.GNUTYPE_SPARSE and self.size > _LONGEST_HEADER:
            raise ImageCorrupt(f"a header of {self.size:,} bytes in an archive is none")
        found: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
        return found


def unpack(source: IO[bytes], root: Path, budget: Budget) -> None:
    """Lay one layer over a root.

    Parameters
    ----------
    source : binary file
        A tar archive, plain or compressed with gzip.
    root : Path
        The folder of the lower layers.
    budget : Budget
        What the whole image may still use.

    Raises
    ------
    ImageCorrupt
        It is damaged, wants out of the root, holds a device, or is too large. Nothing outside the root changes.
    CannotStart
        This system cannot hold what the layer contains (for example symbolic links on Windows).
    """
    head = source.read(2)
    source.seek(0)
    plain = gzip.GzipFile(fileobj=source) if head == b"\x1f\x8b" else source
    fresh: set[str] = set()
    try:
        with tarfile.open(fileobj=plain, mode="r|", tarinfo=Member) as archive:
            for member in archive:
                _lay(archive, member, Path(os.path.realpath(root)), budget, fresh)
    except DAMAGED as error:
        raise ImageCorrupt(f"a layer of the image cannot be read: {error}") from error
    except OSError as error:
        raise CannotStart(f"this system cannot hold the image's files: {error.strerror or error}") from error


def _lay(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Path, budget: Budget, fresh: set[str]) -> None:
    budget.take(member.name, member.size if member.isreg() else 0)
    name = inside(member.name)
    if not name:
        return
    folder, base = posixpath.split(name)
    hides = base.startswith(WHITEOUT)
    parent = _parent(root, folder, make=not hides)
    if not parent.is_dir():
        return  # nothing is there that could be hidden
    folder = "" if parent == root else parent.relative_to(root).as_posix()  # behind the links on the way
    name, path = posixpath.join(folder, base), parent / base
    if base == OPAQUE:
        _clear(parent, folder, fresh)
        return
    if hides:
        hidden = base[len(WHITEOUT) :]
        if posixpath.join(folder, hidden) not in fresh:
            _remove(parent / hidden)
        return
    while name:
        fresh.add(name)
        name = posixpath.dirname(name)
    if member.isdir():
        if path.is_symlink() or not path.is_dir():
            _remove(path)
            path.mkdir()
        path.chmod((member.mode & 0o777) | 0o700)  # the owner must be able to clean up
        return
    _remove(path)
    if member.isreg():
        _write(archive, member, path)
    elif member.issym():
        _link(root, folder, member.linkname, path)
    elif member.islnk():
        origin_folder, origin_base = posixpath.split(inside(member.linkname))
        origin = _parent(root, origin_folder) / origin_base
        if origin.is_symlink():
            _link(root, folder, os.readlink(origin), path)  # noqa: PTH115
        elif origin.is_file():
            path.hardlink_to(origin)
        else:
            raise ImageCorrupt(f"{member.name!r} in the image is a link to {member.linkname!r}, which is not there")
    else:
        raise ImageCorrupt(f"{member.name!r} in the image is a device or a pipe, which is not unpacked")


def _clear(place: Path, folder: str, fresh: set[str]) -> None:
    """Take away what lower layers put into a folder; what this layer has put there stays."""
    for child in place.iterdir():
        name = posixpath.join(folder, child.name)
        if name not in fresh:
            _remove(child)
        elif child.is_dir() and not child.is_symlink():
            _clear(child, name, fresh)


def inside(name: str) -> str:
    """The name of an archive's member without ``.``.

    Raises
    ------
    ImageCorrupt
        It is absolute, leaves the root, or lies too deep.
    CannotStart
        Windows has no such name.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or (parts and parts[0].endswith(":")):
        raise ImageCorrupt(f"{name!r} in the image would be written outside the container's root")
    if parts and parts[-1] in (WHITEOUT, f"{WHITEOUT}.", f"{WHITEOUT}.."):
        raise ImageCorrupt(f"{name!r} in a layer of the image hides nothing that has a name")
    if len(parts) > _DEEPEST or any(len(os.fsencode(part)) > 255 for part in parts):
        raise ImageCorrupt(f"{name[:60]!r}… in the image lies too deep, or its name is too long")
    if WINDOWS and any(_BAD_ON_WINDOWS & set(part) or part.endswith((".", " ")) for part in parts):
        raise CannotStart(
            f"Windows cannot hold the image's file {name!r}", "Use the docker runtime (LAB_RUNTIME=docker) for it."
        )
    return "/".join(parts)


def _parent(root: Path, folder: str, *, make: bool = True) -> Path:
    """The real folder for an entry, made if needed; an earlier link must not have led it out of the root."""
    path = root
    for part in folder.split("/") if folder else []:
        path = Path(os.path.realpath(path / part))
        if path != root and root not in path.parents:
            raise ImageCorrupt(f"a link in the image leads {folder!r} outside the container's root")
        if make and not path.is_dir():
            _remove(path)
            path.mkdir(parents=True)
    return path


def _link(root: Path, folder: str, target: str, path: Path) -> None:
    """A symbolic link; an absolute target means the container's root, so it is written relative to the link."""
    wanted = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
    wanted = posixpath.normpath(wanted)
    if wanted == ".." or wanted.startswith("../") or "\\" in target:
        raise ImageCorrupt(f"a link in the image leads to {target!r}, outside the container's root")
    if target.startswith("/"):
        target = os.path.relpath(root / wanted, path.parent)
    try:
        path.symlink_to(target)
    except OSError as error:
        raise CannotStart(
            f"this system cannot make the image's link {path.name!r}: {error.strerror}",
            "Use the docker runtime (LAB_RUNTIME=docker) for this image.",
        ) from error


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    content = archive.extractfile(member)
    assert content is not None
    with path.open("xb") as file:
        shutil.copyfileobj(content, file, _CHUNK)
    path.chmod((member.mode & 0o777) | 0o600)
    os.utime(path, (member.mtime, member.mtime))


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)
