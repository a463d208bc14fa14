"""``/v2/<name>/blobs/``: layers are uploaded in one piece, in chunks or by a mount, and downloaded whole or in part."""

import re
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..iam.principal import Principal
from . import names
from .blobs import BlobStore, Upload
from .http import Answer, HttpRequest, RegistryError, byte_range, store
from .images import Images
from .repository import Repository
from .store import Registry

CONTENT_RANGE = re.compile(r"(?:bytes[ =])?(\d+)-(\d+)(?:/.*)?")


class BlobRoutes:
    """The half of the door that layers pass."""

    _images: Images
    _clock: Clock
    _threads: Executor
    _host: str
    _blobs: BlobStore
    _changed: Callable[[], None]
    _locked: Callable[..., Any]
    _repository: Callable[[Registry, str, Principal, str], Repository]

    async def _blob(
        self, request: HttpRequest, registry: Registry, name: str, digest: str, principal: Principal
    ) -> Answer:
        _check_digest(digest)
        if request.method not in ("GET", "HEAD", "DELETE"):
            raise _not_allowed(request)
        operation = {
            "GET": "GetDownloadUrlForLayer", "HEAD": "BatchCheckLayerAvailability", "DELETE": "BatchDeleteImage"
        }[request.method]  # fmt: skip

        def look() -> Answer | None:
            repository = self._repository(registry, name, principal, operation)
            layer = repository.layers.get(digest)
            if layer is None:
                raise RegistryError(404, "BLOB_UNKNOWN", f"The repository {name} has no blob {digest}.")
            layer.used_at = self._clock.now()
            if request.method != "DELETE":
                return None
            if digest in repository.used_blobs():
                raise RegistryError(405, "UNSUPPORTED", f"An image of the repository {name} uses the blob {digest}.")
            del repository.layers[digest]
            self._changed()
            return Answer(202, {})

        return await self._locked(look) or self._file(request, digest)

    def _file(self, request: HttpRequest, digest: str) -> Answer:
        path = self._blobs.path(digest)
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            raise RegistryError(404, "BLOB_UNKNOWN", f"The blob {digest} is not there.") from None
        headers = {
            "Content-Type": "application/octet-stream",
            "Docker-Content-Digest": digest,
            "ETag": f'"{digest}"',
            "Accept-Ranges": "bytes",
        }
        part = byte_range(request.headers.get("range", ""), size) if request.method == "GET" else None
        if part is None:
            return Answer(200, headers, file=path, length=size)
        first, length = part
        headers["Content-Range"] = f"bytes {first}-{first + length - 1}/{size}"
        return Answer(206, headers, file=path, first=first, length=length)

    async def _upload(
        self, request: HttpRequest, registry: Registry, name: str, upload_id: str, principal: Principal
    ) -> Answer:
        if not upload_id:
            if request.method != "POST":
                raise _not_allowed(request)
            return await self._begin(request, registry, name, principal)
        operations = {
            "GET": "UploadLayerPart", "PATCH": "UploadLayerPart", "PUT": "CompleteLayerUpload",
            "DELETE": "UploadLayerPart",
        }  # fmt: skip
        if request.method not in operations:
            raise _not_allowed(request)

        def look() -> tuple[Repository, Upload]:
            repository = self._repository(registry, name, principal, operations[request.method])
            return repository, self._images.upload(repository, upload_id)

        repository, upload = await self._locked(look)
        if request.method == "GET":
            return Answer(204, _where(name, upload))
        if not upload.busy.acquire(blocking=False):
            raise RegistryError(400, "BLOB_UPLOAD_INVALID", "Another request is writing to this upload.")
        try:
            if request.method == "DELETE":
                await self._locked(lambda: self._images.cancel(repository, upload))
                return Answer(204, {})
            if request.method == "PATCH":
                _check_order(request, name, upload)
                await store(request, upload, self._threads)
                return Answer(202, _where(name, upload))
            return await self._finish(request, repository, upload)
        finally:
            upload.busy.release()

    async def _begin(self, request: HttpRequest, registry: Registry, name: str, principal: Principal) -> Answer:
        digest = request.query.get("mount") or request.query.get("digest")
        if digest:
            _check_digest(digest)

        def start() -> tuple[Repository, Upload | None]:
            if name not in registry.repositories and registry.template_for(name, "CREATE_ON_PUSH"):
                arn = names.arn(registry.region, f"repository/{name}")
                self._images.access.allow(registry, None, principal, "CreateRepository", arn)
                self._images.create(registry, name, self._host, "CREATE_ON_PUSH")
            repository = self._repository(registry, name, principal, "InitiateLayerUpload")
            source = request.query.get("from")
            mounting = registry.settings.get("BLOB_MOUNTING", "ENABLED") == "ENABLED"
            if mounting and "mount" in request.query and source in registry.repositories:
                found = self._repository(registry, source, principal, "GetDownloadUrlForLayer")
                if self._images.mount(repository, found, request.query["mount"]):
                    return repository, None
            return repository, self._images.begin(repository)

        repository, upload = await self._locked(start)
        if upload is None:
            return _created(name, request.query["mount"])
        if "digest" in request.query:
            with upload.busy:
                return await self._finish(request, repository, upload)
        return Answer(202, _where(name, upload))

    async def _finish(self, request: HttpRequest, repository: Repository, upload: Upload) -> Answer:
        digest = request.query.get("digest", "")
        _check_digest(digest)
        _check_order(request, repository.name, upload)
        try:
            await store(request, upload, self._threads)
        except (ConnectionResetError, AwsError):
            if request.method == "POST":  # its address was never told to anybody
                await self._locked(lambda: self._images.cancel(repository, upload))
            raise
        await self._locked(lambda: self._images.complete(repository, upload, [digest]))
        return _created(repository.name, digest)


def _check_digest(digest: str) -> None:
    if not names.DIGEST.fullmatch(digest):
        raise RegistryError(400, "DIGEST_INVALID", f"{digest!r} is not a sha256 digest.")


def _check_order(request: HttpRequest, name: str, upload: Upload) -> None:
    text = request.headers.get("content-range")
    if text is None:
        return
    found = CONTENT_RANGE.fullmatch(text.strip())
    length = request.headers.get("content-length")
    in_order = found is not None and int(found[1]) == upload.size and int(found[2]) >= int(found[1]) - 1
    if found is None or not in_order or (length and int(length) != int(found[2]) - int(found[1]) + 1):
        raise RegistryError(
            416,
            "BLOB_UPLOAD_INVALID",
            f"The next byte of this upload is {upload.size}; Content-Range said {text!r}.",
            _where(name, upload),
        )


def _where(name: str, upload: Upload) -> dict[str, str]:
    return {
        "Location": f"/v2/{name}/blobs/uploads/{upload.id}",
        "Range": f"0-{max(upload.size - 1, 0)}",
        "Docker-Upload-UUID": upload.id,
        "Content-Length": "0",
    }


def _created(name: str, digest: str) -> Answer:
    return Answer(201, {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})


def _not_allowed(request: HttpRequest) -> RegistryError:
    return RegistryError(405, "UNSUPPORTED", f"{request.method} is not possible here.")
