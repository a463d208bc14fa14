"""ELBv2 operations that moto answers differently from AWS, or not at all; moto answers the others.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/Welcome.html
"""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ..errors import AwsError
from ..wire import FORWARD, Answer, Call, moto_certificates, moto_ec2, moto_elb, moto_elb_settings
from . import health
from .actions import check_actions
from .attributes_api import AttributeOperations
from .certificates_api import CertificateOperations, check_security
from .describe_api import DescribeOperations
from .groups_api import GroupOperations
from .listener_checks import check_groups_fit, check_listener
from .model import LoadBalancer, TargetGroup
from .places import check_groups, check_ipv6, check_subnets
from .reconciler import Elb
from .refusals_api import RefusedOperations
from .rules_api import RuleOperations
from .settings_api import SettingOperations
from .tags_api import TagOperations, check_tags
from .targets import TargetState

NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")
OUTSIDE_VPC = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"))
MOST_TARGETS = 1000


class ElbApi(
    RuleOperations,
    AttributeOperations,
    CertificateOperations,
    DescribeOperations,
    TagOperations,
    RefusedOperations,
    GroupOperations,
    SettingOperations,
):
    """The overrides, one method an operation.

    Parameters
    ----------
    elb : Elb
        Whose targets they are.
    """

    def __init__(self, elb: Elb) -> None:
        self._elb = elb

    # load balancers

    def create_load_balancer(self, call: Call, params: dict[str, Any]) -> Answer:
        """Check what moto does not, then create."""
        kind = params.get("Type", "application")
        _check_name(params["Name"])
        check_tags(params.get("Tags") or [])
        subnets = [*params.get("Subnets", []), *(one["SubnetId"] for one in params.get("SubnetMappings", []))]
        vpc = check_subnets(call.region, subnets, kind)
        groups = check_groups(call.region, params.get("SecurityGroups", []), vpc)
        if not groups and kind == "application":
            default = moto_ec2.default_group(call.region, vpc)
            groups = [default] if default else []
        if params.get("IpAddressType", "ipv4") != "ipv4":
            check_ipv6(call.region, subnets)
        internal = params.get("Scheme") == "internal"
        if not internal and not moto_ec2.has_internet_gateway(call.region, vpc):
            raise AwsError("InvalidSubnet", f"VPC {vpc} has no internet gateway")
        existing = moto_elb.named(call.region, params["Name"])
        if existing is None:
            return {"LoadBalancers": [moto_elb.create_load_balancer(call.region, params, groups)]}
        same = LoadBalancer(
            existing.arn, existing.name, existing.dns_name, kind=kind, internal=internal, subnets=tuple(subnets),
            groups=tuple(groups),
        )  # fmt: skip
        if _settings(existing) != _settings(same):
            text = f"A load balancer with the same name '{existing.name}' exists, but with different settings"
            raise AwsError("DuplicateLoadBalancerName", text)
        return {"LoadBalancers": [moto_elb.describe_named(call.region, existing.name)]}

    def delete_load_balancer(self, call: Call, params: dict[str, Any]) -> Answer:
        """Free its addresses; refuse when it is protected."""
        arn = params["LoadBalancerArn"]
        if moto_elb.protected(call.region, arn):
            text = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
            raise AwsError("OperationNotPermitted", text)
        moto_elb.detach(call.region, arn)
        return FORWARD

    # listeners

    def create_listener(self, call: Call, params: dict[str, Any]) -> Answer:
        """Refuse a port that is taken, and a target group that does not fit."""
        arn = params["LoadBalancerArn"]
        balancer = moto_elb.load_balancer(call.region, arn)
        if balancer is None:
            raise AwsError("LoadBalancerNotFound", f"Load balancer '{arn}' not found")
        check_listener(balancer, params.get("Port"), params.get("Protocol"))
        check_tags(params.get("Tags") or [])
        protocol = params.get("Protocol", "")
        check_security(call.region, protocol, params)
        check_actions(call.region, balancer, protocol, params["DefaultActions"])
        check_groups_fit(call.region, protocol, params["DefaultActions"])
        return FORWARD

    def modify_listener(self, call: Call, params: dict[str, Any]) -> Answer:
        """Refuse a target group that does not fit."""
        balancer = moto_elb.load_balancer(call.region, _balancer_of(params["ListenerArn"]))
        if balancer is None:
            raise AwsError("ListenerNotFound", "One or more listeners not found")
        protocol = params.get("Protocol") or _protocol_of(balancer, params["ListenerArn"])
        if params.get("Port") is not None or params.get("Protocol"):
            known = [one for one in balancer.listeners if one.arn == params["ListenerArn"]]
            ports = [one.port for one in known]
            check_listener(balancer, params.get("Port", *ports), protocol, params["ListenerArn"])
            if not params.get("DefaultActions"):
                kept = [{"TargetGroupArn": arn} for one in known for arn in one.targets]
                check_groups_fit(call.region, protocol, kept)
        has_certificate = moto_certificates.default(call.region, params["ListenerArn"]) is not None
        check_security(call.region, protocol, params, has_certificate=has_certificate)
        if params.get("DefaultActions"):
            check_actions(call.region, balancer, protocol, params["DefaultActions"])
            check_groups_fit(call.region, protocol, params["DefaultActions"])
        if balancer.kind == "network":
            return {"Listeners": [moto_elb_settings.modify_listener(call.region, params)]}
        return FORWARD

    # targets

    def register_targets(self, call: Call, params: dict[str, Any]) -> Answer:
        """Register targets, all or none."""
        group = _group(call.region, params["TargetGroupArn"])
        targets = params.get("Targets", [])
        known = self._elb.targets.states(group.arn)
        if len(known) + len(targets) > MOST_TARGETS:
            raise AwsError("TooManyTargets", f"A target group has at most {MOST_TARGETS} targets.")
        if group.target_type == "alb" and len({state.ip for state in known} | {one["Id"] for one in targets}) > 1:
            raise AwsError("TooManyTargets", "A target group with the target type 'alb' has at most one target.")
        for target in targets:
            _check_target(call.region, group, target)
        for target in targets:
            self._elb.targets.register(
                group.arn, target["Id"], int(target.get("Port", group.port)), target.get("AvailabilityZone")
            )
        return {}

    def deregister_targets(self, call: Call, params: dict[str, Any]) -> Answer:
        """Begin to drain targets; a target that is not there is no error, as on AWS."""
        group = _group(call.region, params["TargetGroupArn"])
        for target in params.get("Targets", []):
            port = target.get("Port")
            self._elb.targets.deregister(group.arn, target["Id"], int(port) if port is not None else None)
        return {}

    def describe_target_health(self, call: Call, params: dict[str, Any]) -> Answer:
        """The real health of all targets, or of those asked for."""
        group = _group(call.region, params["TargetGroupArn"])
        states = self._elb.targets.states(group.arn)
        asked = params.get("Targets")
        if asked:
            by_place = {(state.ip, state.port): state for state in states}
            states = [_asked_for(by_place, group, target) for target in asked]
        with_anomalies = bool({"AnomalyDetection", "All"} & set(params.get("Include", [])))
        return {"TargetHealthDescriptions": [_describe(state, with_anomalies) for state in states]}


def _check_name(name: str) -> None:
    if len(name) > 32:
        raise AwsError("ValidationError", f"The load balancer name '{name}' cannot be longer than '32' characters")
    if not NAME.fullmatch(name):
        raise AwsError(
            "ValidationError",
            f"The load balancer name '{name}' can only contain characters that are alphanumeric characters and "
            "hyphens(-), and cannot begin or end with a hyphen",
        )
    if name.startswith("internal-"):
        raise AwsError("ValidationError", f"The load balancer name '{name}' cannot begin with 'internal-'")


def _settings(balancer: LoadBalancer) -> tuple[object, ...]:
    return balancer.kind, balancer.internal, sorted(balancer.subnets), sorted(balancer.groups)


def _balancer_of(listener_arn: str) -> str:
    return listener_arn.replace(":listener/", ":loadbalancer/").rpartition("/")[0]


def _protocol_of(balancer: LoadBalancer, listener_arn: str) -> str:
    return next((one.protocol for one in balancer.listeners if one.arn == listener_arn), "")


def _group(region: str, arn: str) -> TargetGroup:
    found = moto_elb.target_group(region, arn)
    if found is None:
        raise AwsError("TargetGroupNotFound", "One or more target groups not found")
    return found


def _check_target(region: str, group: TargetGroup, target: Mapping[str, Any]) -> None:
    name = target["Id"]
    if group.target_type == "instance":
        _check_instance(region, group, name)
    elif group.target_type == "ip":
        _check_address(region, group, name, target.get("AvailabilityZone"))
    elif group.target_type == "alb":
        _check_balancer(region, group, name, int(target.get("Port", group.port)))
    else:
        text = "The embedded cloud has no Lambda functions, so none can be registered as a target."
        raise AwsError("InvalidTarget", text)


def _check_balancer(region: str, group: TargetGroup, arn: str, port: int) -> None:
    found = moto_elb.load_balancer(region, arn)
    if found is None or found.kind != "application":
        raise AwsError("InvalidTarget", f"The target '{arn}' is not an Application Load Balancer")
    if found.vpc_id != group.vpc_id:
        text = f"The load balancer '{arn}' is not in the target group VPC '{group.vpc_id}'"
        raise AwsError("InvalidTarget", text)
    if port != group.port or all(one.port != port for one in found.listeners):
        text = f"The load balancer '{arn}' must have a listener on the target group's port, {group.port}"
        raise AwsError("InvalidTarget", text)


def _check_instance(region: str, group: TargetGroup, name: str) -> None:
    if not name.startswith("i-"):
        raise AwsError(
            "ValidationError",
            f"Instance ID '{name}' is not valid. The target group '{group.name}' has the target type instance; "
            "tasks with the awsvpc network mode need the target type ip.",
        )
    found = moto_ec2.instance_state(region, name)
    if found is None:
        raise AwsError("InvalidTarget", f"The following targets do not exist: '{name}'")
    state, vpc = found
    if state != "running":
        text = f"The following targets are not in a running state and cannot be registered: '{name}'"
        raise AwsError("InvalidTarget", text)
    if group.vpc_id and vpc != group.vpc_id:
        text = f"The following targets are not in the target group VPC '{group.vpc_id}': '{name}'"
        raise AwsError("InvalidTarget", text)


def _check_address(region: str, group: TargetGroup, name: str, zone: str | None) -> None:
    try:
        address = IPv4Address(name)
    except ValueError:
        raise AwsError(
            "ValidationError",
            f"The IP address '{name}' is not a valid IPv4 address. The target group '{group.name}' has the target "
            "type ip.",
        ) from None
    if any(address in block for block in moto_ec2.vpc_blocks(region, group.vpc_id)):
        return
    if not any(address in block for block in OUTSIDE_VPC):
        text = f"The IP address '{name}' is neither in the target group's VPC nor in a private range"
        raise AwsError("InvalidTarget", text)
    if zone != "all":
        text = f"The IP address '{name}' is outside the VPC '{group.vpc_id}': specify the Availability Zone 'all'"
        raise AwsError("ValidationError", text)


def _asked_for(
    states: Mapping[tuple[str, int], TargetState], group: TargetGroup, target: Mapping[str, Any]
) -> TargetState:
    port = int(target.get("Port", group.port))
    found = states.get((target["Id"], port))
    if found is not None:
        return found
    check_port = int(group.check.port) if group.check.port.isdecimal() else port
    return TargetState(target["Id"], port, None, check_port, health.NOT_REGISTERED, 0)


def _describe(state: TargetState, with_anomalies: bool) -> dict[str, Any]:
    target: dict[str, Any] = {"Id": state.ip, "Port": state.port}
    if state.zone:
        target["AvailabilityZone"] = state.zone
    seen: dict[str, Any] = {"State": state.health.state}
    if state.health.reason:
        seen["Reason"] = state.health.reason
    if state.health.description:
        seen["Description"] = state.health.description
    answer: dict[str, Any] = {"Target": target, "HealthCheckPort": str(state.check_port), "TargetHealth": seen}
    if with_anomalies:
        answer["AnomalyDetection"] = {"Result": "normal", "MitigationInEffect": "no"}
    return answer
