"""Operations on layers: their upload in parts, and where to download them.

Follows UploadLayerPart and CompleteLayerUpload of the Amazon ECR API Reference: a part has at most 20 MiB, parts come
in order, and each but the last has at least 5 MiB.
"""

import base64
import binascii
from contextlib import AbstractContextManager
from typing import Any

from ..errors import AwsError
from ..wire import ACCOUNT, Call
from . import names
from .blobs import Upload
from .operations import Operations
from .repository import Repository
from .tokens import Tokens

PART_BYTES = 10 * 1024 * 1024
LARGEST_PART = 20 * 1024 * 1024
SMALLEST_PART = 5 * 1024 * 1024
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
"""What ECR says of a layer that no manifest has named yet."""
DOWNLOADS = "/_ecr/layers/"


class LayerOperations(Operations):
    """Upload, check and download layers."""

    _host: str
    _tokens: Tokens
    _lock: AbstractContextManager[Any]

    def initiate_layer_upload(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """InitiateLayerUpload."""
        return {"uploadId": self._images.begin(self._repository(call, params)).id, "partSize": PART_BYTES}

    def upload_layer_part(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UploadLayerPart; called without the world's lock, since it writes up to 20 MiB."""
        with self._lock:
            repository = self._repository(call, params)
            upload = self._images.upload(repository, params["uploadId"])
        try:
            data = base64.b64decode(params["layerPartBlob"], validate=True)
        except binascii.Error as error:
            raise AwsError("SerializationException", f"layerPartBlob is not base64: {error}") from error
        with upload.busy:
            self._check_part(repository, upload, params["partFirstByte"], params["partLastByte"], len(data))
            upload.write(data)
            upload.parts.append(len(data))
            last = upload.size - 1
        return {
            "registryId": ACCOUNT,
            "repositoryName": repository.name,
            "uploadId": upload.id,
            "lastByteReceived": last,
        }

    def _check_part(self, repository: Repository, upload: Upload, first: int, last: int, size: int) -> None:
        why = ""
        if size > LARGEST_PART:
            why = f"Layer part has {size} bytes; {LARGEST_PART} is the most."
        elif first != upload.size:
            why = f"Layer part first byte must be {upload.size}, not {first}: parts come in order, without gaps."
        elif last - first + 1 != size:
            why = f"Layer part has {size} bytes, but bytes {first} to {last} are {last - first + 1}."
        if why:
            fields: dict[str, Any] = {"registryId": ACCOUNT, "repositoryName": repository.name, "uploadId": upload.id}
            if upload.size:
                fields["lastValidByteReceived"] = upload.size - 1
            raise AwsError("InvalidLayerPartException", why, **fields)

    def complete_layer_upload(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CompleteLayerUpload; its bytes must have one of the digests that are named."""
        repository = self._repository(call, params)
        upload = self._images.upload(repository, params["uploadId"])
        if upload.busy.locked():
            raise AwsError("InvalidParameterException", "A part of this upload is still being received.")
        if not upload.size:
            raise AwsError("EmptyUploadException", "The specified layer upload does not contain any layer parts.")
        small = [size for size in upload.parts[:-1] if size < SMALLEST_PART]
        if small:
            raise AwsError(
                "LayerPartTooSmallException",
                f"Layer parts must be at least {SMALLEST_PART} bytes, except for the last; one has {small[0]}.",
            )
        there = upload.digest in repository.layers and upload.digest in params["layerDigests"]
        digest = self._images.complete(repository, upload, params["layerDigests"])
        if there:
            raise AwsError(
                "LayerAlreadyExistsException",
                f"The image layer {digest} already exists in the repository with name '{repository.name}'",
            )
        return {
            "registryId": ACCOUNT,
            "repositoryName": repository.name,
            "uploadId": params["uploadId"],
            "layerDigest": digest,
        }

    def batch_check_layer_availability(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """BatchCheckLayerAvailability."""
        repository = self._repository(call, params)
        layers: list[dict[str, Any]] = []
        failures: list[dict[str, Any]] = []
        media_types = {
            blob.digest: blob.media_type for image in repository.images.values() for blob in image.manifest.blobs
        }
        for digest in params["layerDigests"]:
            if not names.DIGEST.fullmatch(digest):
                failures.append(
                    {
                        "layerDigest": digest,
                        "failureCode": "InvalidLayerDigest",
                        "failureReason": "Invalid layer digest: it should satisfy the regex sha256:[0-9a-f]{64}",
                    }
                )
                continue
            layer = repository.layers.get(digest)
            layers.append(
                {
                    "layerDigest": digest,
                    "layerAvailability": "AVAILABLE" if layer else "UNAVAILABLE",
                    "layerSize": layer.size if layer else None,
                    "mediaType": media_types.get(digest, DOCKER_LAYER) if layer else None,
                }
            )
        return {"layers": layers, "failures": failures}

    def get_download_url_for_layer(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """GetDownloadUrlForLayer: an address that works for an hour."""
        repository = self._repository(call, params)
        digest = params["layerDigest"]
        if digest not in repository.layers:
            raise AwsError(
                "LayersNotFoundException",
                f"The layer with digest '{digest}' does not exist in the repository with name '{repository.name}' "
                f"in the registry with id '{ACCOUNT}'",
            )
        token = self._tokens.download(digest, self._clock.now())
        return {"downloadUrl": f"http://{self._host}{DOWNLOADS}{token}", "layerDigest": digest}
