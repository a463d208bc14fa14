"""Images from files that other programs wrote: an OCI image layout or a docker-archive, as a folder or an archive.

Every blob is checked against its digest and its size before anything gets a name, and what was kept of an image that
turns out to be bad is removed again.
"""

import contextlib
import gzip
import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lab_cloud.errors import CloudError, ImageCorrupt
from lab_cloud.runtime.build.files import Files, LinkLoop, read_layer
from lab_cloud.runtime.contents import contents, plain_layers
from lab_cloud.runtime.exporting import NAME, REF
from lab_cloud.runtime.images import CONFIG, LAYER, MANIFEST, Descriptor, Store, canonical
from lab_cloud.runtime.layers import DAMAGED, Budget, inside
from lab_cloud.runtime.references import parse

MANIFESTS = (MANIFEST, "application/vnd.docker.distribution.manifest.v2+json")
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
LAYERS = (
    LAYER,
    LAYER + "+gzip",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
)
_LARGEST_TEXT = 4 << 20
"""Bytes of a manifest or a configuration, which are read whole; the distribution specification's own limit."""
_CHUNK = 1 << 20


class Bundle:
    """The files of what is loaded, by their names.

    Parameters
    ----------
    path : Path
        A folder or an archive, plain or compressed with gzip.
    store : Store
        Whose folder `incoming` holds a decompressed archive.

    Raises
    ------
    CloudError
        There is nothing of that name.
    ImageCorrupt
        It is no archive.
    """

    def __init__(self, path: Path, store: Store) -> None:
        self.path = path
        self._plain: Path | None = None
        self._files: Files | None = None
        if path.is_dir():
            return
        if not path.is_file():
            raise CloudError(f"There is no file {path}.", "Name what docker save, skopeo or this cloud has written.")
        try:
            self._files = Files(read_layer(self._unzipped(path, store)))
        except ImageCorrupt as error:
            self.close()
            raise ImageCorrupt(f"{path.name} is no archive of images: {error.message}") from error

    def _unzipped(self, path: Path, store: Store) -> Path:
        with path.open("rb") as file:
            if file.read(2) != b"\x1f\x8b":
                return path
        self._plain = store.incoming / uuid.uuid4().hex
        budget = Budget()
        try:
            with gzip.open(path, "rb") as packed, self._plain.open("xb") as out:
                while chunk := packed.read(_CHUNK):
                    budget.take(path.name, len(chunk))
                    out.write(chunk)
        except DAMAGED as error:
            raise ImageCorrupt(str(error)) from error
        return self._plain

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        return self._size(name) is not None

    def text(self, name: str) -> bytes:
        """A small file's content."""
        size = self._size(name)
        if size is None:
            raise ImageCorrupt(f"{name} is missing in {self.path.name}")
        if size > _LARGEST_TEXT:
            raise ImageCorrupt(f"{name} in {self.path.name} has {size:,} bytes, more than any manifest")
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """A file's content."""
        if self._files is None:
            with self._on_disk(name).open("rb") as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
            return
        entry = self._files.get(self._place(name))
        if entry is None or not entry.is_file:
            raise ImageCorrupt(f"{name} is missing in {self.path.name}")
        yield from entry.chunks()

    def _size(self, name: str) -> int | None:
        if self._files is None:
            place = self._on_disk(name)
            return place.stat().st_size if place.is_file() else None
        entry = self._files.get(self._place(name))
        return entry.size if entry is not None and entry.is_file else None

    def _on_disk(self, name: str) -> Path:
        root = Path(os.path.realpath(self.path))
        place = Path(os.path.realpath(root / inside(name)))
        if root not in place.parents:
            raise ImageCorrupt(f"{name} leads out of {self.path.name}")
        return place

    def _place(self, name: str) -> str:
        assert self._files is not None
        try:
            return self._files.resolve(inside(name))
        except LinkLoop as error:
            raise ImageCorrupt(f"{self.path.name}: {error}") from error

    def close(self) -> None:
        """Remove what was decompressed."""
        if self._plain is not None:
            self._plain.unlink(missing_ok=True)


def load(store: Store, path: Path, name: str | None = None) -> dict[str, Descriptor]:
    """Take images in.

    Parameters
    ----------
    store : Store
        Where they are kept.
    path : Path
        A folder or an archive.
    name : str, optional
        A name for the image, when there is one only.

    Returns
    -------
    dict
        Full names and manifests.

    Raises
    ------
    ImageCorrupt
        It is damaged, holds more or other bytes than it says, or kinds of blobs that are not known. Nothing is kept.
    CloudError
        There is no such file, or several images and one name.

    References
    ----------
    https://github.com/opencontainers/image-spec/blob/main/image-layout.md
    """
    bundle = Bundle(path, store)
    kept = _Kept(store)
    try:
        found = _layout(bundle, kept) if bundle.has("index.json") else _archive(bundle, kept)
        for manifest, _ in found:
            image = contents(store, manifest)
            kept.expect(image.diff_ids)
            plain_layers(store, image)
        if not found:
            raise ImageCorrupt(f"{path.name} holds no image")
        if name is not None and len(found) > 1:
            raise CloudError(
                f"{path.name} holds {len(found)} images, which cannot all be called {name}.", "Leave it out."
            )
        named: dict[str, Descriptor] = {}
        for manifest, names in found:
            for each in [name] if name is not None else names or [_stem(path)]:
                named[str(parse(each))] = manifest
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        kept.undo()
        raise ImageCorrupt(f"{path.name} cannot be read as images: {error!r}") from error
    except BaseException:
        kept.undo()
        raise
    finally:
        bundle.close()
    for full, manifest in named.items():
        store.tag(full, manifest, mine=True)
    return named


class _Kept:
    """Blobs that this load has brought; those that were there before are left alone when it fails."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._new: list[str] = []

    def stream(self, chunks: Iterator[bytes], media_type: str, digest: str | None, size: int | None) -> Descriptor:
        """Keep a blob after checking its digest and its size."""
        if digest is not None and self.store.has(digest):
            self.store.check(digest)
            return self.store.descriptor(digest, media_type)
        found = self.store.put_stream(_at_most(chunks, size), media_type, digest)
        self._new.append(found.digest)
        return found

    def expect(self, digests: Iterable[str]) -> None:
        """These are about to come, if they are not here."""
        self._new += [digest for digest in digests if not self.store.has(digest)]

    def undo(self) -> None:
        """Remove them."""
        for digest in self._new:
            with contextlib.suppress(OSError):
                self.store.path(digest).unlink()


def _at_most(chunks: Iterator[bytes], size: int | None) -> Iterator[bytes]:
    """Stop when there is more, or less, than was said."""
    seen = 0
    for chunk in chunks:
        seen += len(chunk)
        if size is not None and seen > size:
            raise ImageCorrupt(f"a blob is larger than the {size:,} bytes that it is said to have")
        yield chunk
    if size is not None and seen != size:
        raise ImageCorrupt(f"a blob has {seen:,} bytes, not the {size:,} that it is said to have")


def _layout(bundle: Bundle, kept: _Kept) -> list[tuple[Descriptor, list[str]]]:
    found: dict[str, tuple[Descriptor, list[str]]] = {}
    for entry in json.loads(bundle.text("index.json"))["manifests"]:
        manifest = _manifest(bundle, kept, entry)
        names = found.setdefault(manifest.digest, (manifest, []))[1]
        notes = entry.get("annotations") or {}
        name = notes.get(NAME) or notes.get(REF, "")
        if NAME in notes or "/" in name or ":" in name:
            names.append(name)
    return list(found.values())


def _manifest(bundle: Bundle, kept: _Kept, entry: Mapping[str, Any], depth: int = 0) -> Descriptor:
    data = b"".join(_at_most(iter([bundle.text(_place(entry["digest"]))]), int(entry["size"])))
    content = json.loads(data)
    kind = entry.get("mediaType") or content.get("mediaType")
    if kind in INDEXES and depth < 3:
        return _manifest(bundle, kept, _for_this_runtime(content["manifests"]), depth + 1)
    if kind not in MANIFESTS:
        raise ImageCorrupt(f"{kind!r} is no kind of manifest that this runtime knows")
    config = content["config"]
    kept.stream(iter([bundle.text(_place(config["digest"]))]), config["mediaType"], config["digest"], config["size"])
    for layer in content["layers"]:
        if layer["mediaType"] not in LAYERS:
            raise ImageCorrupt(
                f"{layer['mediaType']!r} is no kind of layer that this runtime knows",
                "Save it with gzip or uncompressed.",
            )
        kept.stream(bundle.chunks(_place(layer["digest"])), layer["mediaType"], layer["digest"], int(layer["size"]))
    return kept.stream(iter([data]), kind, entry["digest"], len(data))


def _for_this_runtime(manifests: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Of several platforms, linux/amd64 as this builder makes them, else the first one that is a platform."""

    def rank(entry: Mapping[str, Any]) -> int:
        platform = entry.get("platform") or {}
        known = platform.get("os", "linux") == "linux"
        return 0 if known and platform.get("architecture") == "amd64" else 1 if known else 2

    if not manifests:
        raise ImageCorrupt("an index of the image names no manifest")
    return min(manifests, key=rank)


def _archive(bundle: Bundle, kept: _Kept) -> list[tuple[Descriptor, list[str]]]:
    """What docker save wrote before version 25; the manifest is made anew, the image's id stays."""
    if not bundle.has("manifest.json"):
        raise ImageCorrupt(f"{bundle.path.name} is neither an OCI image layout nor what docker save writes")
    found = []
    for item in json.loads(bundle.text("manifest.json")):
        config = kept.stream(iter([bundle.text(item["Config"])]), CONFIG, None, None)
        diff_ids = json.loads(kept.store.read(config.digest))["rootfs"]["diff_ids"]
        layers = []
        for name, diff_id in zip(item["Layers"], diff_ids, strict=True):
            packed = next(bundle.chunks(name), b"").startswith(b"\x1f\x8b")
            media_type = LAYER + "+gzip" if packed else LAYER
            layers.append(kept.stream(bundle.chunks(name), media_type, None if packed else diff_id, None))
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config.json(),
            "layers": [layer.json() for layer in layers],
        }
        found.append((kept.stream(iter([canonical(manifest)]), MANIFEST, None, None), list(item.get("RepoTags") or [])))
    return found


def _place(digest: str) -> str:
    algorithm, _, value = digest.partition(":")
    if algorithm != "sha256" or len(value) != 64:
        raise ImageCorrupt(f"{digest!r} is not a sha256 digest")
    return f"blobs/sha256/{value}"


def _stem(path: Path) -> str:
    """A name for an image that brings none: that of its file."""
    stem = "".join(char if char.isalnum() and char.isascii() else "-" for char in path.name.split(".")[0].lower())
    return stem.strip("-") or "loaded"
