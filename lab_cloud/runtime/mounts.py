"""Folders of this machine inside containers."""

import contextlib
import posixpath
import shutil
from collections.abc import Sequence
from pathlib import Path

from lab_cloud.errors import CannotStart
from lab_cloud.runtime.spec import Mount


def check_mounts(mounts: Sequence[Mount]) -> None:
    """Refuse what no runtime can mount.

    Raises
    ------
    CannotStart
        A folder that is not there, or a path that is not absolute, is the root, or is used twice.
    """
    seen: set[str] = set()
    for mount in mounts:
        target = posixpath.normpath(mount.target)
        if not mount.target.startswith("/") or target.strip("/") == "" or ".." in mount.target.split("/"):
            raise CannotStart(
                f"CannotStartContainerError: invalid mount path: {mount.target!r}",
                "The path in the container must be absolute, and below the root.",
            )
        if target in seen:
            raise CannotStart(f"CannotStartContainerError: duplicate mount point: {target}")
        seen.add(target)
        if not mount.source.is_dir():
            raise CannotStart(
                f"CannotStartContainerError: invalid mount: {mount.source} is not a folder of this machine"
            )


def clear_mount_points(root: Path, mounts: Sequence[Mount]) -> None:
    """Folders to mount on; a link of the image in the way must not lead a mount elsewhere.

    Raises
    ------
    CannotStart
        The image has a file there.
    """
    for mount in sorted(mounts, key=lambda mount: len(mount.target)):
        place = root
        try:
            for part in posixpath.normpath(mount.target).strip("/").split("/"):
                place = place / part
                if place.is_symlink():
                    place.unlink()
                place.mkdir(exist_ok=True)
        except FileExistsError:
            raise CannotStart(
                f"CannotStartContainerError: not a directory: the image has a file where {mount.target} is mounted"
            ) from None


def remove_folder(folder: Path) -> None:
    """Remove a folder with what programs have left in it; slow."""
    shutil.rmtree(folder, ignore_errors=True)


def link_mounts(root: Path, mounts: Sequence[Mount]) -> None:
    """Links to the mounted folders in a container's own folder, so that relative paths find them.

    Where a system makes no links (Windows without the right to), absolute paths still work: they are mapped.
    """
    for mount in sorted(mounts, key=lambda mount: len(mount.target)):
        place = root.joinpath(*posixpath.normpath(mount.target).split("/"))
        if any(root in parent.parents and parent.is_symlink() for parent in place.parents):
            continue  # it lies within another mount, whose folder is not ours to change
        with contextlib.suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)  # a mount hides what the image has there
            place.unlink(missing_ok=True)
            place.symlink_to(mount.source.absolute(), target_is_directory=True)
