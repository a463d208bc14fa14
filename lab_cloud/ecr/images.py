"""What the API and the HTTP registry do to a repository: layers and images come, are read, and go."""

from collections.abc import Callable
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..iam.principal import Principal
from ..wire import ACCOUNT
from . import names
from .access import Access
from .blobs import BlobStore, Upload, gone
from .image import Image
from .manifest import Manifest
from .repository import MAX_TAGS_PER_IMAGE, MUTABLE, Layer, Repository
from .store import Registry, Store

Pushed = Callable[[Repository, Image], None]


class Images:
    """Layers and images of all repositories. Every method is called under the world's lock and is quick.

    Parameters
    ----------
    store : Store
        What ECR knows.
    blobs : BlobStore
        Where bytes lie.
    clock : Clock
        The time.
    pushed : callable
        Told of each new image, for scan on push.
    access : Access
        Who may do what.

    Attributes
    ----------
    on_tag : list of callable
        Told of the repository and of each tag that now names another image.
    on_action : list of callable
        Told of ``PUSH`` or ``DELETE``, the repository, the image's digest and the tag (empty when there is none).
    """

    def __init__(self, store: Store, blobs: BlobStore, clock: Clock, pushed: Pushed, access: Access) -> None:
        self._store = store
        self._clock = clock
        self._pushed = pushed
        self.blobs = blobs
        self.access = access
        self.on_tag: list[Callable[[Repository, str], None]] = []
        self.on_action: list[Callable[[str, Repository, str, str], None]] = []

    def create(self, registry: Registry, name: str, host: str, purpose: str) -> Repository:
        """A repository that is made by the way, by the registry's template for that; or the one that is there.

        Parameters
        ----------
        registry : Registry
            Where.
        name, host : str
            The repository, and the registry's address.
        purpose : str
            ``CREATE_ON_PUSH`` or ``PULL_THROUGH_CACHE``.
        """
        if name in registry.repositories:
            return registry.repositories[name]
        template = registry.template_for(name, purpose) or {}
        repository = registry.repositories[name] = Repository(
            name,
            registry.region,
            host,
            self._clock.now(),
            mutability=template.get("imageTagMutability", MUTABLE),
            exclusions=template.get("imageTagMutabilityExclusionFilters", []),
            tags={each["Key"]: each["Value"] for each in template.get("resourceTags", [])},
            policy=template.get("repositoryPolicy") or None,
            lifecycle=template.get("lifecyclePolicy") or None,
        )
        return repository

    # layers

    def begin(self, repository: Repository) -> Upload:
        """Begin to receive a layer."""
        upload = self.blobs.begin(repository.name, self._clock.now())
        repository.uploads[upload.id] = upload
        return upload

    def upload(self, repository: Repository, upload_id: str) -> Upload:
        """An upload that was begun.

        Raises
        ------
        AwsError
            ``UploadNotFoundException``.
        """
        found = repository.uploads.get(upload_id)
        if found is None:
            raise gone(upload_id, repository.name)
        found.touched = self._clock.now()
        return found

    def complete(self, repository: Repository, upload: Upload, digests: list[str]) -> str:
        """Give a received layer to its repository, if it has one of these digests; else nothing of it stays.

        Raises
        ------
        AwsError
            ``InvalidLayerException``; ``UploadNotFoundException`` when another call was faster.
        """
        if repository.uploads.pop(upload.id, None) is None:
            raise gone(upload.id, repository.name)
        actual = upload.digest
        if actual not in digests:
            self.blobs.discard(upload.path)
            raise AwsError(
                "InvalidLayerException",
                "The layer digest calculation performed by Amazon ECR upon receipt of the image layer does not match "
                f"the digest specified: it is {actual}, and {', '.join(digests)} was named.",
            )
        self.blobs.keep(upload)
        repository.layers[actual] = Layer(upload.size, self._clock.now())
        return actual

    def cancel(self, repository: Repository, upload: Upload) -> None:
        """Forget an upload."""
        repository.uploads.pop(upload.id, None)
        self.blobs.discard(upload.path)

    def mount(self, repository: Repository, source: Repository, digest: str) -> bool:
        """Let a repository have a layer of another one; tell whether that one has it."""
        found = source.layers.get(digest)
        if found is None:
            return False
        repository.layers.setdefault(digest, Layer(found.size, self._clock.now()))
        return True

    # images

    def put(self, repository: Repository, manifest: Manifest, tag: str | None, expected: str | None = None) -> Image:
        """Store an image; a tag moves to it.

        Raises
        ------
        AwsError
            ``ImageDigestDoesNotMatchException``, ``LayersNotFoundException``, ``ReferencedImagesNotFoundException``,
            ``ImageTagAlreadyExistsException``, ``ImageAlreadyExistsException``.
        """
        digest = manifest.digest
        if expected and expected != digest:
            raise AwsError(
                "ImageDigestDoesNotMatchException",
                f"Image digest '{expected}' does not match the digest '{digest}' calculated by the registry",
            )
        if tag is not None and not names.TAG.fullmatch(tag):
            raise AwsError(
                "InvalidParameterException",
                f"Invalid parameter at 'imageTag' failed to satisfy constraint: '{tag}' must match {names.TAG.pattern}",
            )
        self._check_parts(repository, manifest)
        there = repository.images.get(digest)
        if there is not None and there.archived:  # pushing an archived image again restores it
            there.restore(self._clock.now())
        holder = repository.by_tag.get(tag) if tag else None
        if there is not None and holder == (digest if tag else None):
            raise AwsError(
                "ImageAlreadyExistsException",
                f"Image with digest '{digest}' and tag '{tag or 'null'}' already exists in the repository with name "
                f"'{repository.name}' in registry with id '{ACCOUNT}'",
            )
        if tag and holder and repository.is_immutable(tag):
            raise AwsError(
                "ImageTagAlreadyExistsException",
                f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be overwritten "
                "because the tag is immutable.",
            )
        if tag and there is not None and len(there.tags) >= MAX_TAGS_PER_IMAGE:
            raise AwsError("LimitExceededException", f"An image has at most {MAX_TAGS_PER_IMAGE} tags.")
        if there is None:
            now, calendar = self._clock.now(), self._clock.calendar()
            there = Image(manifest, digest, _size(repository, manifest), now, calendar)
            repository.images[digest] = there
            self._pushed(repository, there)
        if tag:
            repository.give_tag(there, tag)
            for hook in self.on_tag:
                hook(repository, tag)
        self._acted("PUSH", repository, digest, tag or "")
        return there

    def _acted(self, action: str, repository: Repository, digest: str, tag: str) -> None:
        for hook in self.on_action:
            hook(action, repository, digest, tag)

    def _check_parts(self, repository: Repository, manifest: Manifest) -> None:
        required = f"required for pushing image into repository with name '{repository.name}' in the registry with id"
        missing = repository.missing([blob.digest for blob in manifest.needed])
        if missing:
            raise AwsError(
                "LayersNotFoundException",
                f"Layers with digests '[{', '.join(missing)}]' {required} '{ACCOUNT}' do not exist",
            )
        wrong = [blob for blob in manifest.needed if repository.layers[blob.digest].size != blob.size]
        if wrong:
            raise AwsError(
                "InvalidParameterException",
                f"Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'The manifest says that "
                f"{wrong[0].digest} has {wrong[0].size} bytes; it has {repository.layers[wrong[0].digest].size}'",
            )
        children = [child.digest for child in manifest.children if child.digest not in repository.images]
        if children:
            raise AwsError(
                "ReferencedImagesNotFoundException",
                f"Images with digests '[{', '.join(children)}]' {required} '{ACCOUNT}' do not exist",
            )

    def check_active(self, image: Image) -> None:
        """Refuse to give out an image of the archive (``ImageArchivedException``)."""
        status = image.status(self._clock.now())
        if status != "ACTIVE":
            raise AwsError(
                "ImageArchivedException",
                f"The image {image.digest} is {status}. Restore it with UpdateImageStorageClass and wait until its "
                "imageStatus is ACTIVE.",
            )

    def pulled(self, repository: Repository, image: Image, principal: Principal) -> None:
        """Note that somebody pulls an image, unless it cannot be pulled (``ImageArchivedException``)."""
        self.check_active(image)
        exclusions = self._store.registry(repository.region).pull_time_exclusions
        if any(arn in exclusions for arn in (principal.arn, *principal.also)):
            return
        image.pulled_at, image.pulled_calendar = self._clock.now(), self._clock.calendar()

    def delete(self, repository: Repository, digest: str | None, tag: str | None) -> dict[str, Any]:
        """Delete an image by its digest, or a tag; an image goes with its last tag.

        Returns
        -------
        dict
            The deleted ``imageId`` under ``imageIds`` (one for each tag), or a ``failure``.
        """
        identity = names.identifier(digest, tag)
        failure = _failure(repository, digest, tag)
        if failure:
            return {"failure": {"imageId": identity, "failureCode": failure[0], "failureReason": failure[1]}}
        image = repository.get(digest, tag)
        if tag is not None and len(image.tags) > 1:
            repository.take_tag(tag)
            return {"imageIds": [names.identifier(image.digest, tag)]}
        parents = repository.parents(image.digest)
        if parents:
            if tag is not None:
                repository.take_tag(tag)
                return {"imageIds": [names.identifier(image.digest, tag)]}
            reason = f"Requested image referenced by manifest list: [{', '.join(parents)}]"
            return {
                "failure": {
                    "imageId": identity, "failureCode": "ImageReferencedByManifestList", "failureReason": reason
                }
            }  # fmt: skip
        tags = image.tags or ("",)
        gone = [names.identifier(image.digest, each) for each in tags]
        self.remove(repository, image)
        for each in tags:
            self._acted("DELETE", repository, image.digest, each)
        return {"imageIds": gone}

    def remove(self, repository: Repository, image: Image) -> None:
        """Delete an image, its tags, and the artifacts that refer to it, as ECR does within a day."""
        repository.remove(image)
        for artifact in repository.referrers(image.digest):
            if not artifact.tags and artifact.digest in repository.images:
                self.remove(repository, artifact)

    def drop(self, repository: Repository) -> None:
        """Forget a repository's uploads; its blobs are swept later."""
        for upload in list(repository.uploads.values()):
            self.cancel(repository, upload)


def _size(repository: Repository, manifest: Manifest) -> int:
    return manifest.size or max((repository.images[child.digest].size for child in manifest.children), default=0)


def _failure(repository: Repository, digest: str | None, tag: str | None) -> tuple[str, str] | None:
    """Why an ``imageId`` names no image: a code and a reason."""
    if not digest and not tag:
        return "MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"
    if digest and not names.DIGEST.fullmatch(digest):
        regex = names.DIGEST.pattern
        return "InvalidImageDigest", f"Invalid request parameters: image digest should satisfy the regex {regex}"
    if tag and not names.TAG.fullmatch(tag):
        return "InvalidImageTag", f"Invalid request parameters: image tag should satisfy the regex {names.TAG.pattern}"
    if repository.find(digest, tag) is None:
        if digest and tag and (repository.find(digest, None) or repository.find(None, tag)):
            return "ImageTagDoesNotMatchDigest", "Requested image tag does not match the requested image digest"
        return "ImageNotFound", "Requested image not found"
    return None


def missing_reason(repository: Repository, digest: str | None, tag: str | None) -> dict[str, Any] | None:
    """The ``failure`` of an ``imageId`` that names no image, or None."""
    failure = _failure(repository, digest, tag)
    if failure is None:
        return None
    identity = names.identifier(digest, tag)
    return {"imageId": identity, "failureCode": failure[0], "failureReason": failure[1]}
