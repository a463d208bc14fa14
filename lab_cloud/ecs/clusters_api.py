"""Operations on clusters."""

import copy
from typing import Any

from ..errors import AwsError
from ..wire import Call
from . import names
from .capacity_api import provider_names
from .cluster import Cluster
from .paging import page
from .store import Region, Store
from .strategy import check_strategy, strategy_of
from .tags import tag_dict

IDEMPOTENT = ("settings", "configuration", "capacityProviders", "defaultCapacityProviderStrategy")
"""What must be as before when CreateCluster names a cluster that is there."""
MOST_DESCRIBED = 100
CREATED = ["TAGS", "SETTINGS", "CONFIGURATIONS", "ATTACHMENTS"]
INSIGHTS = ("enhanced", "enabled", "disabled")
"""What the setting containerInsights can be."""


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
        asked = {key: copy.deepcopy(params[key]) for key in IDEMPOTENT if params.get(key)}
        if found is not None and found.status == "ACTIVE":
            if any(found.created_with.get(key) != value for key, value in asked.items()):
                raise AwsError(
                    "InvalidParameterException",
                    "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
                )
            return {"cluster": region.describe_cluster(found, CREATED)}
        providers = provider_names(region, params.get("capacityProviders", []))
        strategy = strategy_of(params.get("defaultCapacityProviderStrategy", []))
        check_strategy(strategy, providers)
        cluster = Cluster(
            name=name,
            region=region.name,
            settings=_settings(region, params.get("settings"), []),
            configuration=params.get("configuration"),
            capacity_providers=providers,
            default_strategy=strategy,
            service_connect=params.get("serviceConnectDefaults"),
            tags=tag_dict(params.get("tags")),
            created_with=asked,
        )
        region.clusters[name] = cluster
        return {"cluster": region.describe_cluster(cluster, CREATED)}

    def describe_clusters(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeClusters."""
        region = self._region(call)
        if len(params.get("clusters", ())) > MOST_DESCRIBED:
            raise AwsError("InvalidParameterException", f"At most {MOST_DESCRIBED} clusters can be described at once.")
        found, failures = [], []
        for name in params.get("clusters") or ["default"]:
            cluster = region.clusters.get(names.last_part(name))
            if cluster is None:
                arn = name if name.startswith("arn:") else names.arn(region.name, f"cluster/{name}")
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                found.append(region.describe_cluster(cluster, params.get("include")))
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
        counts = region.cluster_counts(cluster)
        if counts["activeFargateServiceCount"] or counts["activeEC2ServiceCount"]:
            raise AwsError(
                "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."
            )
        if any(count for name, count in counts.items() if name.endswith("TasksCount")):
            raise AwsError("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
        cluster.status = "INACTIVE"
        return {"cluster": region.describe_cluster(cluster, None)}

    def update_cluster(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateCluster."""
        region = self._region(call)
        cluster = region.find_cluster(params["cluster"])
        cluster.settings = _settings(region, params.get("settings"), cluster.settings)
        cluster.configuration = params.get("configuration", cluster.configuration)
        cluster.service_connect = params.get("serviceConnectDefaults", cluster.service_connect)
        return {"cluster": region.describe_cluster(cluster, ["SETTINGS", "CONFIGURATIONS"])}

    def update_cluster_settings(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateClusterSettings."""
        region = self._region(call)
        cluster = region.find_cluster(params["cluster"])
        cluster.settings = _settings(region, params["settings"], cluster.settings)
        return {"cluster": region.describe_cluster(cluster, ["SETTINGS"])}


def _settings(region: Region, asked: list[dict[str, str]] | None, before: list[dict[str, str]]) -> list[dict[str, str]]:
    """A cluster's settings: what is asked for, what it had, or what the account has."""
    known = {"containerInsights": region.settings.get("containerInsights", "disabled")}
    known |= {each["name"]: each["value"] for each in before}
    for each in asked or ():
        value = each.get("value", "")
        if each.get("name") != "containerInsights" or value not in INSIGHTS:
            raise AwsError(
                "InvalidParameterException",
                f"The value '{value}' of the setting containerInsights is invalid. "
                f"Specify one of {', '.join(INSIGHTS)}, and try again.",
            )
        known["containerInsights"] = value
    return [{"name": name, "value": value} for name, value in known.items()]
