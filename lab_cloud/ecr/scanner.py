"""Basic scanning: match the packages that an image holds against the advisories, on worker threads.

Only Python packages are looked at. On AWS basic scanning looks at packages of the operating system, and enhanced
scanning (Amazon Inspector) at those of programming languages too; the answers here say what was looked at.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import AwsError, RuntimeFailure
from ..world import World
from . import advisories, packages
from .blobs import BlobStore
from .image import Image, Scan
from .repository import Repository
from .store import Store

log = logging.getLogger(__name__)

AGAIN_SECONDS = 24 * 3600.0
"""An image is scanned once in 24 hours, by the lab calendar."""
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")


class Scanner:
    """Scans images.

    Parameters
    ----------
    store : Store
        What ECR knows.
    blobs : BlobStore
        Where layers lie.
    world : World
        Where slow work goes, and where its result comes back to.

    Attributes
    ----------
    on_scan : list of callable
        Told of the repository and the image when a scan has ended.
    """

    def __init__(self, store: Store, blobs: BlobStore, world: World) -> None:
        self._store = store
        self._blobs = blobs
        self._world = world
        self.on_scan: list[Callable[[Repository, Image], None]] = []

    def pushed(self, repository: Repository, image: Image) -> None:
        """Scan a new image, if its repository or the registry asks for that."""
        registry = self._store.registry(repository.region)
        if repository.scan_on_push or registry.scan_filters(repository.name):
            if image.manifest.is_index:
                image.scan = Scan("UNSUPPORTED_IMAGE", NO_LAYERS, self._world.clock.calendar())
            else:
                self._start(image)

    def start(self, image: Image) -> Scan:
        """Scan an image because somebody asks.

        Raises
        ------
        AwsError
            ``UnsupportedImageTypeException``, ``ImageArchivedException``, ``LimitExceededException``.
        """
        if image.manifest.is_index or not image.manifest.layers:
            raise AwsError("UnsupportedImageTypeException", NO_LAYERS)
        if image.archived:
            raise AwsError("ImageArchivedException", f"The image {image.digest} is in the archive.")
        asked = image.scan.asked_calendar if image.scan else None
        if asked is not None and self._world.clock.calendar() - asked < AGAIN_SECONDS:
            raise AwsError(
                "LimitExceededException",
                "The scan quota per image has been exceeded. Wait and try again: once in 24 hours by the lab calendar.",
            )
        return self._start(image)

    def _start(self, image: Image) -> Scan:
        scan = image.scan = Scan("IN_PROGRESS", "The scan is under way.", self._world.clock.calendar())
        paths = [self._blobs.path(layer.digest) for layer in image.manifest.layers]

        def work() -> None:
            database = advisories.load()
            try:
                there = packages.find(paths)
            except RuntimeFailure as failure:
                reason = failure.message
                self._world.post(lambda: self._failed(image, scan, reason))
                return
            except Exception as bug:
                log.exception("a scan failed")
                why = f"The embedded cloud has a bug: {bug}"
                self._world.post(lambda: self._failed(image, scan, why))
                return
            findings = match(there, database)
            self._world.post(lambda: self._complete(image, scan, findings, len(there), database))

        self._world.work(work)
        return scan

    def _failed(self, image: Image, scan: Scan, why: str) -> None:
        scan.status, scan.description = "FAILED", why
        self._ended(image)

    def _ended(self, image: Image) -> None:
        for repository in self._store.repositories():
            if repository.images.get(image.digest) is image:
                for hook in self.on_scan:
                    hook(repository, image)

    def _complete(
        self, image: Image, scan: Scan, findings: list[dict[str, Any]], count: int, database: advisories.Database
    ) -> None:
        scan.findings = findings
        scan.source_at = database.moment
        scan.completed_at = self._world.clock.now()
        scan.description = (
            f"The scan was completed successfully: {count} Python package{'' if count == 1 else 's'}, held "
            f"against the {database.about}. "
            "Packages of the operating system are not looked at."
        )
        scan.status = "COMPLETE"
        self._ended(image)


NO_LAYERS = "Only an image with layers is scanned; scan the images that an index lists."


def match(there: Sequence[packages.Package], database: advisories.Database) -> list[dict[str, Any]]:
    """What is known against some packages, as ``ImageScanFinding``, the worst first. Pure.

    Parameters
    ----------
    there : sequence of Package
        What an image holds.
    database : Database
        What is known.
    """
    found: list[dict[str, Any]] = []
    for package in there:
        for advisory in database.by_package.get(advisories.normalized(package.name), ()):
            fixed = advisory.fixed_in(package.version)
            if fixed is not None:
                found.append(_finding(package, advisory, fixed, database))
    return sorted(found, key=lambda each: (SEVERITIES.index(each["severity"]), each["name"]))


def _finding(
    package: packages.Package, advisory: advisories.Advisory, fixed: str, database: advisories.Database
) -> dict[str, Any]:
    attributes = {
        "package_name": package.name,
        "package_version": package.version,
        "package_path": package.path,
        "fixed_in_version": fixed or "none so far",
        "advisory": advisory.id,
        "advisory_source": database.about,
    }
    if advisory.vector:
        attributes |= {"CVSS3_VECTOR": advisory.vector, "CVSS3_SCORE": str(advisory.score)}
    return {
        "name": advisory.name,
        "description": advisory.details,
        "uri": advisory.url,
        "severity": advisory.severity,
        "attributes": [{"key": key, "value": value[:256]} for key, value in attributes.items()],
    }
