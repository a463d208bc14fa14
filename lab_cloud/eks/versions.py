"""The versions of Kubernetes that EKS has (`data/eks_versions.csv`), with the dates of their support.

What is supported is told as of the day when the table was checked, so that the labs stay the same from day to day.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
"""

import csv
import datetime
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import AwsError

TABLE = Path(__file__).resolve().parents[2] / "data" / "eks_versions.csv"
PLATFORM = "eks.1"
STANDARD, EXTENDED, UNSUPPORTED = "STANDARD_SUPPORT", "EXTENDED_SUPPORT", "UNSUPPORTED"


@dataclass(frozen=True)
class Version:
    """One minor version.

    Parameters
    ----------
    name : str
        For example ``1.36``.
    released, standard_ends, extended_ends : date
        Its life on EKS.
    checked : date
        When the table was.
    """

    name: str
    released: datetime.date
    standard_ends: datetime.date
    extended_ends: datetime.date
    checked: datetime.date

    @property
    def status(self) -> str:
        """``STANDARD_SUPPORT``, ``EXTENDED_SUPPORT`` or ``UNSUPPORTED``."""
        if self.checked <= self.standard_ends:
            return STANDARD
        return EXTENDED if self.checked <= self.extended_ends else UNSUPPORTED

    @property
    def minor(self) -> int:
        """The number behind the dot."""
        return int(self.name.partition(".")[2])

    def describe(self, *, default: bool) -> dict[str, Any]:
        """As DescribeClusterVersions shows it."""
        return {
            "clusterVersion": self.name,
            "clusterType": "eks",
            "defaultPlatformVersion": PLATFORM,
            "defaultVersion": default,
            "releaseDate": _moment(self.released),
            "endOfStandardSupportDate": _moment(self.standard_ends),
            "endOfExtendedSupportDate": _moment(self.extended_ends),
            "status": self.status.lower().replace("_", "-"),
            "versionStatus": self.status,
            "kubernetesPatchVersion": f"{self.name}.0",
        }


def _moment(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), datetime.UTC)


@functools.cache
def table() -> dict[str, Version]:
    """All versions by name, the newest first."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    day = datetime.date.fromisoformat
    return {
        row["version"]: Version(
            row["version"],
            day(row["released"]),
            day(row["standard_support_ends"]),
            day(row["extended_support_ends"]),
            day(row["checked"]),
        )
        for row in rows
    }


def supported() -> list[Version]:
    """Those that a cluster can be made with, the newest first."""
    return [each for each in table().values() if each.status != UNSUPPORTED]


def default() -> Version:
    """The one that a cluster gets that asks for none: the newest."""
    return supported()[0]


def find(name: str | None) -> Version:
    """A version that a cluster can be made with.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    if name is None:
        return default()
    found = table().get(name)
    if found is None or found.status == UNSUPPORTED:
        listed = ", ".join(each.name for each in supported())
        raise AwsError("InvalidParameterException", f"unsupported Kubernetes version {name}. Supported are: {listed}.")
    return found
