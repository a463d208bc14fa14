"""What EFS knows, region by region, and where the files are."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import AwsError
from .file_system import DELETING, AccessPoint, FileSystem, MountTarget


def new_id(kind: str) -> str:
    """An id such as ``fs-0123456789abcdef0``."""
    return f"{kind}-0{secrets.token_hex(8)}"


@dataclass
class Region:
    """The file systems of one region with what belongs to them, by id."""

    name: str
    systems: dict[str, FileSystem] = field(default_factory=dict)
    targets: dict[str, MountTarget] = field(default_factory=dict)
    points: dict[str, AccessPoint] = field(default_factory=dict)

    def system(self, reference: str) -> FileSystem:
        """A file system by its id or ARN.

        Raises
        ------
        AwsError
            ``FileSystemNotFound``.
        """
        name = _last(reference)
        found = self.systems.get(name)
        if found is None:
            raise failure("FileSystemNotFound", f"File system '{name}' does not exist.")
        return found

    def target(self, name: str) -> MountTarget:
        """A mount target.

        Raises
        ------
        AwsError
            ``MountTargetNotFound``.
        """
        if name not in self.targets:
            raise failure("MountTargetNotFound", f"Mount target '{name}' does not exist.")
        return self.targets[name]

    def point(self, reference: str) -> AccessPoint:
        """An access point by its id or ARN.

        Raises
        ------
        AwsError
            ``AccessPointNotFound``.
        """
        name = _last(reference)
        if name not in self.points:
            raise failure("AccessPointNotFound", f"Access point '{name}' does not exist.")
        return self.points[name]

    def targets_of(self, system: FileSystem) -> list[MountTarget]:
        """Its mount targets, also those that are being deleted."""
        return [each for each in self.targets.values() if each.file_system == system.id]

    def points_of(self, system: FileSystem) -> list[AccessPoint]:
        """Its access points."""
        return [each for each in self.points.values() if each.file_system == system.id]


class EfsStore:
    """All of EFS.

    Parameters
    ----------
    folder : Path
        Below which each file system has a folder of its own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.regions: dict[str, Region] = {}

    def region(self, name: str) -> Region:
        """What is in one region."""
        if name not in self.regions:
            self.regions[name] = Region(name)
        return self.regions[name]

    def folder(self, region: str, reference: str) -> Path | None:
        """Where the files of a file system are on this machine; None when there is no such file system."""
        name = _last(reference)
        found = self.region(region).systems.get(name)
        return self.place(region, name) if found is not None and found.state != DELETING else None

    def place(self, region: str, name: str) -> Path:
        """The folder of a file system, whether or not it is there."""
        return self._folder / region / name

    @property
    def root(self) -> Path:
        """The folder of all of them."""
        return self._folder


def failure(code: str, message: str, **fields: Any) -> AwsError:
    """An error of EFS, which has its code in its members too."""
    return AwsError(code, message, ErrorCode=code, **fields)


def bad(message: str) -> AwsError:
    """``BadRequest``."""
    return failure("BadRequest", message)


def _last(reference: str) -> str:
    return reference.rpartition("/")[2]
