"""ADD of a local archive: what is in it, as Docker unpacks it."""

import tarfile
import uuid
from pathlib import Path
from typing import IO

from lab_cloud.errors import BuildFailed, ImageCorrupt
from lab_cloud.runtime.build.context import Source
from lab_cloud.runtime.build.files import Files, entry_of
from lab_cloud.runtime.layers import DAMAGED, Budget, Entry, Member, inside

_CHUNK = 1 << 20
_MAGIC = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")


def unpacked(source: Source, scratch: Path) -> Source:
    """What ADD puts in place of a source: the content of an archive, or the source as it is.

    Parameters
    ----------
    source : Source
        A file or folder.
    scratch : Path
        A folder that lives as long as the build.

    Raises
    ------
    BuildFailed
        The archive is damaged, wants out of its folder, holds a device, or is too large.
    """
    if not source.entry.is_file or not _is_archive(source.entry):
        return source
    plain = scratch / uuid.uuid4().hex
    try:
        _decompress(source.entry, plain)
        if not tarfile.is_tarfile(plain):  # a single compressed file stays as it is
            return source
        return Source("", Entry(), tuple(_members(plain)))
    except ImageCorrupt as error:
        raise BuildFailed(f"{source.name}: {error.message}", "COPY keeps an archive as it is.") from error
    except DAMAGED as error:
        raise BuildFailed(f"{source.name} is a damaged archive: {error}", "COPY keeps a file as it is.") from error


def _is_archive(entry: Entry) -> bool:
    head = next(iter(entry.chunks()), b"")
    return head.startswith(_MAGIC) or head[257:262] == b"ustar"


def _decompress(entry: Entry, plain: Path) -> None:
    """Write the plain tar, so that its members can be read where they lie."""
    packed = plain.with_suffix(".packed")
    with packed.open("wb") as file:
        for chunk in entry.chunks():
            file.write(chunk)
    with packed.open("rb") as file, plain.open("wb") as out:
        budget = Budget()
        content = _opened(file)
        while chunk := content.read(_CHUNK):
            budget.take(plain.name, len(chunk))
            out.write(chunk)
    packed.unlink()


def _opened(file: IO[bytes]) -> IO[bytes]:
    head = file.read(6)
    file.seek(0)
    if head.startswith(b"\x1f\x8b"):
        import gzip

        return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]
    if head.startswith(b"BZh"):
        import bz2

        return bz2.open(file)
    if head.startswith(b"\xfd7zXZ\x00"):
        import lzma

        return lzma.open(file)
    return file


def _members(plain: Path) -> list[tuple[str, Entry]]:
    files, before = Files(), dict[str, Entry]()
    budget = Budget()
    with tarfile.open(plain, "r:", tarinfo=Member) as archive:
        for member in archive:
            budget.take(member.name, member.size if member.isreg() else 0)
            name = inside(member.name)
            if name:
                before[name] = entry_of(member, plain, before)
                files.add(name, before[name])
    return list(files.below(""))
