"""``/v2/<name>/manifests/``, ``tags/list`` and ``referrers/``."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from ..errors import AwsError
from ..iam.principal import Principal
from . import manifest, names
from .cache import PullThrough
from .http import Answer, HttpRequest, RegistryError, json_answer, pages
from .image import Image
from .images import Images
from .repository import Repository
from .store import Registry

OPERATIONS = {"GET": "BatchGetImage", "HEAD": "BatchGetImage", "PUT": "PutImage", "DELETE": "BatchDeleteImage"}


class ManifestRoutes:
    """The half of the door that manifests pass."""

    _images: Images
    _cache: PullThrough
    _threads: Executor
    _changed: Callable[[], None]
    _locked: Callable[..., Any]
    _repository: Callable[[Registry, str, Principal, str], Repository]

    async def _manifest(
        self, request: HttpRequest, registry: Registry, name: str, reference: str, principal: Principal
    ) -> Answer:
        if request.method not in OPERATIONS:
            raise RegistryError(405, "UNSUPPORTED", f"{request.method} is not possible here.")
        digest, tag = (reference, None) if ":" in reference else (None, reference)
        if digest and not names.DIGEST.fullmatch(digest):
            raise RegistryError(400, "DIGEST_INVALID", f"{digest!r} is not a sha256 digest.")
        body = await request.small_body(manifest.MAX_BYTES) if request.method == "PUT" else b""
        if request.method in ("GET", "HEAD") and registry.cache_rules:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._threads, self._cache.fetch, registry, name, reference, principal)
        work = {"PUT": self._put, "DELETE": self._delete}.get(request.method, self._get)

        def answer() -> Answer:
            repository = self._repository(registry, name, principal, OPERATIONS[request.method])
            found: Answer = work(repository, request, body, digest, tag, principal)
            return found

        done: Answer = await self._locked(answer)
        return done

    def _get(
        self, repository: Repository, request: HttpRequest, _: bytes, digest: str | None, tag: str | None,
        principal: Principal,
    ) -> Answer:  # fmt: skip
        image = repository.get(digest, tag)
        if request.method == "GET":
            self._images.pulled(repository, image, principal)
        else:
            self._images.check_active(image)
        headers = {
            "Content-Type": image.manifest.media_type,
            "Docker-Content-Digest": image.digest,
            "ETag": f'"{image.digest}"',
            "Content-Length": str(len(image.manifest.data)),
        }
        return Answer(200, headers, image.manifest.data)

    def _put(
        self, repository: Repository, request: HttpRequest, body: bytes, digest: str | None, tag: str | None,
        principal: Principal,
    ) -> Answer:  # fmt: skip
        if tag is not None and not names.TAG.fullmatch(tag):
            raise RegistryError(400, "TAG_INVALID", f"{tag!r} is not a tag.")
        parsed = manifest.parse(body, request.headers.get("content-type"))
        try:
            image = self._images.put(repository, parsed, tag, digest)
        except AwsError as error:
            if error.code != "ImageAlreadyExistsException":  # a client may push the same twice
                raise
            image = repository.get(parsed.digest, None)
        self._changed()
        headers = {
            "Location": f"/v2/{repository.name}/manifests/{tag or image.digest}",
            "Docker-Content-Digest": image.digest,
        }
        if parsed.subject:
            headers["OCI-Subject"] = parsed.subject
        return Answer(201, headers)

    def _delete(
        self, repository: Repository, request: HttpRequest, _: bytes, digest: str | None, tag: str | None,
        principal: Principal,
    ) -> Answer:  # fmt: skip
        repository.get(digest, tag)
        failure = self._images.delete(repository, digest, tag).get("failure")
        if failure:
            raise RegistryError(403, "DENIED", failure["failureReason"])
        self._changed()
        return Answer(202, {})

    async def _tags(self, request: HttpRequest, registry: Registry, name: str, principal: Principal) -> Answer:
        def answer() -> Answer:
            repository = self._repository(registry, name, principal, "ListImages")
            return self._listing(request, "tags", sorted(repository.by_tag), {"name": name})

        found: Answer = await self._locked(answer)
        return found

    def _listing(self, request: HttpRequest, member: str, every: list[str], more: dict[str, Any]) -> Answer:
        if request.method != "GET":
            raise RegistryError(405, "UNSUPPORTED", f"{request.method} is not possible here.")
        found, link = pages(every, request.query, request.path)
        return json_answer({**more, member: found}, link)

    async def _referrers(
        self, request: HttpRequest, registry: Registry, name: str, digest: str, principal: Principal
    ) -> Answer:
        if not names.DIGEST.fullmatch(digest):
            raise RegistryError(400, "DIGEST_INVALID", f"{digest!r} is not a sha256 digest.")
        wanted = request.query.get("artifactType")

        def answer() -> Answer:
            repository = self._repository(registry, name, principal, "ListImageReferrers")
            found = [each for each in repository.referrers(digest) if wanted in (None, each.manifest.artifact_type)]
            index = {
                "schemaVersion": 2,
                "mediaType": manifest.OCI_INDEX,
                "manifests": [_descriptor(each) for each in found],
            }
            return json_answer(index, {"OCI-Filters-Applied": "artifactType"} if wanted else {}, manifest.OCI_INDEX)

        found: Answer = await self._locked(answer)
        return found


def _descriptor(image: Image) -> dict[str, Any]:
    found: dict[str, Any] = {
        "mediaType": image.manifest.media_type,
        "digest": image.digest,
        "size": len(image.manifest.data),
    }
    if image.manifest.artifact_type:
        found["artifactType"] = image.manifest.artifact_type
    if image.manifest.annotations:
        found["annotations"] = image.manifest.annotations
    return found
