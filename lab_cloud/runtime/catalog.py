"""The course's own images: sources in ``data/images``, built into the store when they are first pulled.

What the learner has built or loaded under the same name goes before them.

Each folder has an ``image.json``::

    {"repositories": ["docker.io/nginxdemos/hello"],      full names that it answers to
     "base": "base-web",                                  the folder whose layers come first (optional)
     "config": {"Cmd": ["python3", "/app/main.py"]},      as in an OCI configuration
     "tags": {"latest": {"Env": ["…"]}},                  each tag, with what it adds to the configuration
     "tag_pattern": "3[.0-9]*"}                           instead of `tags`: whichever tags match

and, unless the image is empty, ``root/`` with its files.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab_cloud.errors import ImageCorrupt, ImageNotFound
from lab_cloud.runtime.images import LAYER, Descriptor, Store
from lab_cloud.runtime.layers import pack, read_folder
from lab_cloud.runtime.pulling import pull_from
from lab_cloud.runtime.references import DOCKER_HUB, Reference, parse
from lab_cloud.runtime.remote import PullRefused, RemoteRegistry
from lab_cloud.runtime.spec import Image

INTERPRETER = "containers-on-aws.interpreter"
"""The label of images whose base is empty; its value is the real image that the base stands for."""

OWN_NAMES = "containers-on-aws/"
"""Names of the course that no public registry has; who would take one there must not be run here."""

CANNOT_PULL = "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
SOURCES = Path(__file__).resolve().parents[2] / "data" / "images"


class Catalog:
    """Finds an image by its reference: in the store, or else among the course's sources.

    Parameters
    ----------
    store : Store
        Where images are kept and built.
    sources : Path
        The folder of the course's images.
    """

    def __init__(self, store: Store, sources: Path = SOURCES) -> None:
        self.store = store
        self._sources: dict[str, dict[str, Any]] = {}
        self._folders: dict[str, Path] = {}
        for file in sorted(sources.glob("*/image.json")):
            self._sources[file.parent.name] = json.loads(file.read_text(encoding="utf-8"))
            self._folders[file.parent.name] = file.parent
        self._built: dict[str, Descriptor] = {}
        self._remotes: dict[str, RemoteRegistry] = {}

    def add_remote(self, host: str, registry: RemoteRegistry) -> None:
        """Pull images of this host from a registry; names that an earlier run left in the store are forgotten."""
        self._remotes[host] = registry
        for name in self.store.names():
            if parse(name).host == host and not self.store.is_mine(name):
                self.store.untag(name)

    def answers_for(self, reference: Reference) -> bool:
        """Whether nobody else is to be asked for an image: its registry, or the course's own name, is this cloud's."""
        return reference.host in self._remotes or reference.repository.startswith(f"{DOCKER_HUB}/{OWN_NAMES}")

    def repositories(self) -> list[str]:
        """Full names of the course's images, sorted."""
        return sorted(name for source in self._sources.values() for name in source["repositories"])

    def tags(self, repository: str) -> list[str]:
        """The tags that the course has of one of its images, sorted; patterns of tags are not among them."""
        return sorted(_tags(self._sources, repository))

    def pull(self, text: str, password: str | None = None) -> Image:
        """Find an image by what stands in a container definition.

        Parameters
        ----------
        text : str
            The reference.
        password : str, optional
            For the registry, if it is one of `add_remote`; None takes what was pulled before.

        Raises
        ------
        ImageNotFound
            Neither a registry nor the store nor the course has it.
        ImageCorrupt
            A blob in the store was damaged.
        """
        reference = parse(text)
        name = str(reference)
        if reference.host in self._remotes and password is not None:
            return self._from_remote(reference, password)
        if reference.digest:
            manifest = self._by_digest(reference)
        else:
            manifest = self._build(reference) or self.store.resolve(name)
        if manifest is None:
            raise self._not_found(reference)
        return self.store.image(name, manifest)

    def _from_remote(self, reference: Reference, password: str) -> Image:
        registry = self._remotes[reference.host]
        try:
            return pull_from(registry, reference, password, self.store)
        except PullRefused as refused:
            raise ImageNotFound(
                f"{CANNOT_PULL}failed to resolve ref {reference}: {refused.cause}", refused.remedy
            ) from None
        except ImageCorrupt as corrupt:
            raise ImageCorrupt(f"{CANNOT_PULL}failed to copy: {corrupt.message}", corrupt.remedy) from None

    def _by_digest(self, reference: Reference) -> Descriptor | None:
        """The manifest with this digest, if it belongs to this repository."""
        pulled = self.store.resolve(f"{reference.repository}@{reference.digest}")
        if pulled is not None:
            return pulled
        for source in self._sources.values():
            if reference.repository in source["repositories"]:
                for tag in source.get("tags", {}):
                    self._build(Reference(reference.host, reference.path, tag))
        for name, manifest in self.store.names().items():
            if manifest.digest == reference.digest and parse(name).repository == reference.repository:
                return manifest
        return None

    def _build(self, reference: Reference) -> Descriptor | None:
        full = str(reference)
        if full in self._built and self.store.resolve(full) == self._built[full]:
            return self._built[full]
        if self.store.is_mine(full):
            return None  # what the learner has given this name stays
        for name, source in self._sources.items():
            if reference.repository not in source["repositories"]:
                continue
            tags: Mapping[str, Any] = source.get("tags", {})
            if reference.tag in tags:
                extra = tags[reference.tag]
            elif "tag_pattern" in source and re.fullmatch(source["tag_pattern"], reference.tag):
                extra = {"Labels": {INTERPRETER: str(reference)}}
            else:
                continue
            with self.store.building():
                layers, history, config = self._layers(name)
                manifest = self.store.add(layers, _merged(config, extra), history)
                self.store.tag(full, manifest)
            self._built[full] = manifest
            return manifest
        return None

    def _layers(self, name: str) -> tuple[list[Descriptor], list[str], dict[str, Any]]:
        """Layers, their history and the configuration of a source, its base's first."""
        source = self._sources[name]
        layers: list[Descriptor] = []
        history: list[str] = []
        config: dict[str, Any] = {}
        if "base" in source:
            layers, history, config = self._layers(source["base"])
        root = self._folders[name] / "root"
        if root.is_dir():
            layers.append(self.store.put(pack(read_folder(root)), LAYER))
            history.append(f"COPY data/images/{name}/root /")
        return layers, history, _merged(config, source.get("config", {}))

    def _not_found(self, reference: Reference) -> ImageNotFound:
        known = reference.repository in self.repositories()
        cause = "not found"
        if reference.host == DOCKER_HUB and not known:
            cause = (
                "pull access denied, repository does not exist or may require authorization: "
                "server message: insufficient_scope: authorization failed"
            )
        here = ", ".join(sorted(_tags(self._sources, reference.repository))) if known else ""
        remedy = (
            f"Tags that this cloud has of it: {here}."
            if here
            else "This cloud downloads nothing. It has the course's images ("
            + ", ".join(name.removeprefix("docker.io/").removeprefix("library/") for name in self.repositories())
            + ") and what you push to its registry; other images need the docker runtime (LAB_RUNTIME=docker)."
        )
        return ImageNotFound(
            f"{CANNOT_PULL}failed to resolve ref {reference}: {cause}",
            remedy,
        )


def _merged(config: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration over another: environments and labels are joined, all else is replaced."""
    merged = {**config, **extra}
    if "Labels" in config and "Labels" in extra:
        merged["Labels"] = {**config["Labels"], **extra["Labels"]}
    if "Env" in config and "Env" in extra:
        names = {item.partition("=")[0] for item in extra["Env"]}
        merged["Env"] = [item for item in config["Env"] if item.partition("=")[0] not in names] + list(extra["Env"])
    return merged


def _tags(sources: Mapping[str, Mapping[str, Any]], repository: str) -> set[str]:
    found: set[str] = set()
    for source in sources.values():
        if repository in source["repositories"]:
            found.update(source.get("tags", {}))
    return found
