"""Pull an image from a registry into the store: the manifest, then what of it is not there yet, all of it verified."""

import dataclasses
import json
import platform
from typing import Any

from lab_cloud.errors import ImageCorrupt
from lab_cloud.runtime.images import MANIFEST, Store, digest_of
from lab_cloud.runtime.references import Reference
from lab_cloud.runtime.remote import PullRefused, RemoteRegistry
from lab_cloud.runtime.spec import Image

MANIFESTS = (MANIFEST, "application/vnd.docker.distribution.manifest.v2+json")
INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def pull_from(registry: RemoteRegistry, reference: Reference, password: str, store: Store) -> Image:
    """Bring an image into the store.

    Parameters
    ----------
    registry : RemoteRegistry
        Where it lies.
    reference : Reference
        Its name; a digest goes before a tag.
    password : str
        Who asks.
    store : Store
        Where it comes to.

    Returns
    -------
    Image
        With the digest that the registry has for this name; of an index, the image for this machine.

    Raises
    ------
    PullRefused
        The registry does not give it.
    ImageCorrupt
        What came does not have the digest that it should, or is no image.
    """
    path = reference.path
    data, media_type = registry.manifest(path, reference.digest or reference.tag, password)
    top = digest_of(data)
    if reference.digest and top != reference.digest:
        raise ImageCorrupt(f"the manifest has the digest {top}, not {reference.digest}")
    if media_type in INDEXES:
        chosen = _for_this_machine(data)
        data, media_type = registry.manifest(path, chosen, password)
        if digest_of(data) != chosen:
            raise ImageCorrupt(f"the manifest has the digest {digest_of(data)}, not {chosen}")
    if media_type not in MANIFESTS:
        raise PullRefused(f"unsupported media type {media_type}", "Push an image; this is something else.")
    with store.building():  # what has come is not swept before it has a name
        for blob in _blobs(data):
            digest = str(blob["digest"])
            if not store.has(digest):
                _bring(registry, path, digest, password, store)
        manifest = store.put(data, media_type)
        store.tag(str(reference), manifest)
        store.tag(f"{reference.repository}@{top}", manifest)
    return dataclasses.replace(store.image(str(reference), manifest), digest=top)


def _bring(registry: RemoteRegistry, path: str, digest: str, password: str, store: Store) -> None:
    try:
        store.put_stream(registry.blob(path, digest, password), "", digest)
    except ImageCorrupt as corrupt:
        text = f'failed commit on ref "layer-{digest}": unexpected commit digest: {corrupt.message}'
        raise ImageCorrupt(text) from None


def _blobs(data: bytes) -> list[dict[str, Any]]:
    try:
        content = json.loads(data)
        return [content["config"], *content["layers"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ImageCorrupt(f"the manifest cannot be read: {error!r}") from None


def _for_this_machine(data: bytes) -> str:
    """The digest of an index's image for Linux on this machine's processor; else of its first for Linux."""
    machine = _MACHINES.get(platform.machine().lower(), platform.machine().lower())
    found: list[tuple[bool, str]] = []
    for each in json.loads(data)["manifests"]:
        about = each.get("platform") or {"os": "linux", "architecture": machine}
        if about.get("os") == "linux" and each.get("mediaType") in MANIFESTS:
            found.append((about.get("architecture") != machine, str(each["digest"])))
    if not found:
        raise PullRefused(f"no match for platform linux/{machine} in manifest: not found")
    return min(found)[1]
