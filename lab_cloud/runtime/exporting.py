"""Images as files for other programs: an OCI image layout as a folder, or an archive.

The archive is an OCI layout and a docker-archive at once, as Docker itself writes it since version 25: ``skopeo``,
``podman load`` and any ``docker load`` read it. The same images are the same bytes.
"""

import contextlib
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from lab_cloud.errors import CloudError
from lab_cloud.runtime.contents import Contents, contents
from lab_cloud.runtime.images import Descriptor, Store, canonical
from lab_cloud.runtime.layers import Entry, Piece, tar
from lab_cloud.runtime.references import parse, short

NAME = "io.containerd.image.name"
REF = "org.opencontainers.image.ref.name"


def save(store: Store, names: Mapping[str, Descriptor], path: Path) -> int:
    """Write images to a file or a folder.

    Parameters
    ----------
    store : Store
        Where they are.
    names : mapping of str to Descriptor
        Their full names and manifests.
    path : Path
        A file when its name ends with ``.tar``, else a folder; a folder must not be there yet.

    Returns
    -------
    int
        Bytes that were written.

    Raises
    ------
    ImageCorrupt
        A blob is missing or damaged.
    CloudError
        It cannot be written there.
    """
    entries = _entries(store, names)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".tar":
            with beside.open("xb") as file:
                for chunk in tar(entries):
                    file.write(chunk)
            size = beside.stat().st_size
        else:
            if path.exists():
                raise CloudError(f"{path} is there already.", "Name another folder, or a file that ends with .tar.")
            size = _write(entries, beside)
        beside.replace(path)
    except OSError as error:
        raise CloudError(f"{path} cannot be written: {error.strerror}", "Name another place.") from error
    finally:
        if beside.is_dir():
            shutil.rmtree(beside, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                beside.unlink()
    return size


def _write(entries: Mapping[str, Entry], folder: Path) -> int:
    size = 0
    for name, entry in entries.items():
        if entry.is_folder:
            (folder / name).mkdir(parents=True, exist_ok=True)
            continue
        if name == "manifest.json":
            continue  # it is what a docker-archive has and a layout has not
        with (folder / name).open("xb") as file:
            for chunk in entry.chunks():
                file.write(chunk)
        size += entry.size
    return size


def _entries(store: Store, names: Mapping[str, Descriptor]) -> dict[str, Entry]:
    """The files of a layout, folders first."""
    entries = {"blobs": Entry(), "blobs/sha256": Entry()}
    index, archive = [], []
    for name, manifest in sorted(names.items()):
        image = contents(store, manifest)
        for blob in (manifest, image.config, *image.layers):
            store.check(blob.digest)
            entries[_place(blob.digest)] = Entry(piece=Piece(store.path(blob.digest), 0, blob.size), mode=0o644)
        index.append({**manifest.json(), "annotations": {NAME: name, REF: parse(name).tag or "latest"}})
        archive.append(_archived(name, image))
    texts = {
        "index.json": {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": index},
        "manifest.json": archive,
        "oci-layout": {"imageLayoutVersion": "1.0.0"},
    }
    entries.update({name: Entry(data=canonical(text), mode=0o644) for name, text in texts.items()})
    return entries


def _archived(name: str, image: Contents) -> dict[str, object]:
    return {
        "Config": _place(image.config.digest),
        "RepoTags": [short(name)],
        "Layers": [_place(layer.digest) for layer in image.layers],
    }


def _place(digest: str) -> str:
    return f"blobs/sha256/{digest.partition(':')[2]}"
