"""What groups refuse. Pure, but for looking up subnets.

Follows https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html.
"""

from collections.abc import Mapping
from typing import Any

from ..errors import AwsError
from ..wire import moto_ec2, moto_instances
from .decide import POLICIES
from .launching import problem, resolve

UNSUPPORTED = {
    "MixedInstancesPolicy": "Mixed instances are not part of the embedded cloud. Use LaunchTemplate.",
    "InstanceId": "The embedded cloud makes no launch configuration from an instance. Use LaunchTemplate.",
    "LoadBalancerNames": "Classic Load Balancers are not part of the embedded cloud. Use TargetGroupARNs.",
    "LifecycleHookSpecificationList": "Lifecycle hooks are not part of the embedded cloud.",
}


def invalid(message: str) -> AwsError:
    """The service's error for bad input."""
    return AwsError("ValidationError", message)


def check_sizes(least: int, most: int, desired: int | None) -> None:
    """Whether the three numbers of a group go together.

    Parameters
    ----------
    least, most : int
        The bounds, in instances.
    desired : int or None
        How many are wanted; None when the call does not say.

    Raises
    ------
    AwsError
        ``ValidationError``.
    """
    if least < 0 or most < 0:
        raise invalid("Min and max size must not be negative.")
    if least > most:
        raise invalid(f"Max bound, {most}, must be greater than or equal to min bound, {least}")
    if desired is not None and not least <= desired <= most:
        raise invalid(f"Desired capacity:{desired} must be between the specified min size:{least} and max size:{most}")


def check_settings(params: Mapping[str, Any]) -> None:
    """Refuse what AWS refuses, and what the embedded cloud does not have."""
    for name, why in UNSUPPORTED.items():
        if params.get(name):
            raise invalid(why)
    for policy in params.get("TerminationPolicies") or ():
        if policy not in POLICIES:
            raise invalid(f"{policy} is not a valid termination policy. Use one of {', '.join(POLICIES)}.")
    if params.get("HealthCheckType") not in (None, "EC2", "ELB"):
        kinds = "EC2 and ELB"
        raise invalid(f"The health check type {params['HealthCheckType']} is not one of {kinds}.")


def check_source(region: str, settings: Mapping[str, Any], configurations: Mapping[str, dict[str, Any]]) -> None:
    """Refuse a launch template or configuration with which nothing can be launched.

    Raises
    ------
    AwsError
        ``ValidationError``.
    """
    sources = [key for key in ("LaunchTemplate", "LaunchConfigurationName") if settings.get(key)]
    if len(sources) != 1:
        raise invalid(
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or "
            "MixedInstancesPolicy parameter."
        )
    name = settings.get("LaunchConfigurationName")
    if name:
        if name not in configurations:
            raise invalid(f"Launch configuration name not found - Launch configuration {name} not found")
        data: Mapping[str, Any] = configurations[name]
    else:
        try:
            template = resolve(region, settings)
        except AwsError as error:
            raise invalid(f"You must use a valid fully-formed launch template. {error.message}") from error
        assert template is not None
        data = template.data
    why = problem(region, data)
    if why:
        start = "You must use a valid fully-formed launch template. "
        raise invalid(why if name or why.startswith(start) else start + why)


def places(region: str, settings: Mapping[str, Any]) -> dict[str, list[str]]:
    """The subnets of each Availability Zone of a group.

    Raises
    ------
    AwsError
        ``ValidationError`` when it names no place, or one that does not exist.
    """
    asked = [name.strip() for name in (settings.get("VPCZoneIdentifier") or "").split(",") if name.strip()]
    zones = settings.get("AvailabilityZones") or []
    if not asked and not zones:
        raise invalid("At least one Availability Zone or VPC Subnet is required.")
    names = asked or moto_instances.default_subnets(region, zones)
    found: dict[str, list[str]] = {}
    for name in names:
        subnet = moto_ec2.subnet(region, name)
        if subnet is None:
            raise invalid(f"The subnet ID '{name}' does not exist")
        found.setdefault(subnet.zone, []).append(name)
    missing = [zone for zone in zones if zone not in found]
    if missing:
        raise invalid(f"The Availability Zones of the specified subnets and the Auto Scaling group do not match: "
                      f"there is no subnet in {', '.join(missing)}.")  # fmt: skip
    return found
