"""The operations on the rules of a listener.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
"""

from typing import Any

from ..errors import AwsError
from ..wire import Answer, Call, moto_elb, moto_rules
from .actions import check_actions
from .conditions import check_conditions, check_transforms
from .model import Listener, LoadBalancer

MOST_RULES = 100
"""Of one load balancer, without the default ones."""
PAGE = 400


class RuleOperations:
    """CreateRule, ModifyRule, DeleteRule, DescribeRules and SetRulePriorities."""

    def create_rule(self, call: Call, params: dict[str, Any]) -> Answer:
        """Make a rule; it counts from the next request on."""
        balancer, listener = _listener(call.region, params["ListenerArn"])
        check_conditions(params["Conditions"])
        taken = [rule.priority for rule in listener.rules]
        if int(params["Priority"]) in taken:
            raise AwsError("PriorityInUse", f"Priority '{params['Priority']}' is currently in use")
        if sum(len(one.rules) for one in balancer.listeners) >= MOST_RULES:
            raise AwsError("TooManyRules", f"A load balancer can have at most {MOST_RULES} rules")
        check_actions(call.region, balancer, listener.protocol, params["Actions"])
        check_transforms(params.get("Transforms") or [])
        return {"Rules": [moto_rules.create(call.region, params)]}

    def modify_rule(self, call: Call, params: dict[str, Any]) -> Answer:
        """Change what is given, and nothing else."""
        balancer, listener = self._changeable(call.region, params["RuleArn"])
        conditions, actions = params.get("Conditions"), params.get("Actions")
        transforms = params.get("Transforms")
        if transforms and params.get("ResetTransforms"):
            raise AwsError("ValidationError", "You cannot specify both Transforms and ResetTransforms")
        if not conditions and not actions and not transforms and not params.get("ResetTransforms"):
            raise AwsError("ValidationError", "Either conditions or actions must be specified")
        if conditions:
            check_conditions(conditions)
        if actions:
            check_actions(call.region, balancer, listener.protocol, actions)
        check_transforms(transforms or [])
        return {"Rules": [moto_rules.modify(call.region, params)]}

    def delete_rule(self, call: Call, params: dict[str, Any]) -> Answer:
        """Delete a rule; the default rule goes only with its listener."""
        self._changeable(call.region, params["RuleArn"])
        moto_rules.delete(call.region, params["RuleArn"])
        return {}

    def set_rule_priorities(self, call: Call, params: dict[str, Any]) -> Answer:
        """Give rules other priorities, all or none; two may change places."""
        wanted = {one["RuleArn"]: int(one["Priority"]) for one in params["RulePriorities"]}
        for priority in wanted.values():
            if list(wanted.values()).count(priority) > 1:
                raise AwsError("ValidationError", f"Priority '{priority}' was provided multiple times")
        for arn, priority in wanted.items():
            _balancer, listener = self._changeable(call.region, arn)
            for other in listener.rules:
                if other.priority == priority and other.arn not in wanted:
                    raise AwsError("PriorityInUse", f"Priority '{priority}' is currently in use")
        return {"Rules": [moto_rules.set_priority(call.region, arn, priority) for arn, priority in wanted.items()]}

    def describe_rules(self, call: Call, params: dict[str, Any]) -> Answer:
        """The rules of a listener by priority, the default one last; or those asked for."""
        arn, arns = params.get("ListenerArn"), params.get("RuleArns")
        if not arn and not arns:
            text = "You must specify either listener rule ARNs or a listener ARN"
            raise AwsError("ValidationError", text)
        if arn and arns:
            text = "Listener rule ARNs and a listener ARN cannot be specified at the same time"
            raise AwsError("ValidationError", text)
        if arn:
            _listener(call.region, arn)
            found = moto_rules.describe_all(call.region, arn)
        else:
            asked = [moto_rules.describe_one(call.region, one) for one in arns or ()]
            found = [one for one in asked if one is not None]
            if len(found) < len(asked):
                raise AwsError("RuleNotFound", "One or more rules not found")
        return _page(found, params)

    def _changeable(self, region: str, arn: str) -> tuple[LoadBalancer, Listener]:
        listener_arn = moto_rules.listener_of(region, arn)
        if listener_arn is None:
            raise AwsError("RuleNotFound", "One or more rules not found")
        if moto_rules.is_default(region, arn):
            raise AwsError("OperationNotPermitted", f"Default rule '{arn}' cannot be modified")
        return _listener(region, listener_arn)


def _listener(region: str, arn: str) -> tuple[LoadBalancer, Listener]:
    balancer = moto_elb.load_balancer(region, arn.replace(":listener/", ":loadbalancer/").rpartition("/")[0])
    found = [one for one in balancer.listeners if one.arn == arn] if balancer is not None else []
    if balancer is None or not found:
        raise AwsError("ListenerNotFound", "One or more listeners not found")
    return balancer, found[0]


def _page(found: list[dict[str, Any]], params: dict[str, Any]) -> dict[str, Any]:
    marker = params.get("Marker")
    arns = [one["RuleArn"] for one in found]
    if marker and marker not in arns:
        raise AwsError("ValidationError", "The marker is not valid")
    start = arns.index(marker) + 1 if marker else 0
    size = int(params.get("PageSize") or PAGE)
    shown = found[start : start + size]
    answer: dict[str, Any] = {"Rules": shown}
    if start + size < len(found):
        answer["NextMarker"] = shown[-1]["RuleArn"]
    return answer
