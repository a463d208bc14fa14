"""All that EventBridge knows, by region, and the look-ups that raise AWS's errors."""

from dataclasses import dataclass, field
from typing import Any

from ..errors import AwsError
from ..schedule import Schedule
from ..wire.call import ACCOUNT, PARTITION
from .pattern import Pattern

DEFAULT = "default"
ENABLED = ("ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")


@dataclass
class Rule:
    """A rule: which events, or when, and whom to call.

    Parameters
    ----------
    name, bus, arn : str
        The rule, and the bus that it is on.
    targets : dict
        By their id, as PutTargets had them.
    due : float or None
        When it fires next, on the clock that its schedule reads; None when never.
    """

    name: str
    bus: str
    arn: str
    created_by: str
    state: str = "ENABLED"
    description: str = ""
    role: str = ""
    pattern: Pattern | None = None
    expression: str = ""
    schedule: Schedule | None = None
    due: float | None = None
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def enabled(self) -> bool:
        """Whether it acts."""
        return self.state in ENABLED

    def describe(self) -> dict[str, Any]:
        """As ListRules shows it."""
        return {
            "Name": self.name,
            "Arn": self.arn,
            "EventPattern": self.pattern.text if self.pattern else None,
            "State": self.state,
            "Description": self.description or None,
            "ScheduleExpression": self.expression or None,
            "RoleArn": self.role or None,
            "EventBusName": self.bus,
        }


@dataclass
class Bus:
    """An event bus."""

    name: str
    arn: str
    created: float
    modified: float
    settings: dict[str, Any] = field(default_factory=dict)
    policy: dict[str, Any] | None = None
    rules: dict[str, Rule] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Rule:
        """A rule of this bus.

        Raises
        ------
        AwsError
            ``ResourceNotFoundException``.
        """
        found = self.rules.get(name)
        if found is None:
            raise AwsError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {self.name}.")
        return found


@dataclass
class Region:
    """EventBridge in one region."""

    name: str
    buses: dict[str, Bus] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.buses.setdefault(DEFAULT, Bus(DEFAULT, bus_arn(self.name, DEFAULT), 0.0, 0.0))

    def find(self, name_or_arn: str | None) -> Bus:
        """A bus; the default one when none is named.

        Raises
        ------
        AwsError
            ``ResourceNotFoundException``.
        """
        name = bus_name(name_or_arn)
        found = self.buses.get(name)
        if found is None:
            raise AwsError("ResourceNotFoundException", f"Event bus {name} does not exist.")
        return found


@dataclass
class EventStore:
    """EventBridge in all regions."""

    regions: dict[str, Region] = field(default_factory=dict)

    def region(self, name: str) -> Region:
        """One region, made when first asked for."""
        return self.regions.setdefault(name, Region(name))


def bus_name(name_or_arn: str | None) -> str:
    """The name of a bus."""
    return (name_or_arn or DEFAULT).rpartition(":event-bus/")[2]


def bus_arn(region: str, name: str) -> str:
    """The ARN of a bus."""
    return f"arn:{PARTITION}:events:{region}:{ACCOUNT}:event-bus/{name}"


def rule_arn(region: str, bus: str, name: str) -> str:
    """The ARN of a rule; those on the default bus do not name it."""
    where = name if bus == DEFAULT else f"{bus}/{name}"
    return f"arn:{PARTITION}:events:{region}:{ACCOUNT}:rule/{where}"
