"""What CreateService and UpdateService may ask for: defaults, refusals, and what is only described. Pure.

Follows CreateService, UpdateService and DeploymentConfiguration of the Amazon ECS API Reference.
"""

import copy
from collections.abc import Mapping
from typing import Any

from ..errors import AwsError
from .query import BadQuery, parse

DEFAULT_CONFIGURATION = {
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "strategy": "ROLLING",
    "bakeTimeInMinutes": 0,
}
DAEMON_CONFIGURATION = {**DEFAULT_CONFIGURATION, "maximumPercent": 100, "minimumHealthyPercent": 0}
DEFAULT_SETTINGS: dict[str, Any] = {
    "schedulingStrategy": "REPLICA",
    "deploymentController": {"type": "ECS"},
    "enableECSManagedTags": False,
    "propagateTags": "NONE",
    "enableExecuteCommand": False,
    "placementConstraints": [],
    "placementStrategy": [],
}
"""What a service has of its own, beside its deployments."""
DEPLOYED = ("serviceConnectConfiguration", "vpcLatticeConfigurations", "serviceRegistries", "volumeConfigurations")
"""What belongs to a deployment, and is shown as it was given."""
STARTS_DEPLOYMENT = (
    "taskDefinition",
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    *DEPLOYED,
)
"""What starts a deployment when UpdateService changes it."""


def settings_of(
    params: Mapping[str, Any], before: Mapping[str, Any], configuration: Mapping[str, Any]
) -> dict[str, Any]:
    """A service's own settings after a call.

    Parameters
    ----------
    params : dict
        The call's input.
    before : dict
        The settings so far; empty for a new service.
    configuration : dict
        The deployment configuration after the call.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    settings = {**DEFAULT_SETTINGS, **before}
    settings.update({key: copy.deepcopy(params[key]) for key in DEFAULT_SETTINGS if key in params})
    can_rebalance = configuration["maximumPercent"] > 100
    asked = params.get("availabilityZoneRebalancing")
    if asked == "ENABLED" and not can_rebalance:
        raise _invalid("Availability Zone rebalancing needs a maximumPercent greater than 100.")
    fallback = before.get("availabilityZoneRebalancing") or ("ENABLED" if can_rebalance else "DISABLED")
    settings["availabilityZoneRebalancing"] = asked or fallback
    return settings


def configuration_of(asked: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The deployment configuration after a call.

    Raises
    ------
    AwsError
        ``InvalidParameterException`` when the percentages leave no room to deploy.
    """
    configuration = {**copy.deepcopy(dict(before)), **copy.deepcopy(dict(asked))}
    low, high = configuration["minimumHealthyPercent"], configuration["maximumPercent"]
    if low < 0 or high < low or high < 100 or (low == 100 == high):
        raise _invalid(
            f"Invalid deployment configuration: minimumHealthyPercent {low} and maximumPercent {high} leave no room "
            "to deploy. The maximum must be at least 100 and greater than the minimum."
        )
    return configuration


def desired_of(params: Mapping[str, Any], strategy: str, before: int | None) -> int:
    """The desired count after a call; a daemon's follows from its container instances.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    if strategy == "DAEMON":
        if params.get("desiredCount"):
            raise _invalid(
                "The daemon scheduling strategy does not support a desired count for services. Remove it and try again."
            )
        return 0
    desired = params.get("desiredCount", before)
    if desired is None:
        raise _invalid("Desired count is required for the REPLICA scheduling strategy.")
    if desired < 0:
        raise _invalid("Desired count can not be negative.")
    return int(desired)


def check_supported(params: Mapping[str, Any]) -> None:
    """Refuse what the embedded cloud cannot do and must not pretend.

    Raises
    ------
    AwsError
        ``UnsupportedFeatureException``, or ``InvalidParameterException`` for what AWS refuses too.
    """
    controller = params.get("deploymentController", {}).get("type", "ECS")
    if controller != "ECS":
        raise _unsupported(f"The embedded cloud does not simulate the deployment controller {controller}.")
    if params.get("gatewayConnectors"):
        raise _unsupported("Amazon ECS gateways are not part of the embedded cloud. Use loadBalancers.")


def check_placement(params: Mapping[str, Any], launch_type: str) -> None:
    """Refuse placement rules where AWS alone decides where tasks go.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    check_rules(params)
    if launch_type == "FARGATE":
        if params.get("schedulingStrategy") == "DAEMON":
            raise _invalid("The DAEMON scheduling strategy is not supported by Fargate.")
        for key, name in (("placementConstraints", "constraints"), ("placementStrategy", "strategies")):
            if params.get(key):
                raise _invalid(f"Placement {name} are not supported with FARGATE launch type.")
    elif params.get("platformVersion"):
        raise _invalid("The platform version must be null when specifying an EC2 launch type.")


def check_rules(params: Mapping[str, Any]) -> None:
    """Refuse placement constraints and strategies that ECS refuses.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    for one in params.get("placementStrategy") or ():
        kind, subject = one.get("type", ""), one.get("field", "")
        if kind not in ("random", "spread", "binpack"):
            raise _invalid(f"Invalid placement strategy type: {kind}.")
        if kind == "binpack" and subject.lower() not in ("cpu", "memory"):
            raise _invalid("The field of a binpack placement strategy must be cpu or memory.")
        if kind == "spread" and subject not in ("instanceId", "host") and not subject.startswith("attribute:"):
            raise _invalid("The field of a spread placement strategy must be instanceId, host or attribute:NAME.")
    for one in params.get("placementConstraints") or ():
        if one.get("type") == "distinctInstance":
            continue
        if one.get("type") != "memberOf":
            raise _invalid(f"Invalid placement constraint type: {one.get('type')}.")
        try:
            parse(one.get("expression", ""))
        except BadQuery as bad:
            raise _invalid(f"Invalid expression in placement constraint '{one.get('expression', '')}': {bad}.") from bad
    if params.get("schedulingStrategy") == "DAEMON":
        if params.get("placementStrategy"):
            raise _invalid("The daemon scheduling strategy does not support placement strategies.")
        if any(one.get("type") == "distinctInstance" for one in params.get("placementConstraints") or ()):
            raise _invalid("The daemon scheduling strategy does not support the distinctInstance constraint.")


def described_only(configuration: Mapping[str, Any], deployed: Mapping[str, Any], *, shifts: bool = False) -> list[str]:
    """What a deployment asks for and the embedded cloud only keeps and shows, in words.

    Parameters
    ----------
    configuration : dict
        The deployment configuration.
    deployed : dict
        Those of `DEPLOYED` that were given.
    shifts : bool
        Whether traffic is really shifted: a canary deployment between two target groups of one listener rule.
    """
    found = []
    if configuration["strategy"] != "ROLLING" and not shifts:
        found.append(f"the deployment strategy {configuration['strategy']} (tasks are replaced as with ROLLING)")
    if configuration.get("bakeTimeInMinutes") and not shifts:
        found.append("the bake time")
    if configuration.get("lifecycleHooks"):
        found.append("deployment lifecycle hooks (they are not called)")
    if configuration.get("alarms", {}).get("enable") and not shifts:
        found.append("deployment alarms (nothing watches them)")
    if configuration.get("earlySuccessCriteria", {}).get("enable"):
        found.append("early success criteria")
    if deployed.get("serviceConnectConfiguration", {}).get("enabled"):
        found.append("Service Connect (no proxy runs beside the tasks)")
    if deployed.get("serviceRegistries"):
        found.append("service discovery (nothing is registered in AWS Cloud Map)")
    if deployed.get("vpcLatticeConfigurations"):
        found.append("VPC Lattice")
    return found


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def _unsupported(message: str) -> AwsError:
    return AwsError("UnsupportedFeatureException", message)
