"""Layers on disk: content-addressed, written beside their place and renamed, so that a crash leaves no half of one.

::

    ecr/
      blobs/<64 digits>     a layer or a configuration, named by its SHA-256
      uploads/<id>          what is being received
      trash/                what is being deleted

What the API knows of repositories lives in memory and ends with the cloud, as the account's other things do; the
folder is therefore swept when a cloud starts, and no blob is left over.
"""

import contextlib
import hashlib
import shutil
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

from ..errors import AwsError
from ..wire import ACCOUNT

CHUNK = 1 << 20
MAX_LAYER_BYTES = 52_000 * 1_000_000
"""The quota "maximum layer size" of the Amazon ECR User Guide."""


def gone(upload_id: str, repository: str) -> AwsError:
    """ECR's error for an upload that is not there."""
    return AwsError(
        "UploadNotFoundException",
        f"The upload with id '{upload_id}' does not exist in the repository with name '{repository}' "
        f"in the registry with id '{ACCOUNT}'",
    )


class Upload:
    """A layer that is being received.

    Parameters
    ----------
    path : Path
        Where its bytes go.
    repository : str
        The repository that it is for.
    started : float
        Epoch seconds.
    """

    def __init__(self, path: Path, repository: str, started: float) -> None:
        self.id = path.name
        self.path = path
        self.repository = repository
        self.touched = started
        self.size = 0
        self.parts: list[int] = []
        self.busy = threading.Lock()
        """Held by whoever writes; two writers of one upload would mix their bytes."""
        self._hasher = hashlib.sha256()
        path.touch()

    @property
    def digest(self) -> str:
        """``sha256:…`` of what has come so far."""
        return f"sha256:{self._hasher.hexdigest()}"

    def write(self, data: bytes) -> None:
        """Add bytes; slow, without the world's lock.

        Raises
        ------
        AwsError
            ``LimitExceededException`` for a layer that is larger than ECR takes.
        """
        if self.size + len(data) > MAX_LAYER_BYTES:
            raise AwsError("LimitExceededException", f"A layer has at most {MAX_LAYER_BYTES} bytes.")
        try:
            with self.path.open("r+b") as file:
                file.seek(self.size)
                file.write(data)
        except FileNotFoundError:  # its repository was deleted meanwhile
            raise gone(self.id, self.repository) from None
        except OSError as error:
            text = f"The layer cannot be written: {error.strerror}. Make room on the disk, then push again."
            raise AwsError("ServerException", text, status=500) from error
        self._hasher.update(data)
        self.size += len(data)


class BlobStore:
    """The blobs of all repositories; each is stored once.

    Parameters
    ----------
    folder : Path
        Where they lie. One cloud at a time uses it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._blobs, self._uploads, self._trash = (folder / name for name in ("blobs", "uploads", "trash"))
        for place in (self._blobs, self._uploads, self._trash):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)

    def begin(self, repository: str, now: float) -> Upload:
        """Make room for a layer."""
        return Upload(self._uploads / str(uuid.uuid4()), repository, now)

    def keep(self, upload: Upload) -> None:
        """Give a complete upload its place; quick. A like blob that Windows keeps, since it is read, stays."""
        try:
            upload.path.replace(self.path(upload.digest))
        except PermissionError:
            if not self.has(upload.digest):
                raise
            self.discard(upload.path)

    def path(self, digest: str) -> Path:
        """Where a blob lies, or would lie."""
        return self._blobs / digest.removeprefix("sha256:")

    def has(self, digest: str) -> bool:
        """Tell whether a blob is there."""
        return self.path(digest).is_file()

    def read(self, digest: str) -> Iterator[bytes]:
        """A blob's bytes, piece by piece; slow."""
        with self.path(digest).open("rb") as file:
            while piece := file.read(CHUNK):
                yield piece

    def digests(self) -> list[str]:
        """All blobs that are there."""
        return [f"sha256:{path.name}" for path in self._blobs.iterdir()]

    def discard(self, path: Path) -> None:
        """Put a file away; quick. Windows keeps one that is being read: the sweep comes again."""
        with contextlib.suppress(FileNotFoundError, PermissionError):
            path.replace(self._trash / uuid.uuid4().hex)

    def empty_trash(self) -> None:
        """Delete what was put away; slow."""
        for path in list(self._trash.iterdir()):
            with contextlib.suppress(PermissionError):
                path.unlink(missing_ok=True)
