"""The server's end of the commands on images: build, images, history, save, load, tag, push, pull, rmi."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .control import IMAGES, Command
from .errors import CloudError, ImageCorrupt, ImageNotFound
from .jobs import Jobs, Work
from .runtime.catalog import Catalog
from .runtime.contents import Contents, contents
from .runtime.images import Descriptor
from .runtime.references import parse, short

Say = Callable[[str], None]


class ImagesControl:
    """Answers the commands; the work itself runs on threads, never under the world's lock.

    Parameters
    ----------
    catalog : Catalog
        The images of this cloud.
    password : callable
        From a registry's address to the password for it; None for registries that are not this cloud's.
    """

    def __init__(self, catalog: Catalog, password: Callable[[str], str | None]) -> None:
        self._catalog = catalog
        self._password = password
        self._store = catalog.store
        self._jobs = Jobs()

    def commands(self) -> dict[str, Command]:
        """Name -> function, for `Control`."""
        works: dict[str, Callable[..., dict[str, Any]]] = {
            "build": self._build,
            "list": self._list,
            "history": self._history,
            "tag": self._tag,
            "rmi": self._remove,
            "prune": self._prune,
            "save": self._save,
            "load": self._load,
            "push": self._push,
            "pull": self._pull,
        }
        found: dict[str, Command] = {f"{IMAGES}{name}": self._started(work) for name, work in works.items()}
        found[f"{IMAGES}look"] = self._jobs.look
        return found

    def _started(self, work: Callable[..., dict[str, Any]]) -> Command:
        def start(**arguments: Any) -> dict[str, Any]:
            bound: Work = lambda say: work(say, **arguments)  # noqa: E731
            return self._jobs.start(bound)

        return start

    def _build(self, say: Say, folder: str, **options: Any) -> dict[str, Any]:
        from .runtime.build.builder import Builder, Request

        request = Request(
            Path(folder),
            dockerfile=Path(options["dockerfile"]) if options.get("dockerfile") else None,
            tags=tuple(options.get("tags") or ()),
            arguments=dict(options.get("arguments") or {}),
            target=options.get("target"),
            use_cache=bool(options.get("use_cache", True)),
        )
        return Builder(self._store, self._catalog.pull).build(request, say).json()

    def _list(self, say: Say) -> dict[str, Any]:
        """Every image that is here, with its layers, and who else has each layer."""
        images = {}
        for name, manifest in self._store.names().items():
            if "@" in name:  # it only says what a tag meant when a task pulled it
                continue
            try:
                images[name] = contents(self._store, manifest)
            except ImageCorrupt as error:
                say(f"{short(name)}: {error.message}")
        return {"images": [self._facts(name, image, images) for name, image in sorted(images.items())]}

    def _facts(self, name: str, image: Contents, images: dict[str, Contents]) -> dict[str, Any]:
        layers = [
            {
                "digest": layer.digest,
                "size": layer.size,
                "created_by": made,
                "shared_with": sorted(other for other, its in images.items() if layer in its.layers and other != name),
            }
            for layer, made in zip(image.layers, image.created_by(), strict=True)
        ]
        return {
            "name": name,
            "digest": image.manifest.digest,
            "id": image.config.digest,
            "size": image.size,
            "mine": self._store.is_mine(name),
            "layers": layers,
        }

    def _history(self, say: Say, image: str) -> dict[str, Any]:
        """How an image was made, the newest instruction first, as ``docker history`` tells it."""
        name, manifest = self._found(image)
        found = contents(self._store, manifest)
        layers = list(found.layers)
        steps = []
        for entry in found.history:
            layer = None if entry.get("empty_layer") or not layers else layers.pop(0)
            steps.append(
                {
                    "created_by": entry.get("created_by", ""),
                    "layer": layer.digest if layer else "",
                    "size": layer.size if layer else 0,
                }
            )
        return {"name": name, "digest": manifest.digest, "config": dict(found.configuration), "steps": steps[::-1]}

    def _tag(self, say: Say, image: str, name: str) -> dict[str, Any]:
        _, manifest = self._found(image)
        reference = parse(name)
        if reference.digest:
            raise CloudError("A name for an image has no digest.", "Write it as repository:tag.")
        self._store.tag(str(reference), manifest, mine=True)
        return {"name": str(reference), "digest": manifest.digest}

    def _remove(self, say: Say, image: str) -> dict[str, Any]:
        name = str(parse(image))
        manifest = self._store.resolve(name)
        if manifest is None:
            raise self._unknown(image)
        from .runtime.build.cache import Cache
        from .runtime.removal import remove

        freed = remove(self._store, name, Cache(self._store).layers())
        return {"name": name, "digest": manifest.digest, "freed": freed}

    def _prune(self, say: Say) -> dict[str, Any]:
        from .runtime.build.cache import Cache
        from .runtime.removal import prune

        return {"steps": Cache(self._store).clear(), "freed": prune(self._store)}

    def _save(self, say: Say, images: list[str], path: str) -> dict[str, Any]:
        from .runtime.catalog import INTERPRETER
        from .runtime.exporting import save

        found = dict(self._found(image) for image in images)
        size = save(self._store, found, Path(path))
        labels = (contents(self._store, found[name]).configuration["config"].get("Labels") or {} for name in found)
        bases = {each[INTERPRETER] for each in labels if INTERPRETER in each}
        return {"names": sorted(found), "path": path, "size": size, "empty_bases": sorted(bases)}

    def _load(self, say: Say, path: str, name: str | None = None) -> dict[str, Any]:
        from .runtime.build.builder import MUCH
        from .runtime.build.steps import bytes_text
        from .runtime.loading import load

        if Path(path).is_file() and Path(path).stat().st_size > MUCH:
            say(f"Reading {bytes_text(Path(path).stat().st_size)} …")
        with self._store.building():
            found = load(self._store, Path(path), name)
        for full, manifest in found.items():
            say(f"Loaded {manifest.digest[:19]} as {short(full)}")
        return {"images": {full: manifest.digest for full, manifest in found.items()}}

    def _push(self, say: Say, image: str) -> dict[str, Any]:
        """As ``docker push``: the name says which registry."""
        from .runtime.transfer import push

        reference = parse(image)
        password = self._password(reference.host)
        if password is None:
            raise CloudError(
                f"The name {image} does not lead to this cloud's registry.",
                "Give it the name that the repository has: python -m lab_cloud tag IMAGE REPOSITORY_URI:TAG",
            )
        name, manifest = self._found(image)
        push(self._store, manifest, reference, password, say)
        return {"name": name, "digest": manifest.digest}

    def _pull(self, say: Say, image: str) -> dict[str, Any]:
        """As ``docker pull``: from this cloud's registry, or out of the course's images."""
        reference = parse(image)
        found = self._catalog.pull(image, self._password(reference.host))
        say(f"Digest: {found.digest}")
        return {"name": found.reference, "digest": found.digest, "size": found.size}

    def _found(self, text: str) -> tuple[str, Descriptor]:
        """An image by its name, or by the beginning of its digest or id."""
        wanted = text.removeprefix("sha256:")
        if len(wanted) >= 6 and not set(wanted) - set("0123456789abcdef"):
            for name, manifest in self._store.names().items():
                with contextlib.suppress(ImageCorrupt):
                    ids = (manifest.digest, contents(self._store, manifest).config.digest)
                    if any(each.partition(":")[2].startswith(wanted) for each in ids):
                        return name, manifest
        try:
            image = self._catalog.pull(text)
        except ImageNotFound:
            raise self._unknown(text) from None
        return image.reference, self._store.descriptor(image.digest)

    def _unknown(self, text: str) -> CloudError:
        names = sorted(short(name) for name in self._store.names() if self._store.is_mine(name))
        there = f"You have built or loaded: {', '.join(names[:10])}." if names else "You have built none so far."
        return CloudError(f"There is no image {text}.", f"{there} See python -m lab_cloud images")
