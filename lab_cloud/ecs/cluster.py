"""A cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import names
from .capacity_provider import CapacityProvider
from .tags import tag_list

STATISTICS = tuple(
    f"{state}{kind}{thing}"
    for state, thing in (
        ("running", "TasksCount"),
        ("pending", "TasksCount"),
        ("active", "ServiceCount"),
        ("draining", "ServiceCount"),
    )
    for kind in ("EC2", "Fargate")
)
"""What DescribeClusters counts."""


@dataclass
class Cluster:
    """One cluster.

    Parameters
    ----------
    name, region : str
        Its name, and where it is.
    settings : list of dict
        For example Container Insights.
    capacity_providers : list of str
        ``FARGATE``, ``FARGATE_SPOT`` or names of Auto Scaling group providers.
    """

    name: str
    region: str
    status: str = "ACTIVE"
    settings: list[dict[str, str]] = field(default_factory=list)
    configuration: dict[str, Any] | None = None
    capacity_providers: list[str] = field(default_factory=list)
    default_strategy: list[dict[str, Any]] = field(default_factory=list)
    service_connect: dict[str, Any] | None = None
    tags: dict[str, str] = field(default_factory=dict)
    created_with: dict[str, Any] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.arn(self.region, f"cluster/{self.name}")

    def describe(
        self,
        counts: Mapping[str, int],
        attached: Sequence[CapacityProvider],
        include: list[str] | None = None,
        *,
        instances: int = 0,
    ) -> dict[str, Any]:
        """As DescribeClusters shows it.

        Parameters
        ----------
        counts : dict
            Counts of its tasks and services, by the names of `STATISTICS`.
        attached : sequence of CapacityProvider
            Those of its capacity providers that belong to an Auto Scaling group.
        include : list of str
            What the caller asked for beyond the basics: ATTACHMENTS, CONFIGURATIONS, SETTINGS, STATISTICS, TAGS.
        instances : int
            How many container instances it has.
        """
        wanted = include or []
        statistics = [{"name": name, "value": str(counts.get(name, 0))} for name in STATISTICS]
        attachments = [each.describe_attachment() for each in attached if each.scales]
        return {
            "clusterArn": self.arn,
            "clusterName": self.name,
            "status": self.status,
            "registeredContainerInstancesCount": instances,
            "runningTasksCount": _sum(counts, "running"),
            "pendingTasksCount": _sum(counts, "pending"),
            "activeServicesCount": _sum(counts, "active"),
            "statistics": statistics if "STATISTICS" in wanted else [],
            "tags": tag_list(self.tags) if "TAGS" in wanted else [],
            "settings": self.settings if "SETTINGS" in wanted else [],
            "configuration": self.configuration if "CONFIGURATIONS" in wanted else None,
            "capacityProviders": self.capacity_providers,
            "defaultCapacityProviderStrategy": self.default_strategy,
            "attachments": attachments if "ATTACHMENTS" in wanted else None,
            "attachmentsStatus": "UPDATE_COMPLETE" if attachments and "ATTACHMENTS" in wanted else None,
            "serviceConnectDefaults": self.service_connect,
        }


def _sum(counts: Mapping[str, int], kind: str) -> int:
    return sum(counts.get(name, 0) for name in STATISTICS if name.startswith(kind))
