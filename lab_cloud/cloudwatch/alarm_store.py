"""All alarms, by region, with what has happened to them."""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .alarm import Alarm

HISTORY_KEPT = 2000


@dataclass(frozen=True)
class Happening:
    """One line of an alarm's history.

    Parameters
    ----------
    alarm : str
        Its name.
    when : float
        Epoch seconds.
    kind : str
        ``ConfigurationUpdate``, ``StateUpdate`` or ``Action``.
    summary : str
        One sentence.
    data : dict
        What ``HistoryData`` holds as JSON.
    """

    alarm: str
    when: float
    kind: str
    summary: str
    data: dict[str, Any]

    def describe(self, moment: Any) -> dict[str, Any]:
        """As DescribeAlarmHistory shows it; `moment` is its time as the API gives it."""
        return {
            "AlarmName": self.alarm,
            "AlarmType": "MetricAlarm",
            "Timestamp": moment,
            "HistoryItemType": self.kind,
            "HistorySummary": self.summary,
            "HistoryData": json.dumps(self.data, separators=(",", ":")),
        }


@dataclass
class AlarmStore:
    """Alarms and their history."""

    regions: dict[str, dict[str, Alarm]] = field(default_factory=dict)
    history: dict[str, deque[Happening]] = field(default_factory=dict)

    def region(self, name: str) -> dict[str, Alarm]:
        """The alarms of a region by name."""
        return self.regions.setdefault(name, {})

    def all(self) -> Iterator[Alarm]:
        """Every alarm."""
        for alarms in self.regions.values():
            yield from list(alarms.values())

    def note(self, region: str, happening: Happening) -> None:
        """Add to the history."""
        self.history.setdefault(region, deque(maxlen=HISTORY_KEPT)).appendleft(happening)

    def clear(self) -> None:
        """Forget everything."""
        self.regions.clear()
        self.history.clear()
