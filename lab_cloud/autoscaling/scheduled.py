"""A scheduled change of a group's sizes."""

from dataclasses import dataclass
from typing import Any

from ..schedule import Schedule
from .group import moment


@dataclass
class ScheduledChange:
    """One scheduled action.

    Parameters
    ----------
    name, arn, group : str
        Which one.
    schedule : Schedule
        When it happens.
    change : dict
        ``MinSize``, ``MaxSize`` and ``DesiredCapacity``, as far as they were given.
    recurrence, zone : str
        The cron expression and its time zone; empty for one that happens once.
    start, end : float or None
        Epoch seconds between which it recurs.
    due : float or None
        When it happens next, on the lab calendar.
    """

    name: str
    arn: str
    group: str
    schedule: Schedule
    change: dict[str, int]
    recurrence: str = ""
    zone: str = ""
    start: float | None = None
    end: float | None = None
    due: float | None = None

    def describe(self) -> dict[str, Any]:
        """As DescribeScheduledActions shows it."""
        return {
            "AutoScalingGroupName": self.group,
            "ScheduledActionName": self.name,
            "ScheduledActionARN": self.arn,
            "Time": moment(self.start),
            "StartTime": moment(self.start),
            "EndTime": moment(self.end),
            "Recurrence": self.recurrence or None,
            "TimeZone": self.zone or None,
            **self.change,
        }
