"""Where the data of volumes lie on this machine: a folder for each, which outlives pods and nodes.

Those of Amazon EFS are not here: EFS itself knows where they are.
"""

from pathlib import Path

from ...runtime.mounts import remove_folder


class Folders:
    """The folders of all volumes.

    Parameters
    ----------
    base : Path
        Where they are; gone with the account that describes the volumes, which lives as long as the cloud.
    """

    def __init__(self, base: Path) -> None:
        self._base = base

    def of(self, region: str, kind: str, name: str) -> Path:
        """The folder of one volume; made when it is not there."""
        found = self._base / region / kind / name
        found.mkdir(parents=True, exist_ok=True)
        return found

    def remove(self, region: str, kind: str, name: str) -> None:
        """Delete the data of one volume."""
        remove_folder(self._base / region / kind / name)

    def clear(self) -> None:
        """Delete everything."""
        remove_folder(self._base)


def below(folder: Path, path: str) -> Path:
    """A folder within a folder; made when it is not there. Steps upwards count for nothing."""
    found = folder.joinpath(*(each for each in path.split("/") if each not in ("", ".", "..")))
    found.mkdir(parents=True, exist_ok=True)
    return found
