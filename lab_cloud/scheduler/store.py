"""All that EventBridge Scheduler knows, by region, and the look-ups that raise AWS's errors."""

import datetime
from dataclasses import dataclass, field
from typing import Any

from ..errors import AwsError
from ..schedule import Rate, Schedule
from ..wire.call import ACCOUNT, PARTITION

DEFAULT = "default"
SHOWN = (
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "EndDate",
    "Description",
    "KmsKeyArn",
    "Target",
    "FlexibleTimeWindow",
    "ActionAfterCompletion",
)


@dataclass
class Planned:
    """A schedule.

    Parameters
    ----------
    name, group, arn : str
        Which one.
    settings : dict
        As CreateSchedule had them.
    schedule : Schedule
        When.
    start, end : float or None
        Between which it fires, on the clock that it goes by.
    due : float or None
        The moment that comes next, on that clock; None when none does.
    fires : float or None
        When its target is called for it: `due`, or a little later within a flexible window.
    """

    name: str
    group: str
    arn: str
    settings: dict[str, Any]
    schedule: Schedule
    created: float
    modified: float
    start: float | None = None
    end: float | None = None
    due: float | None = None
    fires: float | None = None

    @property
    def enabled(self) -> bool:
        """Whether it acts."""
        return bool(self.settings.get("State", "ENABLED") == "ENABLED")

    @property
    def by_rate(self) -> bool:
        """Whether it goes by AWS seconds rather than by the lab calendar."""
        return isinstance(self.schedule, Rate)

    @property
    def window(self) -> float:
        """AWS seconds of its flexible window; 0 when it has none."""
        flexible = self.settings["FlexibleTimeWindow"]
        return flexible["MaximumWindowInMinutes"] * 60.0 if flexible["Mode"] == "FLEXIBLE" else 0.0

    def describe(self) -> dict[str, Any]:
        """As GetSchedule shows it."""
        shown = {name: self.settings[name] for name in SHOWN if self.settings.get(name) is not None}
        shown.setdefault("ScheduleExpressionTimezone", "UTC")
        shown.setdefault("ActionAfterCompletion", "NONE")
        return {**self.summary(), **shown}

    def summary(self) -> dict[str, Any]:
        """As ListSchedules shows it."""
        return {
            "Arn": self.arn,
            "Name": self.name,
            "GroupName": self.group,
            "State": self.settings.get("State", "ENABLED"),
            "CreationDate": moment(self.created),
            "LastModificationDate": moment(self.modified),
            "Target": {"Arn": self.settings["Target"]["Arn"]},
        }


@dataclass
class Group:
    """A group of schedules."""

    name: str
    arn: str
    created: float
    modified: float
    tags: dict[str, str] = field(default_factory=dict)
    schedules: dict[str, Planned] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """As GetScheduleGroup shows it."""
        return {
            "Arn": self.arn,
            "Name": self.name,
            "State": "ACTIVE",
            "CreationDate": moment(self.created),
            "LastModificationDate": moment(self.modified),
        }

    def find(self, name: str) -> Planned:
        """A schedule of this group.

        Raises
        ------
        AwsError
            ``ResourceNotFoundException``.
        """
        found = self.schedules.get(name)
        if found is None:
            raise AwsError("ResourceNotFoundException", f"Schedule {name} does not exist.")
        return found


@dataclass
class Region:
    """EventBridge Scheduler in one region."""

    name: str
    began: float
    groups: dict[str, Group] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.groups.setdefault(DEFAULT, Group(DEFAULT, group_arn(self.name, DEFAULT), self.began, self.began))

    def find(self, name: str | None) -> Group:
        """A group; the default one when none is named.

        Raises
        ------
        AwsError
            ``ResourceNotFoundException``.
        """
        found = self.groups.get(name or DEFAULT)
        if found is None:
            raise AwsError("ResourceNotFoundException", f"Schedule group {name} does not exist.")
        return found


@dataclass
class ScheduleStore:
    """EventBridge Scheduler in all regions."""

    regions: dict[str, Region] = field(default_factory=dict)

    def region(self, name: str, now: float) -> Region:
        """One region, made when first asked for."""
        if name not in self.regions:
            self.regions[name] = Region(name, now)
        return self.regions[name]


def moment(seconds: float) -> datetime.datetime:
    """Epoch seconds as answers carry them."""
    return datetime.datetime.fromtimestamp(round(seconds, 3), datetime.UTC)


def group_arn(region: str, name: str) -> str:
    """The ARN of a group."""
    return f"arn:{PARTITION}:scheduler:{region}:{ACCOUNT}:schedule-group/{name}"


def schedule_arn(region: str, group: str, name: str) -> str:
    """The ARN of a schedule."""
    return f"arn:{PARTITION}:scheduler:{region}:{ACCOUNT}:schedule/{group}/{name}"
