"""Puts away what nobody needs: uploads that were given up, layers of no image, blobs of no repository."""

from ..world import World
from .blobs import BlobStore
from .images import Images
from .repository import Repository
from .store import Store

EVERY_SECONDS = 20.0
KEPT_SECONDS = 3600.0
"""Real seconds that a layer without an image and an idle upload are kept; a slow client is not cut off."""


class Sweeper:
    """Looks through the store from time to time.

    Parameters
    ----------
    store : Store
        What ECR knows.
    images : Images
        What is done to repositories.
    blobs : BlobStore
        What lies on disk.
    world : World
        Where slow deletion goes.
    """

    def __init__(self, store: Store, images: Images, blobs: BlobStore, world: World) -> None:
        self._store = store
        self._images = images
        self._blobs = blobs
        self._world = world
        self._due = 0.0

    def soon(self) -> None:
        """Look at the next tick."""
        self._due = 0.0

    def tick(self, now: float) -> None:
        """Put away what is not needed; a worker deletes it."""
        if now < self._due:
            return
        self._due = now + EVERY_SECONDS
        needed: set[str] = set()
        for repository in self._store.repositories():
            for upload_id in idle_uploads(repository, now):
                self._images.cancel(repository, repository.uploads[upload_id])
            for digest in idle_layers(repository, now):
                del repository.layers[digest]
            needed |= repository.layers.keys()
        for digest in self._blobs.digests():
            if digest not in needed:
                self._blobs.discard(self._blobs.path(digest))
        self._world.work(self._blobs.empty_trash)


def idle_uploads(repository: Repository, now: float) -> list[str]:
    """Uploads to which nothing was added for long."""
    return [
        upload.id
        for upload in repository.uploads.values()
        if now - upload.touched > KEPT_SECONDS and not upload.busy.locked()
    ]


def idle_layers(repository: Repository, now: float) -> list[str]:
    """Layers of no image that nobody has asked for lately."""
    used = repository.used_blobs()
    return [
        digest
        for digest, layer in repository.layers.items()
        if digest not in used and now - layer.used_at > KEPT_SECONDS
    ]
