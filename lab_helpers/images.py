"""Images without a Docker engine: `lab.images` builds them in the embedded cloud and shows what they consist of."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .asking import ask_for_image
from .errors import BuildFailed, ImageProblem
from .image_facts import Build, Image, Layer, Listing, Step
from .table import Table, line_text, short, size_text


class Images:
    """The images of the embedded cloud.

    Parameters
    ----------
    note : callable
        Told of each image that gets a name here: ``image`` and the name.
    """

    def __init__(self, note: Callable[[str, str], None] = lambda kind, name: None) -> None:
        self._note = note

    def build(
        self,
        folder: str | Path,
        tag: str | Sequence[str] = (),
        *,
        dockerfile: str | Path | None = None,
        args: Mapping[str, str] | None = None,
        target: str | None = None,
        cache: bool = True,
    ) -> Build:
        """Build an image from a Dockerfile; ECS in this cloud can run it under its tag.

        Parameters
        ----------
        folder : str or Path
            The build context: the folder with the Dockerfile and the files that it copies.
        tag : str or sequence of str
            Names for the image, for example ``web:1``.
        dockerfile : str or Path, optional
            Another file than ``Dockerfile`` in the folder.
        args : mapping of str to str, optional
            Values for its ARGs.
        target : str, optional
            The stage to build, in place of the last one.
        cache : bool
            Whether steps that were carried out before are taken from the cache.

        Returns
        -------
        Build
            The steps, as text and as a table.

        Raises
        ------
        BuildFailed
            With the line of the Dockerfile and what to do.
        CloudUnavailable
            When no cloud is up.
        """
        words = ["build", str(folder)]
        for name in [tag] if isinstance(tag, str) else tag:
            words += ["--tag", name]
        for name, value in (args or {}).items():
            words += ["--build-arg", f"{name}={value}"]
        words += ["--file", str(dockerfile)] if dockerfile is not None else []
        words += ["--target", target] if target is not None else []
        words += [] if cache else ["--no-cache"]
        found = ask_for_image(BuildFailed, *words)
        steps = tuple(Step(**{**step, "output": tuple(step["output"])}) for step in found.pop("steps"))
        names, warnings = tuple(found.pop("names")), tuple(found.pop("warnings"))
        self._made(*names)
        return Build(**found, names=names, steps=steps, warnings=warnings)

    def list(self) -> Listing:
        """All images that are here, with their layers."""
        return Listing(
            Image(**{**image, "layers": tuple(
                Layer(**{**layer, "shared_with": tuple(layer["shared_with"])}) for layer in image["layers"]
            )})
            for image in ask_for_image(ImageProblem, "images")["images"]
        )  # fmt: skip

    def layers(self, image: str) -> Image:
        """One image with its layers: digest, size, what made each, and who else has it.

        Parameters
        ----------
        image : str
            Its name, or the beginning of its digest.
        """
        digest = ask_for_image(ImageProblem, "history", image)
        return next(each for each in self.list() if each.name == digest["name"])

    def view(self, *images: str) -> Any:
        """A live picture of images, their layers, and which layers they share; ``snapshot()`` is a still one.

        Parameters
        ----------
        *images : str
            Their names, for example ``web:1``.
        """
        from .views.layers import LayersView

        if not images:
            raise ImageProblem("Which images?", 'Name one or more: lab.images.view("web:1", "web:2")')
        return LayersView(self.list, images)

    def inspect(self, image: str) -> dict[str, Any]:
        """What an image says of itself, as ``docker inspect``: ``Cmd``, ``Env``, ``ExposedPorts``, ``WorkingDir``, …

        Parameters
        ----------
        image : str
            Its name, or the beginning of its digest.
        """
        return dict(ask_for_image(ImageProblem, "history", image)["config"].get("config") or {})

    def history(self, image: str) -> Table:
        """How an image was made, the newest instruction first.

        Parameters
        ----------
        image : str
            Its name, or the beginning of its digest.
        """
        found = ask_for_image(ImageProblem, "history", image)
        rows = tuple(
            (
                line_text(step["created_by"]),
                step["layer"][:19] or "-",
                size_text(step["size"]) if step["layer"] else "-",
            )
            for step in found["steps"]
        )
        return Table(("Created by", "Layer", "Size"), rows, short(found["name"]))

    def save(self, image: str, path: str | Path) -> Path:
        """Write an image for other programs, for example ``docker load``.

        Parameters
        ----------
        image : str
            Its name.
        path : str or Path
            A file that ends with ``.tar``, or a folder that is not there yet for an OCI image layout.
        """
        ask_for_image(ImageProblem, "save", image, "--output", str(path))
        return Path(path)

    def load(self, path: str | Path, tag: str | None = None) -> tuple[str, ...]:
        """Take in what ``docker save``, skopeo or `save` has written.

        Parameters
        ----------
        path : str or Path
            The file or folder.
        tag : str, optional
            A name for the image in place of the one that it brings.

        Returns
        -------
        tuple of str
            The full names.
        """
        words = ["--tag", tag] if tag is not None else []
        return self._made(*ask_for_image(ImageProblem, "load", "--input", str(path), *words)["images"])

    def tag(self, image: str, name: str) -> str:
        """Give an image another name; answers the full name.

        Parameters
        ----------
        image : str
            Its name, or the beginning of its digest.
        name : str
            The new name, for example ``web:2``.
        """
        return self._made(ask_for_image(ImageProblem, "tag", image, name)["name"])[0]

    def push(self, image: str) -> str:
        """Push an image to the registry that its name leads to; answers its digest.

        Parameters
        ----------
        image : str
            The ``repositoryUri`` of a repository and a tag; give an image such a name with `tag`.
        """
        return str(ask_for_image(ImageProblem, "push", image)["digest"])

    def pull(self, image: str) -> str:
        """Bring an image here, from the registry or out of the course's images; answers its digest.

        Parameters
        ----------
        image : str
            Its name.
        """
        found = ask_for_image(ImageProblem, "pull", image)
        self._made(found["name"])
        return str(found["digest"])

    def remove(self, image: str) -> None:
        """Take a name away, and with an image's last name the image.

        Parameters
        ----------
        image : str
            The name.
        """
        ask_for_image(ImageProblem, "rmi", image)

    def prune(self) -> None:
        """Empty the build cache, and delete what no image needs; the next build carries out every step."""
        ask_for_image(ImageProblem, "prune")

    def _made(self, *names: str) -> tuple[str, ...]:
        for name in names:
            self._note("image", str(name))
        return names

    def __repr__(self) -> str:
        return "lab.images: build, list, layers, view, history, save, load, tag, push, pull, remove, prune"
