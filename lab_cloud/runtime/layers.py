"""Image layers: folders to tar archives whose bytes never vary, and archives to folders without trusting them."""

import gzip
import io
import os
import posixpath
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lab_cloud.errors import CannotStart, ImageCorrupt

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
_SKIPPED = {"__pycache__", ".DS_Store", "Thumbs.db"}
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Entry:
    """One thing in a layer: a file (`data`), a symbolic link (`link`), or else a folder.

    Parameters
    ----------
    data : bytes or None
        A file's content.
    link : str or None
        Where a symbolic link points.
    mode : int
        Permission bits.
    """

    data: bytes | None = None
    link: str | None = None
    mode: int = 0o755


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

    Permission bits come from what a file is (0755 with a ``#!`` line, else 0644), not from the disk, so that a clone on
    any system gives the same digest.
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
            entries[name] = Entry(data=data, mode=0o755 if data.startswith(b"#!") else 0o644)
    return entries


def pack(entries: Mapping[str, Entry]) -> bytes:
    """An uncompressed tar: sorted, without times and owners, so that the same entries are the same bytes everywhere."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(entries):
            entry = entries[name]
            member = tarfile.TarInfo(name)
            member.mode = entry.mode
            if entry.link is not None:
                member.type, member.linkname = tarfile.SYMTYPE, entry.link
                archive.addfile(member)
            elif entry.data is not None:
                member.size = len(entry.data)
                archive.addfile(member, io.BytesIO(entry.data))
            else:
                member.type = tarfile.DIRTYPE
                archive.addfile(member)
    return buffer.getvalue()


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
        with tarfile.open(fileobj=plain, mode="r|") as archive:
            for member in archive:
                _lay(archive, member, Path(os.path.realpath(root)), budget, fresh)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, ValueError) as error:
        raise ImageCorrupt(f"a layer of the image cannot be read: {error}") from error


def _lay(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Path, budget: Budget, fresh: set[str]) -> None:
    budget.take(member.name, member.size if member.isreg() else 0)
    name = _inside(member.name)
    if not name:
        return
    folder, base = posixpath.split(name)
    parent = _parent(root, folder)
    path = parent / base
    if base == OPAQUE:
        for child in parent.iterdir():
            if posixpath.join(folder, child.name) not in fresh:
                _remove(child)
        return
    if base.startswith(WHITEOUT):
        hidden = base[len(WHITEOUT) :]
        if hidden in ("", ".", ".."):
            raise ImageCorrupt(f"a layer of the image hides {member.name!r}, which is no name")
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
        origin_folder, origin_base = posixpath.split(_inside(member.linkname))
        origin = _parent(root, origin_folder) / origin_base
        if origin.is_symlink():
            _link(root, folder, os.readlink(origin), path)  # noqa: PTH115
        elif origin.is_file():
            path.hardlink_to(origin)
        else:
            raise ImageCorrupt(f"{member.name!r} in the image is a link to {member.linkname!r}, which is not there")
    else:
        raise ImageCorrupt(f"{member.name!r} in the image is a device or a pipe, which is not unpacked")


def _inside(name: str) -> str:
    """The name without ``.``; raises for one that is absolute or leaves the root."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or (parts and parts[0].endswith(":")):
        raise ImageCorrupt(f"{name!r} in the image would be written outside the container's root")
    return "/".join(parts)


def _parent(root: Path, folder: str) -> Path:
    """The real folder for an entry, made if needed; an earlier link must not have led it out of the root."""
    path = root
    for part in folder.split("/") if folder else []:
        path = Path(os.path.realpath(path / part))
        if path != root and root not in path.parents:
            raise ImageCorrupt(f"a link in the image leads {folder!r} outside the container's root")
        if not path.is_dir():
            _remove(path)
            path.mkdir()
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
