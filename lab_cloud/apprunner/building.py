"""Build the image of a service from its source code, with this cloud's own builder. Slow."""

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import BuildFailed
from ..runtime.catalog import OWN_NAMES, Catalog
from ..runtime.references import parse
from . import code

NAMES = f"{OWN_NAMES}from-source/"
"""The names of images that were built so; they are the cloud's own, and go with their services."""


class CodeBuilder:
    """Makes images of folders.

    Parameters
    ----------
    catalog : Catalog
        Where images are kept.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def build(self, source: Mapping[str, Any], tag: str, say: Callable[[str], None]) -> tuple[str, code.Recipe]:
        """Build a folder.

        Parameters
        ----------
        source : mapping
            ``CodeRepository``.
        tag : str
            The image's own part of its name, with its tag.
        say : callable
            Given each line of progress.

        Returns
        -------
        tuple of str and Recipe
            The image's name, and how it is run.

        Raises
        ------
        BuildFailed
            With the reason.
        """
        from ..runtime.build.builder import Builder, Request

        folder, why = code.folder_of(source)
        if why:
            raise BuildFailed(why)
        say(f"The folder {folder} stands in for the repository, as it is now.")
        recipe = _recipe(source["CodeConfiguration"], folder)
        version = ".".join(str(part) for part in sys.version_info[:2])
        say(f"Runtime {recipe.runtime}: here it is Python {version} of this machine.")
        name = f"{NAMES}{tag}"
        with tempfile.TemporaryDirectory() as scratch:
            dockerfile = Path(scratch) / "Dockerfile"
            dockerfile.write_text(recipe.dockerfile(), encoding="utf-8")
            request = Request(folder, dockerfile=dockerfile, tags=(name,), arguments=recipe.build_environment)
            Builder(self._catalog.store, self._catalog.pull).build(request, say)
        return name, recipe

    def forget(self, names: set[str]) -> None:
        """Take images away that were built here."""
        from ..runtime.build.cache import Cache
        from ..runtime.removal import remove

        for name in names:
            remove(self._catalog.store, str(parse(name)), Cache(self._catalog.store).layers())

    def left(self) -> set[str]:
        """The names of all images that were built here."""
        own = str(parse(f"{NAMES}x")).removesuffix("x:latest")
        return {name for name in self._catalog.store.names() if name.startswith(own)}


def _recipe(configuration: Mapping[str, Any], folder: Path) -> code.Recipe:
    if configuration["ConfigurationSource"] == "API":
        return code.from_api(configuration["CodeConfigurationValues"])
    file = folder / code.FILE
    try:
        return code.from_file(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BuildFailed(
            f"There is no file {code.FILE} in {folder}.", "Write one, or choose the ConfigurationSource API."
        ) from None
    except (OSError, ValueError) as wrong:
        raise BuildFailed(f"{file} cannot be read: {wrong}", "It must be a text in UTF-8.") from None
