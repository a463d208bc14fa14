"""A cluster."""

from dataclasses import dataclass, field
from typing import Any

from . import names
from .task import tag_list


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

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.arn(self.region, f"cluster/{self.name}")

    def describe(
        self, *, running: int, pending: int, services: int, include: list[str] | None = None
    ) -> dict[str, Any]:
        """As DescribeClusters shows it.

        Parameters
        ----------
        running, pending, services : int
            Counts of its tasks and active services.
        include : list of str
            What the caller asked for beyond the basics: TAGS, SETTINGS, CONFIGURATIONS, STATISTICS.
        """
        wanted = include or []
        statistics = [
            {"name": "runningFargateTasksCount", "value": str(running)},
            {"name": "pendingFargateTasksCount", "value": str(pending)},
            {"name": "activeServiceCount", "value": str(services)},
        ]
        return {
            "clusterArn": self.arn,
            "clusterName": self.name,
            "status": self.status,
            "registeredContainerInstancesCount": 0,
            "runningTasksCount": running,
            "pendingTasksCount": pending,
            "activeServicesCount": services,
            "statistics": statistics if "STATISTICS" in wanted else [],
            "tags": tag_list(self.tags) if "TAGS" in wanted else [],
            "settings": self.settings if "SETTINGS" in wanted else [],
            "configuration": self.configuration if "CONFIGURATIONS" in wanted else None,
            "capacityProviders": self.capacity_providers,
            "defaultCapacityProviderStrategy": self.default_strategy,
            "serviceConnectDefaults": self.service_connect,
        }
