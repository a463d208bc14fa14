"""An image of a repository, and the scan of it."""

from dataclasses import dataclass, field
from typing import Any

from ..wire import ACCOUNT
from . import names
from .manifest import Manifest


@dataclass
class Scan:
    """What a scan of an image found.

    Parameters
    ----------
    status : str
        ``IN_PROGRESS``, ``COMPLETE``, ``FAILED``, …
    description : str
        For people.
    asked_calendar : float
        When it was asked for, by the lab calendar.
    completed_at : float or None
        Epoch seconds.
    source_at : float or None
        The date of the advisories.
    findings : list of dict
        As ``ImageScanFinding``.
    """

    status: str
    description: str
    asked_calendar: float
    completed_at: float | None = None
    source_at: float | None = None
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Findings by severity."""
        found: dict[str, int] = {}
        for finding in self.findings:
            found[finding["severity"]] = found.get(finding["severity"], 0) + 1
        return found

    def status_view(self) -> dict[str, str]:
        """As ``imageScanStatus``."""
        return {"status": self.status, "description": self.description}

    def summary(self) -> dict[str, Any] | None:
        """As ``imageScanFindingsSummary``; None while nothing is known."""
        if self.completed_at is None:
            return None
        return {
            "imageScanCompletedAt": names.moment(self.completed_at),
            "vulnerabilitySourceUpdatedAt": names.moment(self.source_at),
            "findingSeverityCounts": self.counts,
        }


@dataclass
class Image:
    """A manifest in a repository, with its tags.

    Parameters
    ----------
    manifest : Manifest
        What was pushed.
    digest : str
        Its digest.
    size : int
        Bytes of its layers and configuration; of an index, those of its largest image.
    pushed_at, pushed_calendar : float
        When, in real time and by the lab calendar.
    """

    manifest: Manifest
    digest: str
    size: int
    pushed_at: float
    pushed_calendar: float
    tags: list[str] = field(default_factory=list)
    pulled_at: float | None = None
    pulled_calendar: float | None = None
    archived: bool = False
    archived_at: float | None = None
    archived_calendar: float | None = None
    activated_at: float | None = None
    scan: Scan | None = None

    def status(self, now: float) -> str:
        """ACTIVE, ARCHIVED, or ACTIVATING while it comes back from the archive."""
        if self.archived:
            return "ARCHIVED"
        return "ACTIVATING" if self.activated_at is not None and now < self.activated_at else "ACTIVE"

    def archive(self, now: float, calendar: float) -> None:
        """Move it to the archive, from which it cannot be pulled."""
        self.archived, self.archived_at, self.archived_calendar = True, now, calendar

    def restore(self, ready_at: float) -> None:
        """Bring it back; it can be pulled from then on."""
        self.archived, self.activated_at = False, ready_at

    def describe(self, repository: str, now: float) -> dict[str, Any]:
        """As DescribeImages shows it."""
        status = self.status(now)
        return {
            "registryId": ACCOUNT,
            "repositoryName": repository,
            "imageDigest": self.digest,
            "imageTags": list(self.tags) or None,
            "imageSizeInBytes": self.size,
            "imagePushedAt": names.moment(self.pushed_at),
            "imageScanStatus": self.scan.status_view() if self.scan else None,
            "imageScanFindingsSummary": self.scan.summary() if self.scan else None,
            "imageManifestMediaType": self.manifest.media_type,
            "artifactMediaType": self.manifest.artifact_type or None,
            "lastRecordedPullTime": names.moment(self.pulled_at),
            "subjectManifestDigest": self.manifest.subject or None,
            "imageStatus": status,
            "lastArchivedAt": names.moment(self.archived_at),
            "lastActivatedAt": names.moment(self.activated_at) if status == "ACTIVE" else None,
        }
