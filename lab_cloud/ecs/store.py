"""All that ECS knows, by region, and the look-ups that raise AWS's errors."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ..errors import AwsError
from . import names
from .capacity_provider import CapacityProvider, fargate_providers
from .cluster import Cluster
from .container_instance import ContainerInstance
from .express.gateway import Gateway
from .service import Deployment, Service
from .task import Task
from .task_definition import TaskDefinition


@dataclass
class Region:
    """ECS in one region.

    Parameters
    ----------
    name : str
        For example ``us-east-1``.
    """

    name: str
    clusters: dict[str, Cluster] = field(default_factory=dict)
    families: dict[str, list[TaskDefinition]] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)  # the latest of each family; counts on after a deletion
    tasks: dict[str, Task] = field(default_factory=dict)
    services: dict[tuple[str, str], Service] = field(default_factory=dict)
    tokens: dict[str, tuple[object, object]] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    providers: dict[str, CapacityProvider] = field(default_factory=dict)
    instances: dict[str, ContainerInstance] = field(default_factory=dict)
    gateways: dict[tuple[str, str], Gateway] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.providers = self.providers or fargate_providers(self.name)

    def find_cluster(self, name_or_arn: str | None) -> Cluster:
        """An active cluster.

        Raises
        ------
        AwsError
            ``ClusterNotFoundException``.
        """
        cluster = self.clusters.get(names.last_part(name_or_arn or "default"))
        if cluster is None or cluster.status == "INACTIVE":
            raise AwsError("ClusterNotFoundException", "Cluster not found.")
        return cluster

    def find_definition(self, reference: str) -> TaskDefinition | None:
        """A revision by ``family``, ``family:revision`` or ARN; the newest active one when no revision is named."""
        family, _, revision = names.last_part(reference).partition(":")
        revisions = self.families.get(family, [])
        if not revision:
            return next((each for each in reversed(revisions) if each.status == "ACTIVE"), None)
        return next((each for each in revisions if str(each.revision) == revision), None)

    def usable_definition(self, reference: str) -> TaskDefinition:
        """A revision that tasks can be started from.

        Raises
        ------
        AwsError
            ``ClientException``.
        """
        found = self.find_definition(reference)
        if found is None:
            raise AwsError("ClientException", "TaskDefinition not found.")
        if found.status != "ACTIVE":
            raise AwsError("ClientException", "TaskDefinition is inactive.")
        return found

    def find_service(self, cluster: Cluster, name_or_arn: str) -> Service:
        """A service that was not deleted.

        Raises
        ------
        AwsError
            ``ServiceNotFoundException``.
        """
        service = self.services.get((cluster.name, names.last_part(name_or_arn)))
        if service is None or service.status == "INACTIVE":
            raise AwsError("ServiceNotFoundException", "Service not found.")
        return service

    def find_task(self, cluster: Cluster, id_or_arn: str) -> Task | None:
        """A task of this cluster, running or lately stopped."""
        task = self.tasks.get(names.last_part(id_or_arn))
        return task if task is not None and task.cluster == cluster.name else None

    def tasks_of(self, service: Service) -> list[Task]:
        """The tasks of a service, stopped ones too, oldest first."""
        return [
            task for task in self.tasks.values() if task.service == service.name and task.cluster == service.cluster
        ]

    def cluster_counts(self, cluster: Cluster) -> Counter[str]:
        """How many tasks and services a cluster has, by the names of DescribeClusters' statistics."""
        counts: Counter[str] = Counter()
        for task in self.tasks.values():
            if task.cluster != cluster.name:
                continue
            kind = "Fargate" if task.launch_type == "FARGATE" else "EC2"
            counts[f"running{kind}TasksCount"] += task.status == "RUNNING"
            counts[f"pending{kind}TasksCount"] += task.status in ("PROVISIONING", "PENDING", "ACTIVATING")
        for service in self.services.values():
            if service.cluster == cluster.name and service.status in ("ACTIVE", "DRAINING"):
                kind = "Fargate" if service.primary.launch_type == "FARGATE" else "EC2"
                counts[f"{service.status.lower()}{kind}ServiceCount"] += 1
        return counts

    def describe_cluster(self, cluster: Cluster, include: list[str] | None) -> dict[str, Any]:
        """A cluster as DescribeClusters shows it."""
        own = [self.providers[name] for name in cluster.capacity_providers]
        registered = sum(
            each.cluster == cluster.name and each.status in ("ACTIVE", "DRAINING") for each in self.instances.values()
        )
        attached = [each for each in own if each.group_arn]
        return cluster.describe(self.cluster_counts(cluster), attached, include, instances=registered)

    def find_instance(self, cluster: Cluster, id_or_arn: str) -> ContainerInstance | None:
        """A container instance of this cluster, by its id or ARN."""
        found = self.instances.get(names.last_part(id_or_arn))
        return found if found is not None and found.cluster == cluster.name else None

    def find_deployment(self, arn: str) -> tuple[Service, Deployment] | None:
        """A service deployment by its ARN."""
        for service in self.services.values():
            for deployment in service.history:
                if service.deployment_arn(deployment) == arn:
                    return service, deployment
        return None


@dataclass
class Store:
    """ECS in all regions."""

    regions: dict[str, Region] = field(default_factory=dict)

    def region(self, name: str) -> Region:
        """One region, made when first asked for."""
        return self.regions.setdefault(name, Region(name))
