"""Operations on clusters."""

from typing import Any

from ..errors import AwsError
from ..wire import Call
from . import names
from .cluster import Cluster
from .paging import page
from .store import Region, Store
from .task import tag_dict

FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")


class ClusterOperations:
    """Create, describe, list, update and delete clusters."""

    _store: Store

    def _region(self, call: Call) -> Region:
        return self._store.region(call.region)

    def create_cluster(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateCluster; the same name again returns the cluster that is there."""
        region = self._region(call)
        name = params.get("clusterName", "default")
        names.check_name("cluster", name)
        found = region.clusters.get(name)
        if found is not None and found.status == "ACTIVE":
            return {"cluster": self._describe_cluster(region, found, ["TAGS", "SETTINGS", "CONFIGURATIONS"])}
        providers = params.get("capacityProviders", [])
        strategy = params.get("defaultCapacityProviderStrategy", [])
        _check_strategy(providers, strategy)
        cluster = Cluster(
            name=name,
            region=region.name,
            settings=params.get("settings") or [{"name": "containerInsights", "value": "disabled"}],
            configuration=params.get("configuration"),
            capacity_providers=providers,
            default_strategy=strategy,
            service_connect=params.get("serviceConnectDefaults"),
            tags=tag_dict(params.get("tags")),
        )
        region.clusters[name] = cluster
        return {"cluster": self._describe_cluster(region, cluster, ["TAGS", "SETTINGS", "CONFIGURATIONS"])}

    def describe_clusters(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeClusters."""
        region = self._region(call)
        found, failures = [], []
        for name in params.get("clusters") or ["default"]:
            cluster = region.clusters.get(names.last_part(name))
            if cluster is None:
                arn = name if name.startswith("arn:") else names.arn(region.name, f"cluster/{name}")
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                found.append(self._describe_cluster(region, cluster, params.get("include")))
        return {"clusters": found, "failures": failures}

    def list_clusters(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListClusters."""
        active = [each.arn for each in self._region(call).clusters.values() if each.status == "ACTIVE"]
        arns, token = page(active, params)
        return {"clusterArns": arns, "nextToken": token}

    def delete_cluster(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteCluster; refused while services or tasks are active."""
        region = self._region(call)
        cluster = region.find_cluster(params["cluster"])
        running, pending, services = region.cluster_counts(cluster)
        if services:
            raise AwsError(
                "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."
            )
        if running or pending:
            raise AwsError("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
        cluster.status = "INACTIVE"
        return {"cluster": self._describe_cluster(region, cluster, None)}

    def update_cluster(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateCluster."""
        region = self._region(call)
        cluster = region.find_cluster(params["cluster"])
        cluster.settings = params.get("settings", cluster.settings)
        cluster.configuration = params.get("configuration", cluster.configuration)
        cluster.service_connect = params.get("serviceConnectDefaults", cluster.service_connect)
        return {"cluster": self._describe_cluster(region, cluster, ["SETTINGS", "CONFIGURATIONS"])}

    def update_cluster_settings(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateClusterSettings."""
        region = self._region(call)
        cluster = region.find_cluster(params["cluster"])
        cluster.settings = params["settings"]
        return {"cluster": self._describe_cluster(region, cluster, ["SETTINGS"])}

    def put_cluster_capacity_providers(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutClusterCapacityProviders, with Fargate's own providers."""
        region = self._region(call)
        cluster = region.find_cluster(params["cluster"])
        _check_strategy(params["capacityProviders"], params["defaultCapacityProviderStrategy"])
        cluster.capacity_providers = params["capacityProviders"]
        cluster.default_strategy = params["defaultCapacityProviderStrategy"]
        return {"cluster": self._describe_cluster(region, cluster, None)}

    def describe_capacity_providers(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeCapacityProviders: Fargate's own two, which every account has."""
        wanted = [names.last_part(name) for name in params.get("capacityProviders") or FARGATE_PROVIDERS]
        found = [
            {
                "capacityProviderArn": names.arn(call.region, f"capacity-provider/{name}"),
                "name": name,
                "status": "ACTIVE",
                "tags": [],
            }
            for name in wanted
            if name in FARGATE_PROVIDERS
        ]
        failures = [{"arn": name, "reason": "MISSING"} for name in wanted if name not in FARGATE_PROVIDERS]
        return {"capacityProviders": found, "failures": failures}

    def _describe_cluster(self, region: Region, cluster: Cluster, include: list[str] | None) -> dict[str, Any]:
        running, pending, services = region.cluster_counts(cluster)
        return cluster.describe(running=running, pending=pending, services=services, include=include)


def _check_strategy(providers: list[str], strategy: list[dict[str, Any]]) -> None:
    for name in providers:
        if name not in FARGATE_PROVIDERS:
            raise AwsError(
                "InvalidParameterException",
                f"The specified capacity provider '{name}' was not found. "
                "The embedded cloud has FARGATE and FARGATE_SPOT so far.",
            )
    for item in strategy:
        if item["capacityProvider"] not in providers:
            raise AwsError(
                "InvalidParameterException",
                f"The capacity provider '{item['capacityProvider']}' of the strategy is not "
                "associated with the cluster.",
            )
