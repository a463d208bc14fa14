"""Images for a container engine: from the cloud's store, from the engine itself, or from a registry that it reaches.

========================================  =======================================================================
what is asked for                         what runs
========================================  =======================================================================
what the store has (the learner's own)    the same layers, loaded into the engine once
the same, on the empty python base        its files upon the engine's real python image
an image that the course re-makes         the real one where the engine has it or can pull it, else the course's
anything else                             what the engine has or can pull
========================================  =======================================================================
"""

import logging
import threading
import time
from pathlib import Path
from typing import Any

from lab_cloud.errors import ImageNotFound
from lab_cloud.runtime.catalog import Catalog
from lab_cloud.runtime.engine import said
from lab_cloud.runtime.exporting import save
from lab_cloud.runtime.on_base import write_context
from lab_cloud.runtime.references import Reference, parse
from lab_cloud.runtime.spec import Image
from lab_cloud.runtime.supplied import stands_for

CACHE = "containers-on-aws/cache"
"""The engine's repository that keeps what was loaded; the tag tells what it is."""

AGAIN = 300.0
"""Seconds after a failure until a registry is asked once more for an image that the course can stand in for."""

log = logging.getLogger(__name__)


class EngineImages:
    """Finds images and brings them into the engine.

    Parameters
    ----------
    api : docker.APIClient
        The engine.
    catalog : Catalog
        The store, and the course's images.
    folder : Path
        Where archives are written on their way.
    online : bool
        Whether registries of the network may be asked; those on loopback always are.
    """

    def __init__(self, api: Any, catalog: Catalog, folder: Path, *, online: bool = True) -> None:
        self._api = api
        self._catalog = catalog
        self._folder = folder
        self._online = online
        self._names: dict[str, str] = {}  # digest -> the engine's name
        self._failed: dict[str, float] = {}
        self._lock = threading.Lock()
        self._loading = threading.Lock()

    def pull(self, text: str, password: str | None = None) -> Image:
        """Make an image available.

        Parameters
        ----------
        text : str
            Its reference.
        password : str, optional
            For the cloud's own registry, from which the store pulls.

        Raises
        ------
        ImageNotFound, ImageCorrupt
            Neither the store nor the engine has it, and the engine cannot pull it; says what the registry said.
        """
        reference = parse(text)
        ours: Image | None = None
        refusal: ImageNotFound | None = None
        try:
            ours = self._catalog.pull(text, password)
        except ImageNotFound as failure:
            refusal = failure
        if ours is not None and not _stands_in(ours, reference):
            self._bring(ours)
            return ours
        if refusal is not None and self._catalog.answers_for(reference):
            raise refusal
        real = self._real(reference, patient=ours is None)
        if real is not None:
            return real
        if ours is None:
            assert refusal is not None
            raise refusal
        self._bring(ours)
        return ours

    def name(self, image: Image) -> str:
        """What the engine calls an image that was pulled."""
        with self._lock:
            return self._names[image.digest]

    # what the engine has

    def _real(self, reference: Reference, *, patient: bool) -> Image | None:
        """The engine's own image, pulled when it must and may be."""
        found = self._inspect(str(reference))
        if found is None and self._may_ask(reference, patient=patient):
            why = self._pull_failure(reference)
            if why:
                self._failed[reference.host] = time.monotonic()
                if patient:
                    raise ImageNotFound(
                        "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                        f"failed to resolve ref {reference}: {why}",
                        "The container engine could neither find this image nor pull it.",
                    )
                log.info("the real %s cannot be pulled, so the course's stands in: %s", reference, why)
            found = self._inspect(str(reference))
        return self._known(reference, found) if found is not None else None

    def _pull_failure(self, reference: Reference) -> str:
        """Let the engine pull; returns why it could not, or an empty text."""
        try:
            steps = self._api.pull(
                reference.repository, tag=reference.digest or reference.tag, stream=True, decode=True
            )
            return next((str(step["error"]) for step in steps if "error" in step), "")
        except Exception as error:
            return said(error)

    def _may_ask(self, reference: Reference, *, patient: bool) -> bool:
        if reference.host.rpartition(":")[0] in ("127.0.0.1", "localhost"):
            return True
        return self._online and (patient or time.monotonic() - self._failed.get(reference.host, -AGAIN) >= AGAIN)

    def _inspect(self, name: str) -> dict[str, Any] | None:
        import docker.errors

        try:
            found: dict[str, Any] = self._api.inspect_image(name)
        except docker.errors.ImageNotFound:
            return None
        return found

    def _known(self, reference: Reference, found: dict[str, Any]) -> Image:
        digests = [each.rpartition("@")[2] for each in found.get("RepoDigests") or ()]
        digest = reference.digest or (digests[0] if digests else found["Id"])
        with self._lock:
            self._names[digest] = found["Id"]
        layers = tuple((found.get("RootFS") or {}).get("Layers") or ())
        return Image(str(reference), digest, found.get("Config") or {}, layers, found.get("Size") or 0)

    # what the store has

    def _bring(self, image: Image) -> None:
        """Load an image of the store into the engine, unless it is there."""
        with self._loading:
            with self._lock:
                if image.digest in self._names:
                    return
            base = stands_for(image)
            name = self._on_base(image, base) if base else self._loaded(image)
            with self._lock:
                self._names[image.digest] = name

    def _loaded(self, image: Image) -> str:
        store, name = self._catalog.store, f"{CACHE}:{image.digest.rpartition(':')[2]}"
        if self._inspect(name) is None:
            file = self._folder / f"{image.digest[-12:]}.tar"
            try:
                save(store, {str(parse(name)): store.descriptor(image.digest)}, file)
                with file.open("rb") as data:
                    self._api.load_image(data, quiet=True)
            finally:
                file.unlink(missing_ok=True)
        return name

    def _on_base(self, image: Image, stands_for: str) -> str:
        """An image whose base is empty here, upon the real one."""
        base = self._base(parse(stands_for))
        if not image.layers:
            return str(base["Id"])
        name = f"{CACHE}:{image.digest[-32:]}-{base['Id'][-32:]}"
        if self._inspect(name) is None:
            file = self._folder / f"{image.digest[-12:]}.tar"
            try:
                write_context(self._catalog.store, image, base["Id"], file)
                with file.open("rb") as data:
                    steps = list(
                        self._api.build(fileobj=data, custom_context=True, tag=name, decode=True, rm=True, pull=False)
                    )
            finally:
                file.unlink(missing_ok=True)
            failures = [step["error"] for step in steps if "error" in step]
            if failures or self._inspect(name) is None:
                raise ImageNotFound(
                    f"CannotPullContainerError: the engine could not lay {image.reference} upon {stands_for}: "
                    f"{failures[0] if failures else 'it built nothing'}"
                )
        return name

    def _base(self, reference: Reference) -> dict[str, Any]:
        """The engine's Python image: the one that is meant, or any that it has."""
        self._real(reference, patient=False)
        found = self._inspect(str(reference)) or self._any_python()
        if found is None:
            raise ImageNotFound(
                f"CannotPullContainerError: this image stands on {reference}, which the container engine has not and "
                "cannot pull",
                f"When you are online: docker pull {reference}. Without a network, python tools/python_image.py | "
                "docker load makes a stand-in of this machine's Python.",
            )
        return found

    def _any_python(self) -> dict[str, Any] | None:
        found = self._api.images("python") or ()
        return self._inspect(found[0]["Id"]) if found else None


def _stands_in(image: Image, reference: Reference) -> bool:
    """Whether an image of ours is a re-make of one that exists elsewhere."""
    labels = image.config.get("Labels") or {}
    return labels.get("edition") == "course" or (not image.layers and bool(stands_for(image)))
