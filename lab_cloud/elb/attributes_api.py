"""The operations on attributes."""

from collections.abc import Mapping
from typing import Any

from ..errors import AwsError
from ..wire import Answer, Call, moto_elb, moto_elb_settings
from . import attributes
from .model import TargetGroup

GENEVE_TYPES = ("source_ip_dest_ip_proto", "source_ip_dest_ip")
COOKIE_TYPES = ("lb_cookie", "app_cookie")


class AttributeOperations:
    """Describe and Modify, for the attributes of load balancers, target groups and listeners."""

    def describe_load_balancer_attributes(self, call: Call, params: dict[str, Any]) -> Answer:
        """All attributes that this type of load balancer has."""
        kind, stored = _balancer(call.region, params["LoadBalancerArn"])
        return _answer(attributes.shown(attributes.BALANCERS[kind], stored))

    def modify_load_balancer_attributes(self, call: Call, params: dict[str, Any]) -> Answer:
        """Change attributes, all or none; they count from the next request on."""
        kind, stored = _balancer(call.region, params["LoadBalancerArn"])
        wanted = _pairs(params)
        table = attributes.BALANCERS[kind]
        what = f"load balancers with type '{kind}'"
        attributes.check("Load balancer", what, attributes.BALANCERS, table, wanted)
        after = attributes.shown(table, stored | dict(wanted))
        for logs in ("access_logs", "connection_logs", "health_check_logs"):
            if after.get(f"{logs}.s3.enabled") == "true" and not after[f"{logs}.s3.bucket"]:
                text = f"The value of '{logs}.s3.bucket' cannot be empty when '{logs}.s3.enabled' is true"
                raise AwsError("InvalidConfigurationRequest", text)
        stored.update(wanted)
        return _answer(after)

    def describe_target_group_attributes(self, call: Call, params: dict[str, Any]) -> Answer:
        """All attributes that this kind of target group has."""
        group, stored = _group(call.region, params["TargetGroupArn"])
        return _answer(_shown(group, stored))

    def modify_target_group_attributes(self, call: Call, params: dict[str, Any]) -> Answer:
        """Change attributes, all or none."""
        group, stored = _group(call.region, params["TargetGroupArn"])
        wanted = _pairs(params)
        table = _table(group)
        _check_stickiness_type(group, dict(wanted))
        what = f"target groups with the {group.protocol} protocol"
        if group.target_type == "lambda":
            what = "target groups with the target type 'lambda'"
        attributes.check("Target group", what, attributes.TARGET_GROUPS, table, wanted)
        after = _shown(group, stored | dict(wanted))
        _check_together(after)
        stored.update(wanted)
        return _answer(after)

    def describe_listener_attributes(self, call: Call, params: dict[str, Any]) -> Answer:
        """All attributes that a listener of this protocol has."""
        protocol, stored = _listener(call.region, params["ListenerArn"])
        return _answer(attributes.shown(attributes.LISTENERS[protocol], stored))

    def modify_listener_attributes(self, call: Call, params: dict[str, Any]) -> Answer:
        """Change attributes, all or none."""
        protocol, stored = _listener(call.region, params["ListenerArn"])
        wanted = _pairs(params)
        table = attributes.LISTENERS[protocol]
        attributes.check("Listener", f"{protocol} listeners", attributes.LISTENERS, table, wanted)
        stored.update(wanted)
        return _answer(attributes.shown(table, stored))


def _balancer(region: str, arn: str) -> tuple[str, dict[str, Any]]:
    found = moto_elb_settings.balancer_attributes(region, arn)
    if found is None:
        raise AwsError("LoadBalancerNotFound", f"Load balancer '{arn}' not found")
    return found


def _group(region: str, arn: str) -> tuple[TargetGroup, dict[str, Any]]:
    group, stored = moto_elb.target_group(region, arn), moto_elb_settings.group_attributes(region, arn)
    if group is None or stored is None:
        raise AwsError("TargetGroupNotFound", "One or more target groups not found")
    return group, stored


def _listener(region: str, arn: str) -> tuple[str, dict[str, Any]]:
    found = moto_elb_settings.listener_attributes(region, arn)
    if found is None:
        raise AwsError("ListenerNotFound", "One or more listeners not found")
    return found[0] or "GENEVE", found[1]


def _table(group: TargetGroup) -> attributes.Table:
    return attributes.TARGET_GROUPS[attributes.family(group.protocol, group.target_type)]


def _shown(group: TargetGroup, stored: Mapping[str, str]) -> dict[str, str]:
    own = {"preserve_client_ip.enabled": "true" if group.preserve_client_ip else "false"}
    return attributes.shown(_table(group), own | dict(stored))


def _check_stickiness_type(group: TargetGroup, wanted: Mapping[str, str]) -> None:
    kind = wanted.get("stickiness.type")
    family = attributes.family(group.protocol, group.target_type)
    if kind is not None and family == "geneve":
        if "stickiness.app_cookie.cookie_name" in wanted:
            text = "Target group attribute key 'stickiness.app_cookie.cookie_name' is not recognized"
            raise AwsError("ValidationError", text)
        if kind not in GENEVE_TYPES:
            raise AwsError("ValidationError", f"'{kind}' must be one of [{', '.join(GENEVE_TYPES)}]")
    elif kind in GENEVE_TYPES:
        raise AwsError("ValidationError", "'Stickiness type' must be one of [app_cookie, lb_cookie, source_ip]")
    elif (family == "tcp" and kind in COOKIE_TYPES) or (family == "http" and kind == "source_ip"):
        text = f"Stickiness type '{kind}' is not supported for target groups with the {group.protocol} protocol"
        raise AwsError("InvalidConfigurationRequest", text)
    if group.protocol == "TLS" and (kind is not None or wanted.get("stickiness.enabled") == "true"):
        text = "You cannot enable stickiness on target groups with the TLS protocol"
        raise AwsError("InvalidConfigurationRequest", text)


def _check_together(after: Mapping[str, str]) -> None:
    if after.get("stickiness.type") == "app_cookie" and not after["stickiness.app_cookie.cookie_name"]:
        text = "You must set an application cookie name to enable stickiness of type 'app_cookie'"
        raise AwsError("InvalidConfigurationRequest", text)
    cookie = after.get("stickiness.app_cookie.cookie_name", "")
    if cookie.upper().startswith("AWSALB"):
        text = f"The application cookie name '{cookie}' cannot begin with AWSALB: the load balancer's own cookies do"
        raise AwsError("ValidationError", text)
    algorithm = after.get("load_balancing.algorithm.type", "round_robin")
    if after.get("slow_start.duration_seconds", "0") != "0" and algorithm != "round_robin":
        text = f"You cannot enable slow start with the load balancing algorithm '{algorithm}'"
        raise AwsError("InvalidConfigurationRequest", text)
    if after.get("load_balancing.algorithm.anomaly_mitigation") == "on" and algorithm != "weighted_random":
        text = "You can enable anomaly mitigation only with the load balancing algorithm 'weighted_random'"
        raise AwsError("InvalidConfigurationRequest", text)


def _pairs(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(one.get("Key", ""), one.get("Value", "")) for one in params["Attributes"]]


def _answer(found: Mapping[str, str]) -> dict[str, Any]:
    return {"Attributes": [{"Key": key, "Value": value} for key, value in found.items()]}
