"""COPY and ADD: from what is copied and what is there already to the entries of a layer. Pure."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lab_cloud.errors import BuildFailed
from lab_cloud.runtime.build.context import Source
from lab_cloud.runtime.build.files import Files
from lab_cloud.runtime.layers import WHITEOUT, Entry


@dataclass(frozen=True)
class Look:
    """How what is copied is to look.

    Parameters
    ----------
    mode : int or None
        ``--chmod``; None: as it is.
    owner : tuple of int or None
        ``--chown`` as user and group; None: as it is.
    """

    mode: int | None = None
    owner: tuple[int, int] | None = None

    def of(self, entry: Entry) -> Entry:
        """An entry with this look."""
        if self.owner is not None:
            entry = replace(entry, uid=self.owner[0], gid=self.owner[1])
        if self.mode is not None and entry.link is None:
            entry = replace(entry, mode=self.mode)
        return entry


def copied(files: Files, sources: Sequence[Source], destination: str, look: Look) -> dict[str, Entry]:
    """The entries of the layer that COPY makes.

    Parameters
    ----------
    files : Files
        What is there already.
    sources : sequence of Source
        What is copied.
    destination : str
        An absolute path; with a slash at its end it is a folder.
    look : Look
        Modes and owners.

    Raises
    ------
    BuildFailed
        Several sources for one file, or a file where a folder is needed.
    """
    layer: dict[str, Entry] = {}
    target = files.resolve(destination)
    there = files.get(target)
    folder = destination.endswith("/") or (there is not None and there.is_folder)
    if len(sources) > 1 and not folder:
        raise BuildFailed(
            f"{len(sources)} sources cannot be copied to the one file {destination}",
            f"End the destination with a slash: {destination}/",
        )
    for source in sources:
        if source.entry.is_folder:
            if target:
                _put(files, layer, target, source.entry, look)
            for name, entry in source.below:
                _put(files, layer, posixpath.join(target, name), entry, look)
        else:
            _put(files, layer, posixpath.join(target, source.name) if folder else target, source.entry, look)
    return layer


def _put(files: Files, layer: dict[str, Entry], name: str, entry: Entry, look: Look) -> None:
    folder, base = posixpath.split(name)
    if base.startswith(WHITEOUT):
        raise BuildFailed(
            f"/{name} cannot be copied: names that begin with {WHITEOUT} mean deleted files in a layer", "Rename it."
        )
    if folder:
        folder = files.resolve(folder)
        name = f"{folder}/{base}"
        _put(files, layer, folder, Entry(), Look(owner=look.owner))
    there = layer.get(name) or files.get(name)
    if there is not None and there.link is not None and entry.is_folder:
        name = files.resolve(name)
        there = layer.get(name) or files.get(name)
    if there is not None and there.is_folder != entry.is_folder:
        what, other = ("folder", "file") if there.is_folder else ("file", "folder")
        raise BuildFailed(f"/{name} is a {what} in the image; a {other} cannot take its place", "Choose another name.")
    if there is None or not entry.is_folder:
        layer[name] = look.of(entry)
