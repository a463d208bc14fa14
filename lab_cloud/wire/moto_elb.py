"""Read load balancers from moto into plain dataclasses, and make what moto makes differently from AWS.

Every function must be called under the world's lock. As long as moto has not been loaded nothing is found, and nothing
is loaded.
"""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..elb.model import Balancing, HealthCheck, Listener, LoadBalancer, Stickiness, TargetGroup
from ..errors import AwsError
from . import moto_certificates, moto_ec2, moto_load, moto_rules
from .call import ACCOUNT

DAY = 24 * 3600
TERMINATE_ON_DEREGISTRATION = "deregistration_delay.connection_termination.enabled"
TERMINATE_ON_UNHEALTHY = "target_health_state.unhealthy.connection_termination.enabled"


def observe() -> Balancing:
    """All load balancers and target groups, of all regions."""
    balancers: list[LoadBalancer] = []
    groups: dict[str, TargetGroup] = {}
    for region, backend in _backends():
        for balancer in backend.load_balancers.values():
            _attach(region, balancer)
            balancers.append(_load_balancer(region, balancer))
        for group in backend.target_groups.values():
            if group.target_type != "lambda":
                groups[group.arn] = _target_group(region, group)
    return Balancing(tuple(balancers), groups)


def target_group(region: str, arn: str) -> TargetGroup | None:
    """One target group, or None."""
    backend = _backend(region)
    found = backend.target_groups.get(arn) if backend is not None else None
    return _target_group(region, found) if found is not None else None


def load_balancer(region: str, arn: str) -> LoadBalancer | None:
    """One load balancer, or None."""
    backend = _backend(region)
    found = backend.load_balancers.get(arn) if backend is not None else None
    return _load_balancer(region, found) if found is not None else None


def named(region: str, name: str) -> LoadBalancer | None:
    """The load balancer of this name, or None."""
    found = _named(region, name)
    return _load_balancer(region, found) if found is not None else None


def in_use(region: str, arn: str) -> bool:
    """Whether a listener or a rule forwards to this target group."""
    return bool(users(region).get(arn))


def users(region: str) -> dict[str, list[str]]:
    """Which load balancers forward to each target group, by ARNs."""
    found: dict[str, list[str]] = {}
    backend = _backend(region)
    for balancer in backend.load_balancers.values() if backend is not None else ():
        for listener in balancer.listeners.values():
            for arn in moto_rules.targets(listener):
                if balancer.arn not in found.setdefault(arn, []):
                    found[arn].append(balancer.arn)
    return found


def create_load_balancer(region: str, params: Mapping[str, Any], groups: list[str]) -> dict[str, Any]:
    """Make a load balancer of parameters that have been checked.

    Parameters
    ----------
    region : str
        Where.
    params : mapping
        As CreateLoadBalancer has them.
    groups : list of str
        Its security groups; the default group has been put in by the caller.

    Returns
    -------
    dict
        As CreateLoadBalancer answers.
    """
    backend = _backend(region)
    made = backend.create_load_balancer(
        name=params["Name"],
        security_groups=groups,
        subnet_ids=params.get("Subnets", []),
        subnet_mappings=params.get("SubnetMappings", []),
        scheme=params.get("Scheme", "internet-facing"),
        loadbalancer_type=params.get("Type", "application"),
        ip_address_type=params.get("IpAddressType", "ipv4"),
        tags=params.get("Tags"),
    )
    if made.scheme == "internal":
        made.dns_name = f"internal-{made.dns_name}"
    _attach(region, made)
    return describe_balancer(made)


def describe_named(region: str, name: str) -> dict[str, Any]:
    """The load balancer of this name, as CreateLoadBalancer answers."""
    return describe_balancer(_named(region, name))


def same_target_group(region: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """A target group of this name if its settings are those asked for, as CreateTargetGroup answers.

    Raises
    ------
    AwsError
        ``DuplicateTargetGroupName`` when the settings differ.
    """
    backend = _backend(region)
    found = [one for one in backend.target_groups.values() if one.name == params["Name"]] if backend else []
    if not found:
        return None
    group = found[0]
    asked = {
        "protocol": params.get("Protocol"),
        "port": params.get("Port"),
        "vpc_id": params.get("VpcId"),
        "target_type": params.get("TargetType", "instance"),
        "health_check_path": params.get("HealthCheckPath", group.health_check_path),
        "health_check_protocol": params.get("HealthCheckProtocol", group.health_check_protocol),
        "health_check_port": params.get("HealthCheckPort", group.health_check_port),
        "health_check_interval_seconds": params.get("HealthCheckIntervalSeconds", group.health_check_interval_seconds),
        "health_check_timeout_seconds": params.get("HealthCheckTimeoutSeconds", group.health_check_timeout_seconds),
        "healthy_threshold_count": params.get("HealthyThresholdCount", group.healthy_threshold_count),
        "unhealthy_threshold_count": params.get("UnhealthyThresholdCount", group.unhealthy_threshold_count),
    }
    if any(str(getattr(group, name)) != str(value) for name, value in asked.items()):
        raise AwsError(
            "DuplicateTargetGroupName",
            f"A target group with the same name '{group.name}' exists, but with different settings",
        )
    return describe_group(group, users(region).get(group.arn, []))


def protected(region: str, arn: str) -> bool:
    """Whether this load balancer must not be deleted."""
    backend = _backend(region)
    found = backend.load_balancers.get(arn) if backend is not None else None
    return found is not None and found.attrs.get("deletion_protection.enabled") == "true"


def detach(region: str, arn: str) -> None:
    """Delete the network interfaces of a load balancer that is about to be deleted."""
    backend = _backend(region)
    found = backend.load_balancers.get(arn) if backend is not None else None
    if found is None:
        return
    for eni, _address in found.__dict__.pop("lab_interfaces", {}).values():
        moto_ec2.delete_eni(region, eni)


def _attach(region: str, balancer: Any) -> None:
    # one interface in each subnet, in the load balancer's security groups; kept on moto's object, to go when it goes
    interfaces: dict[str, tuple[str, str]] = balancer.__dict__.setdefault("lab_interfaces", {})
    wanted = [place.id for place in balancer.subnets]
    groups = list(balancer.security_groups or [])
    if list(interfaces) == wanted and balancer.__dict__.get("lab_groups") == groups:
        return
    for gone in [place for place in interfaces if place not in wanted]:
        moto_ec2.delete_eni(region, interfaces.pop(gone)[0])
    for place in wanted:
        if place in interfaces:
            moto_ec2.set_eni_groups(region, interfaces[place][0], groups)
        else:
            full_name = balancer.arn.partition(":loadbalancer/")[2]
            made = moto_ec2.create_eni(region, place, groups, description=f"ELB {full_name}")
            interfaces[place] = (made.id, made.private_ip)
    balancer.lab_interfaces = {place: interfaces[place] for place in wanted}
    balancer.lab_groups = groups


def _backend(region: str) -> Any:
    if not moto_load.loaded():
        return None
    return importlib.import_module("moto.elbv2.models").elbv2_backends[ACCOUNT][region]


def _backends() -> Iterator[tuple[str, Any]]:
    if not moto_load.loaded():
        return
    backends = importlib.import_module("moto.elbv2.models").elbv2_backends
    for of_account in list(backends.values()):
        yield from list(of_account.items())


def _named(region: str, name: str) -> Any:
    backend = _backend(region)
    found = [one for one in backend.load_balancers.values() if one.name == name] if backend is not None else []
    return found[0] if found else None


def _load_balancer(region: str, balancer: Any) -> LoadBalancer:
    attributes = balancer.attrs
    interfaces: dict[str, tuple[str, str]] = balancer.__dict__.get("lab_interfaces", {})
    return LoadBalancer(
        arn=balancer.arn,
        name=balancer.name,
        dns_name=balancer.dns_name,
        region=region,
        kind=balancer.type,
        internal=balancer.scheme == "internal",
        vpc_id=balancer.vpc_id,
        subnets=tuple(place.id for place in balancer.subnets),
        groups=tuple(balancer.security_groups or ()),
        addresses=tuple(address for _eni, address in interfaces.values()),
        listeners=tuple(_listener(region, one) for one in balancer.listeners.values()),
        idle_timeout=float(attributes.get("idle_timeout.timeout_seconds", 60)),
        keep_alive=float(attributes.get("client_keep_alive.seconds", 3600)),
        preserve_host=attributes.get("routing.http.preserve_host_header.enabled") == "true",
        forwarded_for=attributes.get("routing.http.xff_header_processing.mode", "append"),
        forwarded_for_port=attributes.get("routing.http.xff_client_port.enabled") == "true",
        desync=attributes.get("routing.http.desync_mitigation_mode", "defensive"),
        drop_invalid=attributes.get("routing.http.drop_invalid_header_fields.enabled") == "true",
        tls_headers=attributes.get("routing.http.x_amzn_tls_version_and_cipher_suite.enabled") == "true",
    )


def _listener(region: str, found: Any) -> Listener:
    made = moto_rules.listener(found)
    if made.protocol not in ("HTTPS", "TLS"):
        return made
    protocols = moto_certificates.protocols_of(found.ssl_policy or "") or ()
    return replace(made, certificates=moto_certificates.of_listener(region, found), protocols=protocols)


def _target_group(region: str, group: Any) -> TargetGroup:
    matcher = (getattr(group, "matcher", None) or {}).get("HttpCode", "200")
    check = HealthCheck(
        enabled=bool(group.health_check_enabled),
        protocol=group.health_check_protocol or "HTTP",
        port=str(group.health_check_port or "traffic-port"),
        path=group.health_check_path or "/",
        matcher=str(matcher),
        interval=float(group.health_check_interval_seconds),
        timeout=float(group.health_check_timeout_seconds),
        healthy_threshold=int(group.healthy_threshold_count),
        unhealthy_threshold=int(group.unhealthy_threshold_count),
    )
    return TargetGroup(
        arn=group.arn,
        name=group.name,
        region=region,
        vpc_id=group.vpc_id or "",
        protocol=group.protocol or "HTTP",
        port=int(group.port or 0),
        target_type=group.target_type,
        check=check,
        deregistration_delay=float(group.attributes.get("deregistration_delay.timeout_seconds", 300)),
        algorithm=group.attributes.get("load_balancing.algorithm.type", "round_robin"),
        stickiness=_stickiness(group.attributes),
        preserve_client_ip=_preserves_client_ip(group),
        proxy_protocol=group.attributes.get("proxy_protocol_v2.enabled") == "true",
        terminate_on_deregistration=group.attributes.get(TERMINATE_ON_DEREGISTRATION) == "true",
        terminate_on_unhealthy=group.attributes.get(TERMINATE_ON_UNHEALTHY) != "false",
    )


def _preserves_client_ip(group: Any) -> bool:
    chosen = group.attributes.get("preserve_client_ip.enabled")
    if chosen is not None:
        return bool(chosen == "true")
    return group.target_type == "instance" or group.protocol not in ("TCP", "TLS")


def _stickiness(attributes: Mapping[str, Any]) -> Stickiness | None:
    kind = attributes.get("stickiness.type", "lb_cookie")
    if attributes.get("stickiness.enabled") != "true" or kind not in ("lb_cookie", "app_cookie", "source_ip"):
        return None
    seconds = attributes.get(f"stickiness.{kind}.duration_seconds", DAY)
    return Stickiness(kind, int(seconds), attributes.get("stickiness.app_cookie.cookie_name", ""))


def describe_balancer(balancer: Any) -> dict[str, Any]:
    """A load balancer as AWS shows it."""
    return {
        "LoadBalancerArn": balancer.arn,
        "DNSName": balancer.dns_name,
        "CanonicalHostedZoneId": balancer.canonical_hosted_zone_id,
        "CreatedTime": balancer.created_time,
        "LoadBalancerName": balancer.name,
        "Scheme": balancer.scheme,
        "VpcId": balancer.vpc_id,
        "State": {"Code": balancer.state},
        "Type": balancer.type,
        "AvailabilityZones": [{"ZoneName": one.availability_zone, "SubnetId": one.id} for one in balancer.subnets],
        "SecurityGroups": list(balancer.security_groups or []),
        "IpAddressType": balancer.ip_address_type,
    }


def describe_group(group: Any, balancers: list[str]) -> dict[str, Any]:
    """A target group as AWS shows it, with the load balancers that use it."""
    described = {
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.name,
        "Protocol": group.protocol,
        "Port": group.port,
        "VpcId": group.vpc_id,
        "HealthCheckProtocol": group.health_check_protocol,
        "HealthCheckPort": group.health_check_port,
        "HealthCheckEnabled": group.health_check_enabled,
        "HealthCheckIntervalSeconds": group.health_check_interval_seconds,
        "HealthCheckTimeoutSeconds": group.health_check_timeout_seconds,
        "HealthyThresholdCount": int(group.healthy_threshold_count),
        "UnhealthyThresholdCount": int(group.unhealthy_threshold_count),
        "HealthCheckPath": group.health_check_path,
        "Matcher": getattr(group, "matcher", None),
        "LoadBalancerArns": balancers,
        "TargetType": group.target_type,
        "ProtocolVersion": group.protocol_version,
        "IpAddressType": group.ip_address_type,
    }
    return {name: value for name, value in described.items() if value is not None}
