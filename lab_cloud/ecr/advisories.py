"""The advisories that scans go by: `data/advisories/pypi.json`, a small dated extract of a public database."""

import datetime
import functools
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[2] / "data" / "advisories" / "pypi.json"


@dataclass(frozen=True)
class Advisory:
    """What is wrong with some versions of a package.

    Parameters
    ----------
    id : str
        For example ``PYSEC-2023-74``.
    package : str
        The package's normalized name.
    aliases : tuple of str
        Its other names, for example ``CVE-2023-32681``.
    details, url : str
        For people.
    ranges : tuple
        Each a tuple of (``introduced`` or ``fixed``, version) in order.
    severity, vector : str
        By CVSS; ``UNDEFINED`` and empty where the database has none.
    score : float or None
        The CVSS base score.
    """

    id: str
    package: str
    aliases: tuple[str, ...]
    details: str
    url: str
    ranges: tuple[tuple[tuple[str, str], ...], ...]
    severity: str = "UNDEFINED"
    vector: str = ""
    score: float | None = None

    @property
    def name(self) -> str:
        """The CVE, if it has one."""
        return next((each for each in self.aliases if each.startswith("CVE-")), self.id)

    def fixed_in(self, version: str) -> str | None:
        """The first version without the fault; an empty text when there is none, None when `version` is not affected.

        Versions are compared as PEP 440 says.
        """
        from packaging.version import InvalidVersion, Version

        try:
            asked = Version(version)
        except InvalidVersion:
            return None
        for events in self.ranges:
            affected = False
            for kind, text in events:
                if kind == "introduced":
                    affected = affected or asked >= Version(text)
                elif affected:
                    if asked < Version(text):
                        return text
                    affected = False
            if affected:
                return ""
        return None


@dataclass(frozen=True)
class Database:
    """All advisories, by package.

    Parameters
    ----------
    date : datetime.date
        The day of the extract.
    by_package : dict
        Normalized name -> advisories.
    """

    date: datetime.date
    by_package: dict[str, list[Advisory]]

    @property
    def about(self) -> str:
        """Where findings come from, in a few words."""
        count = sum(map(len, self.by_package.values()))
        return f"PyPA Advisory Database (CC-BY 4.0): {count} advisories, dated {self.date}"

    @property
    def moment(self) -> float:
        """Its date in epoch seconds."""
        midnight = datetime.time(tzinfo=datetime.UTC)
        return datetime.datetime.combine(self.date, midnight).timestamp()


def normalized(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@functools.cache
def load(table: Path = TABLE) -> Database:
    """Read the extract; once."""
    content = json.loads(table.read_text(encoding="utf-8"))
    by_package: dict[str, list[Advisory]] = defaultdict(list)
    for each in content["advisories"]:
        by_package[each["package"]].append(_advisory(each))
    return Database(datetime.date.fromisoformat(content["date"]), dict(by_package))


def _advisory(each: dict[str, Any]) -> Advisory:
    return Advisory(
        id=each["id"],
        package=each["package"],
        aliases=tuple(each["aliases"]),
        details=each["details"],
        url=each["url"],
        ranges=tuple(tuple(item for event in events for item in event.items()) for events in each["ranges"]),
        severity=each.get("severity", "UNDEFINED"),
        vector=each.get("vector", ""),
        score=each.get("score"),
    )
