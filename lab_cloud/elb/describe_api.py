"""The Describe operations: filters, pages, limits and policies.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeLoadBalancers.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
"""

from collections.abc import Mapping
from typing import Any

from ..errors import AwsError
from ..paging import page
from ..wire import Answer, Call, moto_elb_lists

PAGE = 400
LIMITS = {
    "target-groups": 3000,
    "targets-per-application-load-balancer": 1000,
    "listeners-per-application-load-balancer": 50,
    "rules-per-application-load-balancer": 100,
    "network-load-balancers": 50,
    "targets-per-network-load-balancer": 3000,
    "targets-per-availability-zone-per-network-load-balancer": 500,
    "listeners-per-network-load-balancer": 50,
    "condition-values-per-alb-rule": 5,
    "condition-wildcards-per-alb-rule": 6,
    "target-groups-per-action-on-application-load-balancer": 5,
    "target-groups-per-action-on-network-load-balancer": 1,
    "target-id-registrations-per-application-load-balancer": 1000,
    "targets-per-target-group": 1000,
    "application-load-balancers": 50,
    "certificates-per-application-load-balancer": 25,
    "certificates-per-network-load-balancer": 25,
    "gateway-load-balancers": 100,
    "gateway-load-balancers-per-vpc": 10,
    "geneve-target-groups": 100,
    "targets-per-availability-zone-per-gateway-load-balancer": 300,
}
"""AWS's defaults. Limits that the embedded cloud holds are those of targets, rules and certificates."""


class DescribeOperations:
    """DescribeLoadBalancers, -Listeners, -TargetGroups, -AccountLimits and -SSLPolicies."""

    def describe_load_balancers(self, call: Call, params: dict[str, Any]) -> Answer:
        """All load balancers, or those asked for by name or by ARN."""
        names, arns = params.get("Names") or [], params.get("LoadBalancerArns") or []
        if names and arns:
            text = "Load balancer names and load balancer ARNs cannot be specified at the same time"
            raise AwsError("ValidationError", text)
        found = moto_elb_lists.balancers(call.region)
        for key, wanted in (("LoadBalancerName", names), ("LoadBalancerArn", arns)):
            known = [one[key] for one in found]
            for one in wanted:
                if one not in known:
                    raise AwsError("LoadBalancerNotFound", f"Load balancers '[{one}]' not found")
            found = [one for one in found if not wanted or one[key] in wanted]
        return _page("LoadBalancers", found, params)

    def describe_listeners(self, call: Call, params: dict[str, Any]) -> Answer:
        """The listeners of a load balancer, or those asked for."""
        balancer, arns = params.get("LoadBalancerArn"), params.get("ListenerArns") or []
        if not balancer and not arns:
            raise AwsError("ValidationError", "You must specify either listener ARNs or a load balancer ARN")
        if balancer and arns:
            text = "Listener ARNs and a load balancer ARN cannot be specified at the same time"
            raise AwsError("ValidationError", text)
        found = moto_elb_lists.listeners(call.region)
        if balancer:
            _need(call.region, balancer)
            return _page("Listeners", [one for one in found if one["LoadBalancerArn"] == balancer], params)
        known = [one["ListenerArn"] for one in found]
        if any(one not in known for one in arns):
            raise AwsError("ListenerNotFound", "One or more listeners not found")
        return _page("Listeners", [one for one in found if one["ListenerArn"] in arns], params)

    def describe_target_groups(self, call: Call, params: dict[str, Any]) -> Answer:
        """All target groups, those of a load balancer, or those asked for by name or by ARN."""
        balancer = params.get("LoadBalancerArn")
        names, arns = params.get("Names") or [], params.get("TargetGroupArns") or []
        if sum(map(bool, (balancer, names, arns))) > 1:
            text = "Target group names, target group ARNs, and a load balancer ARN cannot be specified at the same time"
            raise AwsError("ValidationError", text)
        found = moto_elb_lists.target_groups(call.region)
        if balancer:
            _need(call.region, balancer)
            found = [one for one in found if balancer in one["LoadBalancerArns"]]
            if not found:  # so AWS says that there are none
                raise AwsError("TargetGroupNotFound", "One or more target groups not found")
        for key, wanted in (("TargetGroupName", names), ("TargetGroupArn", arns)):
            known = [one[key] for one in found]
            if any(one not in known for one in wanted):
                raise AwsError("TargetGroupNotFound", "One or more target groups not found")
            found = [one for one in found if not wanted or one[key] in wanted]
        return _page("TargetGroups", found, params)

    def describe_account_limits(self, call: Call, params: dict[str, Any]) -> Answer:
        """AWS's default limits."""
        return _page("Limits", [{"Name": name, "Max": str(most)} for name, most in LIMITS.items()], params)

    def describe_ssl_policies(self, call: Call, params: dict[str, Any]) -> Answer:
        """All security policies, or those asked for."""
        names, kind = params.get("Names") or [], params.get("LoadBalancerType")
        found = moto_elb_lists.ssl_policies()
        known = [one["Name"] for one in found]
        for name in names:
            if name not in known:
                raise AwsError("SSLPolicyNotFound", f"Policy '{name}' not found")
        found = [one for one in found if not names or one["Name"] in names]
        found = [one for one in found if not kind or kind in one.get("SupportedLoadBalancerTypes", [kind])]
        return _page("SslPolicies", found, params)


def _need(region: str, arn: str) -> None:
    if all(one["LoadBalancerArn"] != arn for one in moto_elb_lists.balancers(region)):
        raise AwsError("LoadBalancerNotFound", f"Load balancers '[{arn}]' not found")


def _page(name: str, found: list[dict[str, Any]], params: Mapping[str, Any]) -> dict[str, Any]:
    shown, more = page(found, params.get("Marker"), int(params.get("PageSize") or PAGE), "ValidationError")
    return {name: shown, "NextMarker": more} if more else {name: shown}
