"""A repository: its settings, its layers, its images."""

import fnmatch
from dataclasses import dataclass, field
from typing import Any

from ..errors import AwsError
from ..wire import ACCOUNT
from . import names
from .blobs import Upload
from .image import Image

MUTABLE, IMMUTABLE = "MUTABLE", "IMMUTABLE"
MAX_TAGS_PER_IMAGE = 1000


@dataclass
class Layer:
    """A blob that a repository holds."""

    size: int
    used_at: float


@dataclass
class Preview:
    """A life-cycle policy's preview."""

    text: str
    ready_at: float
    results: list[dict[str, Any]]


@dataclass
class Repository:
    """One repository of a region.

    Parameters
    ----------
    name : str
        For example ``team/web``.
    region : str
        Its region.
    host : str
        The registry's address, for example ``127.0.0.1:4566``.
    created_at : float
        Epoch seconds.
    """

    name: str
    region: str
    host: str
    created_at: float
    mutability: str = MUTABLE
    exclusions: list[dict[str, str]] = field(default_factory=list)
    scan_on_push: bool = False
    encryption: dict[str, str] = field(default_factory=lambda: {"encryptionType": "AES256"})
    tags: dict[str, str] = field(default_factory=dict)
    policy: str | None = None
    lifecycle: str | None = None
    evaluated_at: float | None = None
    evaluate_next: float = 0.0
    preview: Preview | None = None
    images: dict[str, Image] = field(default_factory=dict)
    by_tag: dict[str, str] = field(default_factory=dict)
    layers: dict[str, Layer] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.arn(self.region, f"repository/{self.name}")

    @property
    def uri(self) -> str:
        """What images of it are called; on AWS its host is ``<account>.dkr.ecr.<region>.amazonaws.com``."""
        return f"{self.host}/{self.name}"

    def describe(self) -> dict[str, Any]:
        """As DescribeRepositories shows it."""
        return {
            "repositoryArn": self.arn,
            "registryId": ACCOUNT,
            "repositoryName": self.name,
            "repositoryUri": self.uri,
            "createdAt": names.moment(self.created_at),
            "imageTagMutability": self.mutability,
            "imageTagMutabilityExclusionFilters": self.exclusions or None,
            "imageScanningConfiguration": {"scanOnPush": self.scan_on_push},
            "encryptionConfiguration": self.encryption,
        }

    def is_immutable(self, tag: str) -> bool:
        """Whether a tag, once given, stays where it is."""
        excluded = any(fnmatch.fnmatchcase(tag, each["filter"]) for each in self.exclusions)
        return excluded != self.mutability.startswith(IMMUTABLE)

    # images

    def find(self, digest: str | None, tag: str | None) -> Image | None:
        """An image by its digest, its tag, or both."""
        if tag is not None:
            found = self.images.get(self.by_tag.get(tag, ""))
            return found if digest in (None, found.digest if found else None) else None
        return self.images.get(digest or "")

    def get(self, digest: str | None, tag: str | None) -> Image:
        """The same.

        Raises
        ------
        AwsError
            ``ImageNotFoundException``.
        """
        if not digest and not tag:
            raise AwsError("InvalidParameterException", "Invalid image identifier: name a digest, a tag, or both.")
        found = self.find(digest, tag)
        if found is None:
            raise AwsError(
                "ImageNotFoundException",
                f"The image with imageId {names.image_id(digest, tag)} does not exist within the repository "
                f"with name '{self.name}' in the registry with id '{ACCOUNT}'",
            )
        return found

    def give_tag(self, image: Image, tag: str) -> None:
        """Let a tag point at an image; it leaves the image that had it."""
        before = self.images.get(self.by_tag.get(tag, ""))
        if before is not None:
            before.tags.remove(tag)
        self.by_tag[tag] = image.digest
        image.tags.append(tag)

    def take_tag(self, tag: str) -> None:
        """Remove a tag."""
        self.images[self.by_tag.pop(tag)].tags.remove(tag)

    def remove(self, image: Image) -> None:
        """Delete an image with its tags."""
        for tag in image.tags:
            del self.by_tag[tag]
        del self.images[image.digest]

    def parents(self, digest: str) -> list[str]:
        """The indexes that list an image."""
        return [
            each.digest
            for each in self.images.values()
            if any(child.digest == digest for child in each.manifest.children)
        ]

    def referrers(self, digest: str) -> list[Image]:
        """The images whose subject this is."""
        return [each for each in self.images.values() if each.manifest.subject == digest]

    def used_blobs(self) -> set[str]:
        """Digests of all layers and configurations of its images."""
        return {blob.digest for image in self.images.values() for blob in image.manifest.blobs}

    def missing(self, digests: list[str]) -> list[str]:
        """Which of these layers it does not hold."""
        return [digest for digest in digests if digest not in self.layers]
