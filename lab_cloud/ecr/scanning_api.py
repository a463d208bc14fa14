"""Operations on scans and on what is scanned when."""

from typing import Any

from ..errors import AwsError
from ..wire import ACCOUNT, Call
from . import names
from .image import Image
from .operations import Operations, page
from .repository import Repository
from .scanner import Scanner


class ScanningOperations(Operations):
    """Start scans, read findings, and set up scanning of repositories and of the registry."""

    _scanner: Scanner

    def start_image_scan(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """StartImageScan."""
        repository, image = self._image(call, params)
        scan = self._scanner.start(image)
        return {**_about(repository, image, params), "imageScanStatus": scan.status_view()}

    def describe_image_scan_findings(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeImageScanFindings."""
        repository, image = self._image(call, params)
        if image.scan is None:
            identity = names.image_id(image.digest, params["imageId"].get("imageTag"))
            raise AwsError(
                "ScanNotFoundException",
                f"Image scan does not exist for the image with '{identity}' in the repository with name "
                f"'{repository.name}' in the registry with id '{ACCOUNT}'",
            )
        found, token = page(image.scan.findings, params)
        summary = image.scan.summary()
        return {
            **_about(repository, image, params),
            "imageScanStatus": image.scan.status_view(),
            "imageScanFindings": {**summary, "findings": found} if summary else None,
            "nextToken": token,
        }

    def _image(self, call: Call, params: dict[str, Any]) -> tuple[Repository, Image]:
        repository = self._repository(call, params)
        return repository, repository.get(params["imageId"].get("imageDigest"), params["imageId"].get("imageTag"))

    def put_image_scanning_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutImageScanningConfiguration."""
        repository = self._repository(call, params)
        repository.scan_on_push = bool(params["imageScanningConfiguration"].get("scanOnPush", False))
        return {
            "registryId": ACCOUNT,
            "repositoryName": repository.name,
            "imageScanningConfiguration": {"scanOnPush": repository.scan_on_push},
        }

    def batch_get_repository_scanning_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """BatchGetRepositoryScanningConfiguration."""
        registry = self._registry(call, {})
        found: list[dict[str, Any]] = []
        failures: list[dict[str, Any]] = []
        for name in params["repositoryNames"]:
            repository = registry.repositories.get(name)
            if repository is None:
                failures.append(
                    {
                        "repositoryName": name,
                        "failureCode": "REPOSITORY_NOT_FOUND",
                        "failureReason": "REPOSITORY_NOT_FOUND",
                    }
                )
                continue
            filters = registry.scan_filters(name)
            on_push = repository.scan_on_push or bool(filters)
            found.append(
                {
                    "repositoryArn": repository.arn,
                    "repositoryName": name,
                    "scanOnPush": on_push,
                    "scanFrequency": "SCAN_ON_PUSH" if on_push else "MANUAL",
                    "appliedScanFilters": filters,
                }
            )
        return {"scanningConfigurations": found, "failures": failures}

    def put_registry_scanning_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutRegistryScanningConfiguration; enhanced scanning is refused, since there is no Inspector here."""
        registry = self._registry(call, {})
        kind, rules = params.get("scanType", "BASIC"), params.get("rules", [])
        if kind == "ENHANCED":
            raise AwsError(
                "ValidationException",
                "Enhanced scanning is Amazon Inspector's, which is not part of the embedded cloud. On AWS it scans "
                "packages of the operating system and of programming languages, again whenever an advisory appears. "
                "Use scanType BASIC here.",
            )
        if any(rule["scanFrequency"] == "CONTINUOUS_SCAN" for rule in rules):
            raise AwsError("ValidationException", "CONTINUOUS_SCAN goes with scanType ENHANCED only.")
        registry.scanning = {"scanType": kind, "rules": rules}
        return {"registryScanningConfiguration": registry.scanning}

    def get_registry_scanning_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """GetRegistryScanningConfiguration."""
        return {"registryId": ACCOUNT, "scanningConfiguration": self._registry(call, {}).scanning}


def _about(repository: Repository, image: Image, params: dict[str, Any]) -> dict[str, Any]:
    return {
        "registryId": ACCOUNT,
        "repositoryName": repository.name,
        "imageId": names.identifier(image.digest, params["imageId"].get("imageTag")),
    }
