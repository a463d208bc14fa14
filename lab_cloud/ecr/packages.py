"""Which Python packages an image holds, seen from its layers: ``*.dist-info/METADATA`` and ``*.egg-info``."""

import gzip
import posixpath
import re
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

from ..errors import ImageCorrupt
from ..runtime.layers import OPAQUE, WHITEOUT, Budget

METADATA = re.compile(r"(?:.*/)?[^/]+\.(?:dist-info/METADATA|egg-info(?:/PKG-INFO)?)")
MOST_BYTES = 256 * 1024
"""How much of a file of metadata is read; name and version stand at its top."""


@dataclass(frozen=True)
class Package:
    """A package in an image.

    Parameters
    ----------
    name, version : str
        As its metadata has them.
    path : str
        The file that says so.
    """

    name: str
    version: str
    path: str


def find(layers: Iterable[Path]) -> list[Package]:
    """The packages that are left when all layers lie over each other; slow.

    Parameters
    ----------
    layers : iterable of Path
        Tar archives, plain or compressed with gzip, lowest first.

    Raises
    ------
    ImageCorrupt
        A layer is not such an archive, or it is larger than is read.
    """
    found: dict[str, Package] = {}
    budget = Budget()
    for path in layers:
        lower = set(found)
        try:
            with path.open("rb") as file:
                head = file.read(2)
                file.seek(0)
                plain = gzip.GzipFile(fileobj=file) if head == b"\x1f\x8b" else file
                with tarfile.open(fileobj=plain, mode="r|") as archive:
                    for member in archive:
                        budget.take(member.name, member.size if member.isreg() else 0)
                        _lay(archive, member, found, lower)
        except (tarfile.TarError, EOFError, OSError, ValueError) as error:
            raise ImageCorrupt(f"a layer of the image cannot be read: {error}") from error
    return sorted(found.values(), key=lambda each: (each.name.lower(), each.path))


def _lay(archive: tarfile.TarFile, member: tarfile.TarInfo, found: dict[str, Package], lower: set[str]) -> None:
    name = posixpath.normpath(member.name).lstrip("/")
    folder, base = posixpath.split(name)
    if base == OPAQUE:
        _hide(found, lower, f"{folder}/" if folder else "")
    elif base.startswith(WHITEOUT):
        hidden = posixpath.join(folder, base[len(WHITEOUT) :])
        _hide(found, lower, f"{hidden}/")
        found.pop(hidden, None)
    elif member.isreg() and METADATA.fullmatch(name):
        content = archive.extractfile(member)
        assert content is not None
        headers = HeaderParser().parsestr(content.read(MOST_BYTES).decode("utf-8", "replace"), headersonly=True)
        found.pop(name, None)
        if headers["Name"] and headers["Version"]:
            found[name] = Package(str(headers["Name"]).strip(), str(headers["Version"]).strip(), name)


def _hide(found: dict[str, Package], lower: set[str], start: str) -> None:
    """Forget what lower layers had under a folder."""
    for path in [path for path in found if path in lower and path.startswith(start)]:
        del found[path]
