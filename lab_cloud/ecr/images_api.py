"""Operations on images."""

from typing import Any

from ..errors import AwsError
from ..wire import ACCOUNT, Call
from . import manifest, names
from .image import Image
from .images import missing_reason
from .operations import Operations, page
from .repository import Repository

RESTORE_SECONDS = 20 * 60.0
"""Amazon ECR User Guide, "Restoring an archived image": within 20 minutes."""


class ImageOperations(Operations):
    """Put, read, list, describe and delete images."""

    def put_image(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutImage; the layers that its manifest names must be there."""
        repository = self._repository(call, params)
        parsed = manifest.parse(params["imageManifest"].encode(), params.get("imageManifestMediaType"), guess=False)
        tag = params.get("imageTag")
        image = self._images.put(repository, parsed, tag, params.get("imageDigest"))
        return {"image": _view(repository, image, tag)}

    def batch_get_image(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """BatchGetImage: manifests, by tag or digest."""
        repository = self._repository(call, params)
        accepted = params.get("acceptedMediaTypes")
        found: list[dict[str, Any]] = []
        failures: list[dict[str, Any]] = []
        for each in params["imageIds"]:
            digest, tag = each.get("imageDigest"), each.get("imageTag")
            failure = missing_reason(repository, digest, tag)
            if failure:
                failures.append(failure)
                continue
            image = repository.get(digest, tag)
            if accepted and image.manifest.media_type not in accepted:
                reason = f"The image's media type {image.manifest.media_type} is not among the accepted ones"
                failures.append({"imageId": each, "failureCode": "ImageNotFound", "failureReason": reason})
                continue
            try:
                self._images.pulled(repository, image, self._principal_of(call.access_key))
            except AwsError as archived:
                failures.append(
                    {"imageId": each, "failureCode": "ImageInaccessible", "failureReason": archived.message}
                )
                continue
            found.append(_view(repository, image, tag))
        return {"images": found, "failures": failures}

    def list_images(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListImages: one ``imageId`` for each tag, and one for each image without a tag."""
        repository = self._repository(call, params)
        every: list[dict[str, str]] = []
        for image in self._filtered(repository, params.get("filter", {})):
            every += [names.identifier(image.digest, tag) for tag in image.tags or ("",)]
        found, token = page(every, params)
        return {"imageIds": found, "nextToken": token}

    def describe_images(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeImages, in the order in which they were pushed."""
        repository = self._repository(call, params)
        wanted = params.get("imageIds")
        token = None
        if wanted:
            found = [repository.get(each.get("imageDigest"), each.get("imageTag")) for each in wanted]
        else:
            found, token = page(self._filtered(repository, params.get("filter", {})), params)
        now = self._clock.now()
        return {"imageDetails": [each.describe(repository.name, now) for each in found], "nextToken": token}

    def _filtered(self, repository: Repository, chosen: dict[str, str]) -> list[Image]:
        tagging, status = chosen.get("tagStatus", "ANY"), chosen.get("imageStatus", "ANY")
        now = self._clock.now()
        return [
            each
            for each in repository.images.values()
            if (tagging == "ANY" or (tagging == "TAGGED") == bool(each.tags))
            and (status == "ANY" or status == each.status(now))
        ]

    def batch_delete_image(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """BatchDeleteImage, by tag or digest; an image goes with its last tag."""
        repository = self._repository(call, params)
        gone: list[dict[str, str]] = []
        failures: list[dict[str, Any]] = []
        for each in params["imageIds"]:
            done = self._images.delete(repository, each.get("imageDigest"), each.get("imageTag"))
            gone += done.get("imageIds", [])
            failures += [done["failure"]] if "failure" in done else []
        return {"imageIds": gone, "failures": failures}

    def list_image_referrers(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListImageReferrers: artifacts whose subject an image is."""
        repository = self._repository(call, params)
        chosen = params.get("filter", {})
        types, status = chosen.get("artifactTypes"), chosen.get("artifactStatus", "ACTIVE")
        now = self._clock.now()
        every = [
            {
                "digest": each.digest,
                "mediaType": each.manifest.media_type,
                "artifactType": each.manifest.artifact_type or None,
                "size": len(each.manifest.data),
                "annotations": each.manifest.annotations,
                "artifactStatus": each.status(now),
            }
            for each in repository.referrers(params["subjectId"]["imageDigest"])
            if (not types or each.manifest.artifact_type in types) and status in ("ANY", each.status(now))
        ]
        found, token = page(every, params, 50)
        return {"referrers": found, "nextToken": token}

    def update_image_storage_class(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateImageStorageClass: to the archive at once, and back after the delay that AWS has."""
        repository = self._repository(call, params)
        identity = params["imageId"]
        image = repository.get(identity.get("imageDigest"), identity.get("imageTag"))
        now = self._clock.now()
        to_archive = params["targetStorageClass"] == "ARCHIVE"
        if to_archive == image.archived:
            raise AwsError(
                "ImageStorageClassUpdateNotSupportedException",
                f"The image is already {image.status(now)}.",
            )
        if to_archive:
            image.archive(now, self._clock.calendar())
        else:
            image.restore(now + self._clock.real(RESTORE_SECONDS))
        return {
            "registryId": ACCOUNT,
            "repositoryName": repository.name,
            "imageId": names.identifier(image.digest, identity.get("imageTag")),
            "imageStatus": image.status(now),
        }


def _view(repository: Repository, image: Image, tag: str | None) -> dict[str, Any]:
    return {
        "registryId": ACCOUNT,
        "repositoryName": repository.name,
        "imageId": names.identifier(image.digest, tag),
        "imageManifest": image.manifest.data.decode(),
        "imageManifestMediaType": image.manifest.media_type,
    }
