"""Attributes, tags and other settings that moto keeps for load balancers, target groups and listeners.

Every function must be called under the world's lock.
"""

import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from . import moto_elb_lists, moto_load
from .call import ACCOUNT


def balancer_attributes(region: str, arn: str) -> tuple[str, dict[str, Any]] | None:
    """A load balancer's type and what is set, to read and to change; None when there is none."""
    found = _backend(region).load_balancers.get(arn)
    return (str(found.type), found.attrs) if found is not None else None


def group_attributes(region: str, arn: str) -> dict[str, Any] | None:
    """What is set for a target group, to read and to change; None when there is none."""
    found = _backend(region).target_groups.get(arn)
    return found.attributes if found is not None else None


def listener_attributes(region: str, arn: str) -> tuple[str, dict[str, Any]] | None:
    """A listener's protocol and what is set, to read and to change; None when there is none."""
    found = _listener(region, arn)
    return (str(found.protocol), found.attributes) if found is not None else None


def modify_listener(region: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Change a Network Load Balancer's listener by parameters that have been checked; as ModifyListener answers.

    moto's own way knows TCP only.
    """
    found = _listener(region, params["ListenerArn"])
    found.port = params.get("Port", found.port)
    found.protocol = params.get("Protocol", found.protocol)
    found.ssl_policy = params.get("SslPolicy", found.ssl_policy)
    found.alpn_policy = params.get("AlpnPolicy", found.alpn_policy)
    if params.get("Certificates"):
        found.certificate = params["Certificates"][0]["CertificateArn"]
        found.certificates = [found.certificate, *found.certificates[1:]]
    if params.get("DefaultActions"):
        action = importlib.import_module("moto.elbv2.models").FakeAction
        found.default_actions = [action(dict(one)) for one in params["DefaultActions"]]
        found._default_rule[0].actions = found.default_actions
    return moto_elb_lists.describe_listener(found)


def exists(region: str, arn: str) -> bool:
    """Whether there is a load balancer, target group, listener or rule of this ARN."""
    backend = _backend(region)
    if arn in backend.load_balancers or arn in backend.target_groups:
        return True
    listeners = [one for balancer in backend.load_balancers.values() for one in balancer.listeners.values()]
    return any(arn == one.arn or any(arn == rule.arn for rule in one.rules.values()) for one in listeners)


def tags(region: str, arn: str) -> dict[str, str]:
    """The tags of a resource."""
    found: dict[str, str] = _backend(region).tagging_service.get_tag_dict_for_resource(arn)
    return found


def tag(region: str, arn: str, wanted: Mapping[str, str]) -> None:
    """Set tags of a resource."""
    _backend(region).tagging_service.tag_resource(arn, [{"Key": key, "Value": value} for key, value in wanted.items()])


def untag(region: str, arn: str, keys: Iterable[str]) -> None:
    """Remove tags of a resource."""
    _backend(region).tagging_service.untag_resource_using_names(arn, list(keys))


def set_groups(region: str, arn: str, groups: list[str]) -> None:
    """Put a load balancer into other security groups."""
    _backend(region).load_balancers[arn].security_groups = groups


def set_subnets(region: str, arn: str, subnets: Iterable[str]) -> list[dict[str, Any]]:
    """Put a load balancer into other subnets; as SetSubnets answers."""
    backend = _backend(region)
    found = backend.load_balancers[arn]
    found.subnets = [backend.ec2_backend.get_subnet(one) for one in subnets]
    return [{"ZoneName": one.availability_zone, "SubnetId": one.id} for one in found.subnets]


def set_address_type(region: str, arn: str, kind: str) -> None:
    """Note a load balancer's type of addresses."""
    _backend(region).load_balancers[arn].ip_address_type = kind


def _listener(region: str, arn: str) -> Any:
    for balancer in _backend(region).load_balancers.values():
        if arn in balancer.listeners:
            return balancer.listeners[arn]
    return None


def _backend(region: str) -> Any:
    moto_load.load()
    return importlib.import_module("moto.elbv2.models").elbv2_backends[ACCOUNT][region]
