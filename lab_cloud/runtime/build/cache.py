"""The build cache: which layer a step made, by its parent, its instruction and what it read."""

import contextlib
import hashlib
import json
from collections.abc import Iterable
from typing import Any

from lab_cloud.runtime.images import Descriptor, Store, canonical
from lab_cloud.runtime.layers import Entry

_MOST = 1000


def key_of(parent: str, *parts: object) -> str:
    """The key of a step.

    Parameters
    ----------
    parent : str
        The key of the step before it.
    *parts
        The instruction, and what it reads.
    """
    return hashlib.sha256(canonical([parent, *parts])).hexdigest()


def content_of(entries: Iterable[tuple[str, Entry]]) -> str:
    """One digest over names, modes, owners and contents."""
    whole = hashlib.sha256()
    for name, entry in entries:
        inner = hashlib.sha256()
        for chunk in entry.chunks():
            inner.update(chunk)
        kind = "link" if entry.link is not None else "file" if entry.is_file else "folder"
        facts = [name, kind, entry.mode, entry.uid, entry.gid, entry.link, inner.hexdigest()]
        whole.update(json.dumps(facts).encode() + b"\n")
    return whole.hexdigest()


class Cache:
    """Steps that were built before; one small file each, so that a crash spoils none.

    Parameters
    ----------
    store : Store
        Holds the layers, and the cache in its folder ``cache/``.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folder = store.folder / "cache"
        self._folder.mkdir(exist_ok=True)

    def get(self, key: str) -> tuple[bool, Descriptor | None]:
        """Whether a step was built before and its layer is still there; and that layer, if it made one."""
        try:
            found: dict[str, Any] = json.loads((self._folder / key).read_bytes())
            layer = found["layer"]
            if layer is None:
                return True, None
            descriptor = Descriptor(layer["mediaType"], layer["digest"], layer["size"])
            return self._store.has(descriptor.digest), descriptor
        except (OSError, ValueError, KeyError, TypeError):
            return False, None

    def put(self, key: str, layer: Descriptor | None) -> None:
        """Remember a step."""
        self._store.place(canonical({"layer": layer.json() if layer else None}), self._folder / key)

    def layers(self) -> set[str]:
        """Digests of the layers that it remembers."""
        found = set()
        for file in self._folder.iterdir():
            _, layer = self.get(file.name)
            if layer is not None:
                found.add(layer.digest)
        return found

    def tidy(self) -> None:
        """Forget the oldest steps when there are very many."""
        files = list(self._folder.iterdir())
        if len(files) > _MOST:
            files.sort(key=lambda file: file.stat().st_mtime)
            for file in files[: len(files) - _MOST]:
                with contextlib.suppress(OSError):
                    file.unlink()

    def clear(self) -> int:
        """Forget all steps; how many there were."""
        files = list(self._folder.iterdir())
        for file in files:
            file.unlink(missing_ok=True)
        return len(files)
