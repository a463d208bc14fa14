"""Image manifests and indexes: what ECR takes, what they refer to.

Follows the OCI Image Specification 1.1, Docker's Image Manifest V2 Schema 2, and "Container image manifest format
support in Amazon ECR" of the Amazon ECR User Guide.
"""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import AwsError
from . import names

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
MEDIA_TYPES = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST)
INDEXES = (OCI_INDEX, DOCKER_LIST)
ELSEWHERE = ("nondistributable", ".foreign.")
"""Parts of the media types of layers whose licence forbids to push them; their ``urls`` lead to them."""
MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Blob:
    """A reference to a layer, a configuration or another manifest."""

    digest: str
    size: int
    media_type: str


@dataclass(frozen=True)
class Manifest:
    """A manifest that makes sense.

    Parameters
    ----------
    data : bytes
        The manifest as it was pushed; its digest is of these bytes.
    media_type : str
        One of `MEDIA_TYPES`.
    blobs : tuple of Blob
        Configuration first, then layers; none for an index.
    children : tuple of Blob
        The manifests of an index.
    artifact_type : str
        What the image is: the artifact's type, else the configuration's.
    subject : str
        The digest of the image that this refers to, for example as its signature; may be empty.
    annotations : dict
        As pushed.
    """

    data: bytes
    media_type: str
    blobs: tuple[Blob, ...] = ()
    children: tuple[Blob, ...] = ()
    artifact_type: str = ""
    subject: str = ""
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """``sha256:…`` of its bytes."""
        return names.digest_of(self.data)

    @property
    def layers(self) -> tuple[Blob, ...]:
        """The layers, lowest first."""
        return self.blobs[1:]

    @property
    def needed(self) -> tuple[Blob, ...]:
        """The blobs that its repository must hold."""
        return tuple(blob for blob in self.blobs if not any(word in blob.media_type for word in ELSEWHERE))

    @property
    def size(self) -> int:
        """Bytes of its layers and configuration; none for an index."""
        return sum(blob.size for blob in self.blobs)

    @property
    def is_index(self) -> bool:
        """Whether it lists other manifests."""
        return self.media_type in INDEXES


def parse(data: bytes, declared: str | None = None, *, guess: bool = True) -> Manifest:
    """Read a manifest.

    Parameters
    ----------
    data : bytes
        As pushed.
    declared : str, optional
        The media type that the client names beside it.
    guess : bool
        Whether a manifest may leave its media type to be seen from its members, as OCI allows; PutImage does not.

    Raises
    ------
    AwsError
        ``InvalidParameterException``, with the reason.
    """
    if len(data) > MAX_BYTES:
        raise refused(f"The manifest has {len(data)} bytes; {MAX_BYTES} is the most.")
    try:
        content = json.loads(data.decode())  # json alone would read UTF-16 too
    except (ValueError, RecursionError):
        raise refused("Invalid JSON syntax") from None
    if not isinstance(content, dict) or content.get("schemaVersion") != 2:
        raise refused("The manifest must be a JSON object whose schemaVersion is 2.")
    declared = (declared or "").partition(";")[0].strip() or None
    inside = content.get("mediaType")
    media_type = inside or declared or (_guess(content) if guess else None)
    if media_type is None:
        raise AwsError("InvalidParameterException", "image manifest mediatype not provided in manifest or parameter")
    if declared and inside and declared != inside:
        raise refused(f"The manifest says that its media type is {inside!r}, and the request says {declared!r}.")
    if media_type not in MEDIA_TYPES:
        raise refused(f"Manifest media type {media_type!r} is not supported. Use one of: {', '.join(MEDIA_TYPES)}.")
    subject = content.get("subject")
    try:
        shared = Manifest(
            data,
            media_type,
            artifact_type=str(content.get("artifactType") or ""),
            subject=_blob(subject).digest if subject else "",
            annotations={str(key): str(value) for key, value in (content.get("annotations") or {}).items()},
        )
        if media_type in INDEXES:
            return replace(shared, children=tuple(_blob(each) for each in content["manifests"]))
        config = _blob(content["config"])
        blobs = (config, *(_blob(each) for each in content["layers"]))
        return replace(shared, blobs=blobs, artifact_type=shared.artifact_type or config.media_type)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise refused(f"The manifest does not follow its media type {media_type}: {error!r}") from None


def refused(reason: str) -> AwsError:
    """ECR's error for a manifest that it does not take."""
    text = f"Invalid parameter at 'ImageManifest' failed to satisfy constraint: '{reason}'"
    return AwsError("InvalidParameterException", text)


def _guess(content: dict[str, Any]) -> str | None:
    """OCI's manifests need not say what they are."""
    if "manifests" in content:
        return OCI_INDEX
    return OCI_MANIFEST if "config" in content else None


def _blob(value: dict[str, Any]) -> Blob:
    digest, size = str(value["digest"]), value["size"]
    if not names.DIGEST.fullmatch(digest):
        raise ValueError(f"{digest} is not a sha256 digest")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ValueError(f"{size!r} is not a size")
    return Blob(digest, size, str(value.get("mediaType") or ""))
