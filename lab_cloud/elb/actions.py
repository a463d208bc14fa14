"""Check the actions of a listener or a rule, as AWS does before it takes them.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import AwsError
from ..wire import moto_elb
from .model import LoadBalancer

Action = Mapping[str, Any]

HTTP = ("HTTP", "HTTPS")
LAST = ("forward", "redirect", "fixed-response")
MOST_ACTIONS = 5
MOST_GROUPS = 5
MOST_WEIGHT = 999
WEEK = 7 * 24 * 3600
CONTENT_TYPES = ("text/html", "application/json", "application/javascript", "text/css", "text/plain")
PLACEHOLDER = re.compile(r"#\{([^}]*)\}")
PLACEHOLDERS = {
    "Protocol": {"protocol"},
    "Host": {"host"},
    "Port": {"port"},
    "Path": {"host", "path", "port"},
    "Query": {"protocol", "host", "port", "path", "query"},
}


def check_actions(region: str, balancer: LoadBalancer, protocol: str, actions: Sequence[Action]) -> None:
    """Check the actions of one rule.

    Parameters
    ----------
    region : str
        Where.
    balancer : LoadBalancer
        To whose listener the rule belongs.
    protocol : str
        The listener's.
    actions : sequence
        As the API has them.

    Raises
    ------
    AwsError
        What a real account answers.
    """
    if not actions:
        raise AwsError("ValidationError", "You must specify at least one action")
    if len(actions) > MOST_ACTIONS:
        raise AwsError("TooManyActions", f"A rule can have at most {MOST_ACTIONS} actions")
    _check_order(actions)
    users = moto_elb.users(region)
    for index, action in enumerate(actions, 1):
        kind = action["Type"]
        if balancer.kind != "application" and kind != "forward":
            text = f"The action type '{kind}' is not supported by a {balancer.kind} load balancer"
            raise AwsError("InvalidLoadBalancerAction", text)
        if kind == "forward":
            _check_forward(region, balancer, action, users)
        elif kind == "redirect":
            _check_redirect(action.get("RedirectConfig"), index, protocol)
        elif kind == "fixed-response":
            _check_fixed(action.get("FixedResponseConfig"), index)
        elif protocol != "HTTPS":
            text = f"The action type '{kind}' is only supported by HTTPS listeners"
            raise AwsError("InvalidLoadBalancerAction", text)


def _check_order(actions: Sequence[Action]) -> None:
    if len(actions) == 1:
        ordered = list(actions)
    else:
        orders = [action.get("Order") for action in actions]
        if None in orders:
            raise AwsError(
                "ValidationError", "You must specify an order for every action of a rule with several actions"
            )
        if len(set(orders)) < len(orders):
            raise AwsError("ValidationError", "The order of each action must be unique")
        ordered = sorted(actions, key=lambda action: int(action["Order"]))
    if ordered[-1]["Type"] not in LAST:
        raise AwsError("InvalidLoadBalancerAction", f"The last action must be one of '{', '.join(LAST)}'")
    if any(action["Type"] in LAST for action in ordered[:-1]):
        text = f"A rule must have exactly one action of the types '{', '.join(LAST)}', and it must be the last one"
        raise AwsError("InvalidLoadBalancerAction", text)


def _check_redirect(config: Mapping[str, Any] | None, index: int, protocol: str) -> None:
    if not config:
        raise AwsError("ValidationError", f"A RedirectConfig must be specified for the redirect action {index}")
    for name, allowed in PLACEHOLDERS.items():
        for word in PLACEHOLDER.findall(config.get(name) or ""):
            if word not in allowed:
                text = f"The redirect's {name.lower()} cannot contain '#{{{word}}}'"
                raise AwsError("InvalidLoadBalancerAction", text)
    if protocol == "HTTPS" and config.get("Protocol") == "HTTP":
        raise AwsError("InvalidLoadBalancerAction", "A redirect cannot lead from HTTPS to HTTP")
    path, port = config.get("Path"), config.get("Port")
    if path is not None and not path.startswith("/"):
        raise AwsError("ValidationError", f"The redirect's path '{path}' must begin with '/'")
    if port is not None and port != "#{port}" and not (port.isdecimal() and 1 <= int(port) <= 65535):
        raise AwsError(
            "ValidationError", f"The redirect's port '{port}' must be a number from 1 to 65535, or '#{{port}}'"
        )
    kept = {"Protocol": "#{protocol}", "Host": "#{host}", "Port": "#{port}", "Path": "/#{path}"}
    same_protocol = config.get("Protocol", kept["Protocol"]) in (kept["Protocol"], protocol)
    if same_protocol and all(config.get(name, own) == own for name, own in list(kept.items())[1:]):
        text = "A redirect must change at least one of protocol, host, port and path, or it would lead to itself"
        raise AwsError("InvalidLoadBalancerAction", text)


def _check_fixed(config: Mapping[str, Any] | None, index: int) -> None:
    if not config:
        raise AwsError(
            "ValidationError", f"A FixedResponseConfig must be specified for the fixed-response action {index}"
        )
    kind = config.get("ContentType")
    if kind and kind not in CONTENT_TYPES:
        names = ", ".join(f"'{one}'" for one in CONTENT_TYPES)
        raise AwsError("InvalidLoadBalancerAction", f"The ContentType must be one of:{names}")


def _check_forward(region: str, balancer: LoadBalancer, action: Action, users: Mapping[str, list[str]]) -> None:
    config = action.get("ForwardConfig") or {}
    weighted = list(_weighted(config))
    single = action.get("TargetGroupArn")
    arns = [arn for arn, _weight in weighted] or ([single] if single else [])
    if not arns:
        raise AwsError("ValidationError", "A target group ARN must be specified for a forward action")
    if single and weighted and arns != [single]:
        text = "TargetGroupArn and ForwardConfig must name the same single target group"
        raise AwsError("InvalidLoadBalancerAction", text)
    if len(arns) > MOST_GROUPS:
        raise AwsError("TooManyTargetGroups", f"A forward action can have at most {MOST_GROUPS} target groups")
    if len(set(arns)) < len(arns):
        raise AwsError("InvalidLoadBalancerAction", "A forward action can name each target group only once")
    if any(not 0 <= weight <= MOST_WEIGHT for _arn, weight in weighted):
        raise AwsError("ValidationError", f"The weight of a target group must be between 0 and {MOST_WEIGHT}")
    sticky = config.get("TargetGroupStickinessConfig") or {}
    if sticky.get("Enabled") and not 1 <= int(sticky.get("DurationSeconds") or 0) <= WEEK:
        text = f"The DurationSeconds of the target group stickiness must be between 1 and {WEEK}"
        raise AwsError("ValidationError", text)
    for arn in arns:
        _check_fit(region, balancer, arn, users.get(arn, []))


def _weighted(config: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for one in config.get("TargetGroups") or ():
        if not one.get("TargetGroupArn"):
            raise AwsError("ValidationError", "A target group ARN must be specified for a forward action")
        weight = one.get("Weight")
        yield one["TargetGroupArn"], 1 if weight is None else int(weight)


def _check_fit(region: str, balancer: LoadBalancer, arn: str, users: list[str]) -> None:
    group = moto_elb.target_group(region, arn)
    if group is None:
        raise AwsError("TargetGroupNotFound", f"Target group '{arn}' not found")
    if balancer.kind == "application" and group.protocol not in HTTP:
        text = f"The protocol of the target group '{arn}', {group.protocol}, does not fit an Application Load Balancer"
        raise AwsError("IncompatibleProtocols", text)
    if balancer.kind == "network" and group.protocol in HTTP:
        text = f"The protocol of the target group '{arn}', {group.protocol}, does not fit a Network Load Balancer"
        raise AwsError("IncompatibleProtocols", text)
    if group.vpc_id and group.vpc_id != balancer.vpc_id:
        text = f"The target group '{arn}' and the load balancer '{balancer.arn}' are in different VPCs"
        raise AwsError("InvalidConfigurationRequest", text)
    if any(other != balancer.arn for other in users):
        text = f"The following target groups cannot be associated with more than one load balancer: {arn}"
        raise AwsError("TargetGroupAssociationLimit", text)
