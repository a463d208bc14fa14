"""Operations on capacity providers."""

from collections.abc import Sequence
from typing import Any

from ..errors import AwsError
from ..wire import Call
from . import names
from .capacity_provider import CapacityProvider
from .outside import AutoScaling, ScalingGroup
from .paging import page
from .store import Region, Store
from .strategy import FARGATE_PROVIDERS, check_strategy, strategy_of
from .tags import tag_dict

RESERVED_PREFIXES = ("aws", "ecs", "fargate")
MOST_DESCRIBED = 100
MOST_A_PAGE = 10
MOST_A_CLUSTER = 20


class CapacityOperations:
    """Create, describe, update and delete capacity providers, and associate them with clusters."""

    _store: Store
    _auto_scaling: AutoScaling

    def create_capacity_provider(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateCapacityProvider, for an Auto Scaling group that exists."""
        region = self._store.region(call.region)
        name = params["name"]
        _check_name(name)
        if "managedInstancesProvider" in params:
            raise AwsError(
                "UnsupportedFeatureException",
                "Amazon ECS Managed Instances are not part of the embedded cloud. On AWS they exist; use FARGATE, or "
                "the provider of an Auto Scaling group, here.",
            )
        asked = params.get("autoScalingGroupProvider")
        if not asked:
            raise _client("A capacity provider needs an autoScalingGroupProvider.")
        known = region.providers.get(name)
        if known is not None and known.status == "ACTIVE":
            raise _client(
                "The specified capacity provider already exists. To change the configuration of an existing capacity "
                "provider, update the capacity provider."
            )
        group = self._auto_scaling.group(region.name, asked["autoScalingGroupArn"])
        if group is None:
            raise _client(
                f"The specified Auto Scaling group '{asked['autoScalingGroupArn']}' does not exist. "
                "Specify the ARN of an existing group and try again."
            )
        if any(each.group_arn == group.arn and each.status == "ACTIVE" for each in region.providers.values()):
            raise _client(
                "The specified Auto Scaling group ARN is already being used by another capacity provider. Specify a "
                "unique Auto Scaling group ARN and try again."
            )
        made = CapacityProvider(name, region.name, group.arn, tags=tag_dict(params.get("tags")))
        made.settle(asked)
        _check_settings(made)
        _check_protection(made, group)
        region.providers[name] = made
        return {"capacityProvider": made.describe(with_tags=True)}

    def update_capacity_provider(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateCapacityProvider; the Auto Scaling group stays the one that it was created with."""
        region = self._store.region(call.region)
        found = _find_own(region, params["name"], "updated")
        asked = params.get("autoScalingGroupProvider")
        if not asked:
            raise _client("Nothing to update: autoScalingGroupProvider is missing.")
        changed = CapacityProvider(found.name, found.region, found.group_arn)
        changed.scaling, changed.termination_protection = found.scaling, found.termination_protection
        changed.settle(asked)
        _check_settings(changed)
        group = self._auto_scaling.group(region.name, found.group_arn)
        if group is not None:
            _check_protection(changed, group)
        found.settle(asked)
        found.policy_target = 0
        found.update_status = "UPDATE_COMPLETE"
        return {"capacityProvider": found.describe(with_tags=True)}

    def delete_capacity_provider(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteCapacityProvider; refused while a cluster or a service uses it."""
        region = self._store.region(call.region)
        found = _find_own(region, params["capacityProvider"], "deleted")
        for cluster in region.clusters.values():
            if cluster.status == "ACTIVE" and found.name in cluster.capacity_providers:
                raise _client(
                    f"The capacity provider cannot be deleted because it is associated with cluster: {cluster.name}. "
                    "Remove the capacity provider from the cluster and try again."
                )
        found.status, found.update_status = "INACTIVE", "DELETE_COMPLETE"
        return {"capacityProvider": found.describe(with_tags=True)}

    def describe_capacity_providers(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeCapacityProviders: by name, of a cluster, or all."""
        region = self._store.region(call.region)
        references = params.get("capacityProviders") or []
        if len(references) > MOST_DESCRIBED:
            raise AwsError(
                "InvalidParameterException", f"At most {MOST_DESCRIBED} capacity providers can be described at once."
            )
        known = region.providers
        if params.get("cluster"):
            associated = region.find_cluster(params["cluster"]).capacity_providers
            known = {name: known[name] for name in associated}
        found, failures = [], []
        for reference in references or [name for name, each in known.items() if each.status == "ACTIVE"]:
            each = known.get(names.last_part(reference))
            if each is not None:
                found.append(each.describe(with_tags="TAGS" in params.get("include", ())))
            else:
                arn = names.arn(region.name, f"capacity-provider/{reference}")
                failures.append({"arn": reference if reference.startswith("arn:") else arn, "reason": "MISSING"})
        shown, token = page(found, params, MOST_A_PAGE)
        return {"capacityProviders": shown, "failures": failures, "nextToken": token}

    def put_cluster_capacity_providers(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutClusterCapacityProviders; a provider in use cannot be taken away."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params["cluster"])
        providers = provider_names(region, params["capacityProviders"])
        strategy = strategy_of(params["defaultCapacityProviderStrategy"])
        check_strategy(strategy, providers)
        for name in cluster.capacity_providers:
            if name not in providers and _in_use(region, cluster.name, name):
                raise AwsError(
                    "ResourceInUseException", "The specified capacity provider is in use and cannot be removed."
                )
        cluster.capacity_providers, cluster.default_strategy = providers, strategy
        return {"cluster": region.describe_cluster(cluster, ["ATTACHMENTS", "SETTINGS", "TAGS"])}


def provider_names(region: Region, references: Sequence[str]) -> list[str]:
    """The names of capacity providers that a cluster is to have.

    Raises
    ------
    AwsError
        ``InvalidParameterException`` when one of them does not exist.
    """
    found = []
    for reference in references:
        known = region.providers.get(names.last_part(reference))
        if known is None or known.status != "ACTIVE":
            raise AwsError(
                "InvalidParameterException",
                f"The specified capacity provider '{reference}' was not found. Specify a valid name or ARN and try "
                "again.",
            )
        if known.name not in found:
            found.append(known.name)
    if len(found) > MOST_A_CLUSTER:
        raise AwsError(
            "InvalidParameterException", "The maximum number of capacity providers per cluster has been exceeded."
        )
    return found


def _check_name(name: str) -> None:
    if not names.NAME.match(name) or name.lower().startswith(RESERVED_PREFIXES):
        raise _client(
            f"The capacity provider name '{name}' is invalid. Up to 255 characters are allowed, including letters "
            "(upper and lowercase), numbers, underscores, and hyphens. The name can't be prefixed with 'aws', 'ecs', "
            "or 'fargate'."
        )


def _check_settings(provider: CapacityProvider) -> None:
    smallest, largest = provider.scaling["minimumScalingStepSize"], provider.scaling["maximumScalingStepSize"]
    if smallest > largest:
        raise _client(
            f"minimumScalingStepSize ({smallest}) must not be greater than maximumScalingStepSize ({largest})."
        )
    if provider.termination_protection == "ENABLED" and not provider.scales:
        raise _client(
            "The managed termination protection setting for the capacity provider is invalid. To enable managed "
            "termination protection for a capacity provider, managed scaling must be enabled."
        )


def _check_protection(provider: CapacityProvider, group: ScalingGroup) -> None:
    if provider.termination_protection == "ENABLED" and not group.protects:
        raise _client(
            "The managed termination protection setting for the capacity provider is invalid. To enable managed "
            "termination protection for a capacity provider, the Auto Scaling group must have instance protection from "
            "scale in enabled."
        )


def _find_own(region: Region, reference: str, verb: str) -> CapacityProvider:
    name = names.last_part(reference)
    if name in FARGATE_PROVIDERS:
        raise _client(f"The capacity provider {name} is reserved and cannot be {verb}.")
    found = region.providers.get(name)
    if found is None or found.status != "ACTIVE":
        raise _client("The specified capacity provider does not exist. Specify a valid name or ARN and try again.")
    return found


def _in_use(region: Region, cluster: str, name: str) -> bool:
    tasks = any(
        task.cluster == cluster and task.capacity_provider == name and task.status != "STOPPED"
        for task in region.tasks.values()
    )
    return tasks or any(
        service.cluster == cluster
        and service.status == "ACTIVE"
        and any(item["capacityProvider"] == name for item in service.primary.strategy)
        for service in region.services.values()
    )


def _client(message: str) -> AwsError:
    return AwsError("ClientException", message)
