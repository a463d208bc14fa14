"""The store of images: blobs by their digest, and names that point at manifests, as an OCI image layout on disk.

::

    images/
      oci-layout
      index.json                 names -> manifests
      blobs/sha256/<64 digits>   layers, configurations, manifests
      unpacked/<64 digits>/      an image's root, laid out once
      incoming/                  what is being written; emptied when a store opens

Every file is written beside its place and then renamed, so a crash leaves either nothing or all of it.
"""

import contextlib
import hashlib
import json
import os
import shutil
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab_cloud.errors import ImageCorrupt
from lab_cloud.runtime.layers import Budget, unpack
from lab_cloud.runtime.spec import Image

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
"""Layers are stored uncompressed: their digest then does not depend on a version of zlib."""

_NAME = "org.opencontainers.image.ref.name"
_ORIGIN, _MINE = "course.origin", "learner"
EPOCH = "1970-01-01T00:00:00Z"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Descriptor:
    """A blob as others refer to it.

    Parameters
    ----------
    media_type, digest : str
        What it is, and ``sha256:…`` of its bytes.
    size : int
        Its bytes.
    """

    media_type: str
    digest: str
    size: int

    def json(self) -> dict[str, Any]:
        """As it stands in a manifest."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


def canonical(value: object) -> bytes:
    """JSON whose bytes depend on nothing but the value."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def digest_of(data: bytes) -> str:
    """``sha256:…`` of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Store:
    """Images on disk.

    Parameters
    ----------
    folder : Path
        Where they are kept; made when it is not there. One cloud at a time uses it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        self._unpacking = threading.Lock()
        self._builds = 0
        self._sound: dict[str, tuple[int, int]] = {}  # digests that were checked, with the file's time and size then
        self.incoming = folder / "incoming"
        shutil.rmtree(self.incoming, ignore_errors=True)
        for part in ("blobs/sha256", "unpacked", "incoming"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        layout = folder / "oci-layout"
        if not layout.exists():
            self.place(canonical({"imageLayoutVersion": "1.0.0"}), layout)
        self._mine: set[str] = set()
        self._names = self._read_names()

    # blobs

    def path(self, digest: str) -> Path:
        """Where a blob lies, or would lie."""
        algorithm, _, value = digest.partition(":")
        if algorithm != "sha256" or len(value) != 64 or set(value) - set("0123456789abcdef"):
            raise ImageCorrupt(f"{digest!r} is not a sha256 digest")
        return self.folder / "blobs" / "sha256" / value

    def has(self, digest: str) -> bool:
        """Tell whether a blob is there."""
        return self.path(digest).is_file()

    def put(self, data: bytes, media_type: str) -> Descriptor:
        """Keep a small blob."""
        digest = digest_of(data)
        if not self.has(digest):
            self.place(data, self.path(digest))
        return Descriptor(media_type, digest, len(data))

    def put_stream(self, chunks: Iterable[bytes], media_type: str, expected: str | None = None) -> Descriptor:
        """Keep a blob of any size; nothing is kept when its digest is not the expected one (ImageCorrupt)."""
        beside = self.incoming / uuid.uuid4().hex
        hasher, size = hashlib.sha256(), 0
        try:
            with beside.open("xb") as file:
                for chunk in chunks:
                    hasher.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
            digest = f"sha256:{hasher.hexdigest()}"
            if expected is not None and digest != expected:
                raise ImageCorrupt(f"the blob has the digest {digest}, not {expected}")
            beside.replace(self.path(digest))
        finally:
            beside.unlink(missing_ok=True)
        return Descriptor(media_type, digest, size)

    def read(self, digest: str) -> bytes:
        """A small blob's bytes, checked against its digest.

        Raises
        ------
        ImageCorrupt
            It is missing or has other bytes.
        """
        try:
            data = self.path(digest).read_bytes()
        except FileNotFoundError:
            raise ImageCorrupt(f"the blob {digest} is missing") from None
        if digest_of(data) != digest:
            raise ImageCorrupt(f"the blob {digest} has other bytes than its digest says")
        return data

    def check(self, digest: str) -> None:
        """Read a blob of any size against its digest, unless its file is as it was at the last check (ImageCorrupt)."""
        path = self.path(digest)
        try:
            status = path.stat()
            seen = (status.st_mtime_ns, status.st_size)
            if self._sound.get(digest) == seen:
                return
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            raise ImageCorrupt(f"the blob {digest} is missing") from None
        if f"sha256:{found}" != digest:
            raise ImageCorrupt(f"the blob {digest} has other bytes than its digest says")
        self._sound[digest] = seen

    def descriptor(self, digest: str, media_type: str = MANIFEST) -> Descriptor:
        """A blob that is here as others refer to it (ImageCorrupt when it is missing)."""
        try:
            return Descriptor(media_type, digest, self.path(digest).stat().st_size)
        except FileNotFoundError:
            raise ImageCorrupt(f"the blob {digest} is missing") from None

    @contextlib.contextmanager
    def building(self) -> Iterator[None]:
        """Blobs that nothing names yet are made or used meanwhile."""
        with self._lock:
            self._builds += 1
        try:
            yield
        finally:
            with self._lock:
                self._builds -= 1

    @contextlib.contextmanager
    def still(self) -> Iterator[bool]:
        """Whether nobody is `building`; nobody begins before the end."""
        with self._lock:
            yield self._builds == 0

    # names

    def tag(self, reference: str, manifest: Descriptor, *, mine: bool = False) -> None:
        """Let a full name point at a manifest.

        Parameters
        ----------
        reference : str
            The full name.
        manifest : Descriptor
            What it is to point at.
        mine : bool
            The learner chose this, so it goes before an image of the course of the same name.
        """
        with self._lock:
            if self._names.get(reference) != manifest or mine != (reference in self._mine):
                self._names[reference] = manifest
                self._mine = self._mine | {reference} if mine else self._mine - {reference}
                self._write_names()

    def untag(self, reference: str) -> None:
        """Forget a name; the blobs stay."""
        with self._lock:
            if self._names.pop(reference, None):
                self._mine.discard(reference)
                self._write_names()

    def is_mine(self, reference: str) -> bool:
        """Whether the learner has chosen what a full name points at."""
        return reference in self._mine

    def resolve(self, reference: str) -> Descriptor | None:
        """The manifest that a full name points at."""
        return self._names.get(reference)

    def names(self) -> dict[str, Descriptor]:
        """All names with their manifests."""
        with self._lock:
            return dict(self._names)

    def _read_names(self) -> dict[str, Descriptor]:
        try:
            index = json.loads((self.folder / "index.json").read_bytes())
            self._mine = {
                each["annotations"][_NAME] for each in index["manifests"] if each["annotations"].get(_ORIGIN) == _MINE
            }
            return {
                each["annotations"][_NAME]: Descriptor(each["mediaType"], each["digest"], each["size"])
                for each in index["manifests"]
            }
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError) as error:
            raise ImageCorrupt(
                f"the list of images in {self.folder} cannot be read: {error}",
                "Delete that folder; the course's images are built again.",
            ) from error

    def _write_names(self) -> None:
        manifests = [
            {**each.json(), "annotations": {_NAME: name, **({_ORIGIN: _MINE} if name in self._mine else {})}}
            for name, each in sorted(self._names.items())
        ]
        self.place(canonical({"schemaVersion": 2, "manifests": manifests}), self.folder / "index.json")

    def place(self, data: bytes, path: Path) -> None:
        """Write a small file so that a crash leaves either the old one or the new one."""
        beside = self.incoming / uuid.uuid4().hex
        try:
            beside.write_bytes(data)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    # images

    def add(
        self,
        layers: Sequence[Descriptor],
        config: Mapping[str, Any],
        history: Sequence[str | Mapping[str, Any]] = (),
        *,
        diff_ids: Sequence[str] | None = None,
        platform: Mapping[str, Any] | None = None,
    ) -> Descriptor:
        """Keep the configuration and the manifest of an image whose layers are in the store already.

        Parameters
        ----------
        layers : sequence of Descriptor
            Lowest first.
        config : mapping
            Entrypoint, Cmd, Env, …
        history : sequence of str or mapping
            How each layer was made: ``created_by``, or a whole entry as OCI has it.
        diff_ids : sequence of str, optional
            Digests of the uncompressed layers; those of the layers when none of them is compressed.
        platform : mapping, optional
            ``architecture``, ``os`` and ``variant``, when they are not those of the course's images.

        Returns
        -------
        Descriptor
            The manifest.
        """
        configuration = {
            **(platform or {"architecture": "amd64", "os": "linux"}),
            "created": EPOCH,
            "config": dict(config),
            "rootfs": {"type": "layers", "diff_ids": list(diff_ids or [layer.digest for layer in layers])},
            "history": [{"created": EPOCH, "created_by": x} if isinstance(x, str) else dict(x) for x in history],
        }
        kept = self.put(canonical(configuration), CONFIG)
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": kept.json(),
            "layers": [layer.json() for layer in layers],
        }
        return self.put(canonical(manifest), MANIFEST)

    def image(self, reference: str, manifest: Descriptor) -> Image:
        """Read an image and check every blob of it.

        Raises
        ------
        ImageCorrupt
            A blob is missing or has other bytes, or the manifest makes no sense.
        """
        data = self.read(manifest.digest)
        try:
            content = json.loads(data)
            layers = tuple(layer["digest"] for layer in content["layers"])
            config = json.loads(self.read(content["config"]["digest"])).get("config") or {}
            size = len(data) + content["config"]["size"] + sum(layer["size"] for layer in content["layers"])
        except (ValueError, KeyError, TypeError) as error:
            raise ImageCorrupt(f"the manifest {manifest.digest} cannot be read: {error}") from error
        for digest in layers:
            self.check(digest)
        return Image(reference, manifest.digest, config, layers, size)

    def root(self, image: Image) -> Path:
        """The image's files, unpacked once; containers copy them and never write here.

        Raises
        ------
        ImageCorrupt, CannotStart
            As `lab_cloud.runtime.layers.unpack`.
        """
        place = self.folder / "unpacked" / image.digest.partition(":")[2]
        with self._unpacking:
            if place.is_dir():
                return place
            beside = self.incoming / uuid.uuid4().hex
            beside.mkdir()
            try:
                budget = Budget()
                for digest in image.layers:
                    self.check(digest)
                    with self.path(digest).open("rb", _CHUNK) as file:
                        unpack(file, beside, budget)
                os.replace(beside, place)  # noqa: PTH105 - a folder
            finally:
                shutil.rmtree(beside, ignore_errors=True)
        return place
