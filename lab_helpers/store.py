"""A small JSON file that survives crashes, and is set aside, not lost, when it cannot be read."""

import json
import os
from pathlib import Path
from typing import Any

from .errors import LabError


class Store:
    """One JSON object in one file.

    Parameters
    ----------
    path : Path
        The file; its folder is made when something is written first.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Any]:
        """The object; an empty one when there is no file.

        A file that is no JSON object is renamed, so that nothing in it is lost, and counts as empty.
        """
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise LabError(
                f"{self.path} cannot be read: {error.strerror}.", "Set LAB_HOME to a folder of your own."
            ) from error
        except ValueError:
            content = None
        if isinstance(content, dict):
            return content
        self._set_aside()
        return {}

    def write(self, content: dict[str, Any]) -> None:
        """Replace the object in one step: a reader sees the old one or the new one, never a half.

        Raises
        ------
        LabError
            When the folder cannot be written.
        """
        temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
            temporary.replace(self.path)
        except OSError as error:
            raise LabError(
                f"{self.path} cannot be written: {error.strerror}.",
                "Give yourself the right to write there, or set LAB_HOME to a folder of yours.",
            ) from error

    def _set_aside(self) -> None:
        number = 1
        while (aside := self.path.with_name(f"{self.path.stem}.broken-{number}.json")).exists():
            number += 1
        self.path.rename(aside)
