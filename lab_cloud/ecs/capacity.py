"""Where tasks of a call or of a service run: a launch type, or a capacity provider strategy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import AwsError
from .cluster import Cluster
from .placer import candidates
from .store import Region
from .strategy import check_strategy, is_fargate, strategy_of
from .task_definition import TaskDefinition

NO_INSTANCES = "No Container Instances were found in your cluster."
NO_PROVIDED_INSTANCES = "No Container Instances were found in your capacity provider."


@dataclass(frozen=True)
class Capacity:
    """Where tasks run.

    Parameters
    ----------
    launch_type : str
        FARGATE or EC2.
    strategy : tuple of dict
        The capacity provider strategy; empty for a plain launch type.
    """

    launch_type: str
    strategy: tuple[dict[str, Any], ...] = ()


def capacity_of(params: Mapping[str, Any], cluster: Cluster) -> Capacity:
    """The capacity that a call asks for: its own, the cluster's default strategy, or EC2.

    Raises
    ------
    AwsError
        ``InvalidParameterException``, or ``UnsupportedFeatureException`` for what the embedded cloud does not have.
    """
    if params.get("launchType") and params.get("capacityProviderStrategy"):
        raise AwsError(
            "InvalidParameterException",
            "Specifying both a launch type and capacity provider strategy is not supported.",
        )
    launch_type = params.get("launchType")
    if launch_type in ("EXTERNAL", "MANAGED_INSTANCES"):
        raise AwsError(
            "UnsupportedFeatureException", f"The launch type {launch_type} is not part of the embedded cloud."
        )
    if launch_type:
        return Capacity(str(launch_type))
    strategy = strategy_of(params.get("capacityProviderStrategy") or cluster.default_strategy)
    if not strategy:
        return Capacity("EC2")
    check_strategy(strategy, cluster.capacity_providers)
    return Capacity("FARGATE" if is_fargate(strategy) else "EC2", tuple(strategy))


def check_definition(capacity: Capacity, definition: TaskDefinition) -> None:
    """Refuse a task definition that cannot run there.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    if capacity.launch_type == "FARGATE" and "FARGATE" not in definition.compatibilities:
        raise AwsError("InvalidParameterException", "Task definition does not support launch_type FARGATE.")


def why_nowhere(region: Region, capacity: Capacity, cluster: Cluster) -> str:
    """Why not even a waiting task can be made; empty when it can.

    A task of an Auto Scaling group's provider waits, PROVISIONING, for an instance that managed scaling brings; without
    managed scaling, and for the plain launch type EC2, nothing will ever bring one.
    """
    if capacity.launch_type == "FARGATE":
        return ""
    if not capacity.strategy:
        return "" if candidates(region, cluster) else NO_INSTANCES
    names = [item["capacityProvider"] for item in capacity.strategy]
    lost = [name for name in names if region.providers[name].groupless]
    if len(lost) == len(names):
        return f"The Auto Scaling group of the capacity provider {lost[0]} does not exist any more."
    if any(region.providers[name].scales or candidates(region, cluster, name) for name in names):
        return ""
    return NO_PROVIDED_INSTANCES


def waits(region: Region, provider: str) -> bool:
    """Whether a task of this provider may wait for an instance: managed scaling will bring one."""
    return bool(provider) and region.providers[provider].scales
