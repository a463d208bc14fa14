"""All that Application Auto Scaling knows, by region."""

import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from ..errors import AwsError
from ..schedule import Schedule
from .activity import IN_PROGRESS, OVERRIDDEN, Activity
from .decide import Cooldown
from .policy import Policy
from .target import ScalableTarget, moment

ACTIVITIES_KEPT = 1000
Key = tuple[str, str]


@dataclass
class ScheduledAction:
    """A change of the bounds at given times.

    Parameters
    ----------
    schedule : Schedule
        When.
    expression, timezone : str
        As PutScheduledAction had them.
    change : dict
        ``ScalableTargetAction``: MinCapacity, MaxCapacity or both.
    start, end : float or None
        Epoch seconds between which it fires.
    due : float or None
        When it fires next, on the clock that its schedule reads; None when never.
    """

    name: str
    arn: str
    resource: str
    dimension: str
    schedule: Schedule
    expression: str
    timezone: str
    change: dict[str, int]
    created: float
    start: float | None = None
    end: float | None = None
    due: float | None = None

    def describe(self) -> dict[str, Any]:
        """As DescribeScheduledActions shows it."""
        return {
            "ScheduledActionName": self.name,
            "ScheduledActionARN": self.arn,
            "ServiceNamespace": self.dimension.partition(":")[0],
            "Schedule": self.expression,
            "Timezone": self.timezone or None,
            "ResourceId": self.resource,
            "ScalableDimension": self.dimension,
            "StartTime": moment(self.start),
            "EndTime": moment(self.end),
            "ScalableTargetAction": self.change,
            "CreationTime": moment(self.created),
        }


@dataclass
class Region:
    """Application Auto Scaling in one region."""

    name: str
    targets: dict[Key, ScalableTarget] = field(default_factory=dict)
    policies: dict[tuple[str, str, str], Policy] = field(default_factory=dict)
    scheduled: dict[tuple[str, str, str], ScheduledAction] = field(default_factory=dict)
    activities: deque[Activity] = field(default_factory=lambda: deque(maxlen=ACTIVITIES_KEPT))
    cooldowns: dict[Key, Cooldown] = field(default_factory=dict)

    def find(self, resource: str, dimension: str) -> ScalableTarget:
        """A scalable target.

        Raises
        ------
        AwsError
            ``ObjectNotFoundException``.
        """
        found = self.targets.get((resource, dimension))
        if found is None:
            namespace = dimension.partition(":")[0]
            raise AwsError(
                "ObjectNotFoundException",
                f"No scalable target registered for service namespace: {namespace}, resource ID: {resource}, "
                f"scalable dimension: {dimension}",
            )
        return found

    def policies_of(self, key: Key) -> list[Policy]:
        """The policies of one target."""
        return [policy for policy in self.policies.values() if (policy.resource, policy.dimension) == key]

    def begin(self, key: Key, description: str, cause: str, now: float) -> Activity:
        """Note a new activity, newest first; one that is still in progress is overridden."""
        for older in self.activities:
            if (older.resource, older.dimension) == key and older.status == IN_PROGRESS:
                older.end(OVERRIDDEN, f"{older.message} Change overridden by a newer scaling activity.".strip(), now)
        made = Activity(str(uuid.uuid4()), *key, description, cause, now)
        self.activities.appendleft(made)
        return made


@dataclass
class ScalingStore:
    """Application Auto Scaling in all regions."""

    regions: dict[str, Region] = field(default_factory=dict)

    def region(self, name: str) -> Region:
        """One region, made when first asked for."""
        return self.regions.setdefault(name, Region(name))
