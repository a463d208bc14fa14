"""What an image in the store consists of: its layers, its whole configuration, how it was made."""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab_cloud.errors import ImageCorrupt
from lab_cloud.runtime.images import LAYER, Descriptor, Store

_CHUNK = 1 << 20
_LARGEST = 8 << 30
"""Bytes that one compressed layer may hold; a small archive can hold a very large one."""


@dataclass(frozen=True)
class Contents:
    """The parts of an image.

    Parameters
    ----------
    manifest, config : Descriptor
        Its manifest and its configuration.
    layers : tuple of Descriptor
        Lowest first.
    diff_ids : tuple of str
        Digests of the uncompressed layers.
    configuration : mapping
        The whole OCI configuration: config, history, architecture, …
    """

    manifest: Descriptor
    config: Descriptor
    layers: tuple[Descriptor, ...]
    diff_ids: tuple[str, ...]
    configuration: Mapping[str, Any]

    @property
    def platform(self) -> dict[str, Any]:
        """Architecture and system."""
        return {
            name: self.configuration[name] for name in ("architecture", "os", "variant") if name in self.configuration
        }

    @property
    def history(self) -> list[dict[str, Any]]:
        """How it was made, one entry for each instruction, lowest first."""
        return [dict(entry) for entry in self.configuration.get("history") or ()]

    @property
    def size(self) -> int:
        """Bytes of manifest, configuration and layers."""
        return self.manifest.size + self.config.size + sum(layer.size for layer in self.layers)

    def created_by(self) -> list[str]:
        """For each layer, the instruction that made it; empty where the image does not say."""
        made = [entry.get("created_by", "") for entry in self.history if not entry.get("empty_layer")]
        return (made + [""] * len(self.layers))[: len(self.layers)]


def contents(store: Store, manifest: Descriptor) -> Contents:
    """Read an image's manifest and configuration.

    Raises
    ------
    ImageCorrupt
        One of them is missing or makes no sense.
    """
    try:
        content = json.loads(store.read(manifest.digest))
        config = _descriptor(content["config"])
        layers = tuple(_descriptor(layer) for layer in content["layers"])
        configuration = json.loads(store.read(config.digest))
        diff_ids = tuple(configuration["rootfs"]["diff_ids"])
    except (ValueError, KeyError, TypeError) as error:
        raise ImageCorrupt(f"the manifest {manifest.digest} cannot be read: {error}") from error
    if len(diff_ids) != len(layers):
        raise ImageCorrupt(f"the image {manifest.digest} has {len(layers)} layers and {len(diff_ids)} diff_ids")
    return Contents(manifest, config, layers, diff_ids, configuration)


def plain_layers(store: Store, image: Contents) -> list[Path]:
    """The image's layers as uncompressed archives in the store, lowest first.

    Raises
    ------
    ImageCorrupt
        A layer is missing, damaged, or not what its ``diff_id`` says.
    """
    found = []
    for layer, diff_id in zip(image.layers, image.diff_ids, strict=True):
        if not store.has(diff_id):
            store.check(layer.digest)
            store.put_stream(_unpacked(store.path(layer.digest)), LAYER, diff_id)
        store.check(diff_id)
        found.append(store.path(diff_id))
    return found


def _unpacked(path: Path) -> Iterator[bytes]:
    total = 0
    try:
        with gzip.open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                total += len(chunk)
                if total > _LARGEST:
                    raise ImageCorrupt("a layer of the image is larger than this runtime unpacks")
                yield chunk
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ImageCorrupt(f"a layer of the image cannot be read: {error}") from error


def _descriptor(value: Mapping[str, Any]) -> Descriptor:
    return Descriptor(str(value["mediaType"]), str(value["digest"]), int(value["size"]))
