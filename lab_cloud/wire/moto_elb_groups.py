"""Make, change and delete target groups of moto's.

Every function must be called under the world's lock.
"""

import importlib
from collections.abc import Mapping
from typing import Any

from ..errors import AwsError
from . import moto_elb, moto_load
from .call import ACCOUNT
from .moto_apps import as_aws_error

SETTINGS = {
    # AWS's name: moto's
    "HealthCheckProtocol": "health_check_protocol",
    "HealthCheckPort": "health_check_port",
    "HealthCheckPath": "health_check_path",
    "HealthCheckIntervalSeconds": "health_check_interval_seconds",
    "HealthCheckTimeoutSeconds": "health_check_timeout_seconds",
    "HealthyThresholdCount": "healthy_threshold_count",
    "UnhealthyThresholdCount": "unhealthy_threshold_count",
    "HealthCheckEnabled": "health_check_enabled",
}


def create(region: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Make a target group; as CreateTargetGroup answers.

    Raises
    ------
    AwsError
        What moto finds wrong, in AWS's words.
    """
    enabled = params.get("HealthCheckEnabled")
    try:
        made = _backend(region).create_target_group(
            params["Name"],
            vpc_id=params.get("VpcId"),
            protocol=params.get("Protocol"),
            protocol_version=params.get("ProtocolVersion"),
            port=params.get("Port"),
            healthcheck_protocol=params.get("HealthCheckProtocol"),
            healthcheck_port=params.get("HealthCheckPort"),
            healthcheck_path=params.get("HealthCheckPath"),
            healthcheck_interval_seconds=params.get("HealthCheckIntervalSeconds"),
            healthcheck_timeout_seconds=params.get("HealthCheckTimeoutSeconds"),
            healthcheck_enabled=str(enabled).lower() if enabled is not None else None,
            healthy_threshold_count=params.get("HealthyThresholdCount"),
            unhealthy_threshold_count=params.get("UnhealthyThresholdCount"),
            matcher=params.get("Matcher"),
            ip_address_type=params.get("IpAddressType"),
            target_type=params.get("TargetType", "instance"),
            tags=params.get("Tags"),
        )
    except Exception as problem:
        known = as_aws_error(problem)
        if known is None:
            raise
        raise known from problem
    if made.health_check_protocol in ("HTTP", "HTTPS"):
        made.health_check_path = made.health_check_path or "/"
        if made.protocol not in ("HTTP", "HTTPS", None) and not params.get("Matcher"):
            made.matcher = {"HttpCode": "200-399"}
    described = moto_elb.describe_group(made, [])
    del described["LoadBalancerArns"]  # shown only by Describe
    return described


def modify(region: str, arn: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Change the health checks of a target group; as ModifyTargetGroup answers."""
    found = _backend(region).target_groups[arn]
    for name, own in SETTINGS.items():
        if params.get(name) is not None:
            setattr(found, own, params[name])
    if found.health_check_protocol in ("HTTP", "HTTPS"):
        found.health_check_path = found.health_check_path or "/"
        default = "200" if found.protocol in ("HTTP", "HTTPS", None) else "200-399"
        found.matcher = params.get("Matcher") or getattr(found, "matcher", None) or {"HttpCode": default}
    else:
        found.health_check_path, found.matcher = None, None
    return moto_elb.describe_group(found, moto_elb.users(region).get(arn, []))


def delete(region: str, arn: str) -> None:
    """Delete a target group; one that is not there is no error, as on AWS.

    Raises
    ------
    AwsError
        ``ResourceInUse`` while a listener or a rule forwards to it.
    """
    groups = _backend(region).target_groups
    if moto_elb.in_use(region, arn):
        raise AwsError("ResourceInUse", f"Target group '{arn}' is currently in use by a listener or a rule")
    groups.pop(arn, None)


def _backend(region: str) -> Any:
    moto_load.load()
    return importlib.import_module("moto.elbv2.models").elbv2_backends[ACCOUNT][region]
