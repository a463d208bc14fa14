"""All that Amazon EC2 Auto Scaling knows, by region."""

from dataclasses import dataclass, field
from typing import Any

from ..errors import AwsError
from .group import Group
from .policy import GroupPolicy
from .scheduled import ScheduledChange


@dataclass
class Region:
    """EC2 Auto Scaling in one region."""

    name: str
    groups: dict[str, Group] = field(default_factory=dict)
    configurations: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[tuple[str, str], GroupPolicy] = field(default_factory=dict)
    scheduled: dict[tuple[str, str], ScheduledChange] = field(default_factory=dict)

    def find(self, name: str) -> Group:
        """A group by its name.

        Raises
        ------
        AwsError
            ``ValidationError``.
        """
        found = self.groups.get(name)
        if found is None:
            raise AwsError("ValidationError", "AutoScalingGroup name not found - null")
        return found

    def by_arn(self, name_or_arn: str) -> Group | None:
        """A group by its name or ARN, or None."""
        return next((one for one in self.groups.values() if name_or_arn in (one.name, one.arn)), None)

    def group_of(self, instance: str) -> Group | None:
        """The group that an instance belongs to, or None."""
        return next((group for group in self.groups.values() if instance in group.members), None)


@dataclass
class GroupStore:
    """EC2 Auto Scaling in all regions."""

    regions: dict[str, Region] = field(default_factory=dict)

    def region(self, name: str) -> Region:
        """One region, made when first asked for."""
        return self.regions.setdefault(name, Region(name))
