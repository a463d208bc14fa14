"""A capacity provider: Fargate's own two, and those of Auto Scaling groups.

Follows AutoScalingGroupProvider and ManagedScaling of the Amazon ECS API Reference. Providers of Auto Scaling groups
scale their group by themselves once a cluster uses them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import names
from .strategy import FARGATE_PROVIDERS
from .tags import tag_list

SCALING_DEFAULTS = {
    "status": "ENABLED",
    "targetCapacity": 100,
    "minimumScalingStepSize": 1,
    "maximumScalingStepSize": 10_000,
    "instanceWarmupPeriod": 300,
}


@dataclass
class CapacityProvider:
    """One capacity provider.

    Parameters
    ----------
    name, region : str
        Its name, and where it is.
    group_arn : str
        The Auto Scaling group's ARN; empty for Fargate's own.
    scaling : dict
        ``managedScaling``, defaults filled in.
    termination_protection, draining : str
        ``managedTerminationProtection`` and ``managedDraining``: ENABLED or DISABLED.
    """

    name: str
    region: str
    group_arn: str = ""
    scaling: dict[str, Any] = field(default_factory=lambda: dict(SCALING_DEFAULTS))
    termination_protection: str = "DISABLED"
    draining: str = "ENABLED"
    status: str = "ACTIVE"
    update_status: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    attachment: str = field(default_factory=names.uuid)
    policy: str = field(default_factory=lambda: f"ECSManagedAutoScalingPolicy-{names.uuid()}")
    policy_target: int = 0  # of the policy that the group has now; 0 when it has none
    groupless: bool = False
    launches: str = ""  # the instance type that its group launches

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.arn(self.region, f"capacity-provider/{self.name}")

    @property
    def scales(self) -> bool:
        """Whether ECS is to manage the size of its Auto Scaling group."""
        return bool(self.scaling["status"] == "ENABLED")

    def settle(self, asked: Mapping[str, Any]) -> None:
        """Take over what CreateCapacityProvider or UpdateCapacityProvider asks for."""
        self.scaling = {**self.scaling, **asked.get("managedScaling", {})}
        self.termination_protection = asked.get("managedTerminationProtection", self.termination_protection)
        self.draining = asked.get("managedDraining", self.draining)

    def describe(self, *, with_tags: bool = False) -> dict[str, Any]:
        """As DescribeCapacityProviders shows it."""
        return {
            "capacityProviderArn": self.arn,
            "name": self.name,
            "status": self.status,
            "autoScalingGroupProvider": self._describe_group(),
            "updateStatus": self.update_status,
            "tags": tag_list(self.tags) if with_tags else [],
            "type": "EC2_AUTOSCALING" if self.group_arn else self.name,
        }

    def describe_attachment(self) -> dict[str, Any]:
        """As a cluster's ``attachments`` show it: the scaling policy that its group has, or is about to have."""
        return {
            "id": self.attachment,
            "type": "as_policy",
            "status": "CREATED" if self.policy_target else "PRECREATED",
            "details": [
                {"name": "capacityProviderName", "value": self.name},
                {"name": "scalingPolicyName", "value": self.policy},
            ],
        }

    def _describe_group(self) -> dict[str, Any] | None:
        if not self.group_arn:
            return None
        return {
            "autoScalingGroupArn": self.group_arn,
            "managedScaling": self.scaling,
            "managedTerminationProtection": self.termination_protection,
            "managedDraining": self.draining,
        }


def fargate_providers(region: str) -> dict[str, CapacityProvider]:
    """The two that every account has."""
    return {name: CapacityProvider(name, region) for name in FARGATE_PROVIDERS}
