"""Taking images away: a name, and the blobs that nothing needs any more."""

import contextlib
import shutil
from collections.abc import Iterable

from lab_cloud.errors import ImageCorrupt
from lab_cloud.runtime.contents import contents
from lab_cloud.runtime.images import Descriptor, Store


def remove(store: Store, name: str, keep: Iterable[str] = ()) -> int:
    """Forget a name, and delete what only it has needed.

    Parameters
    ----------
    store : Store
        Where the image is.
    name : str
        Its full name.
    keep : iterable of str
        Digests that stay, for example those of the build cache.

    Returns
    -------
    int
        Bytes that were freed; 0 while something is built, since a build may be about to use them.
    """
    manifest = store.resolve(name)
    store.untag(name)
    if manifest is None:
        return 0
    with store.still() as still:
        if not still:
            return 0
        used = set(keep)
        for other in store.names().values():
            used |= _blobs(store, other)
        freed = 0
        for digest in _blobs(store, manifest) - used:
            with contextlib.suppress(OSError):
                size = store.path(digest).stat().st_size
                store.path(digest).unlink()
                freed += size
    return freed


def prune(store: Store) -> int:
    """Delete everything that belongs to no image which has a name.

    Parameters
    ----------
    store : Store
        Where the images are.

    Returns
    -------
    int
        Bytes of blobs that were freed; 0 while something is built.
    """
    with store.still() as still:
        if not still:
            return 0
        named = store.names().values()
        used = set[str]().union(*(_blobs(store, manifest) for manifest in named))
        freed = 0
        for blob in (store.folder / "blobs" / "sha256").iterdir():
            if f"sha256:{blob.name}" not in used:
                with contextlib.suppress(OSError):
                    size = blob.stat().st_size
                    blob.unlink()
                    freed += size
        kept = {manifest.digest.partition(":")[2] for manifest in named}
        for root in (store.folder / "unpacked").iterdir():
            if root.name not in kept:
                shutil.rmtree(root, ignore_errors=True)
        return freed


def _blobs(store: Store, manifest: Descriptor) -> set[str]:
    """Everything that an image consists of, with its layers uncompressed."""
    try:
        image = contents(store, manifest)
    except ImageCorrupt:
        return {manifest.digest}
    return {manifest.digest, image.config.digest, *(layer.digest for layer in image.layers), *image.diff_ids}
