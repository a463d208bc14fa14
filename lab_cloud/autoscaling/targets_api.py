"""Operations that attach target groups to Auto Scaling groups.

References
----------
https://docs.aws.amazon.com/autoscaling/ec2/userguide/attach-load-balancer-asg.html
"""

from typing import Any

from ..wire import Call
from .checks import invalid
from .group import IN_SERVICE, Group
from .groups_api import cut
from .outside import Balancing
from .store import GroupStore


class TargetOperations:
    """Attach, detach and describe target groups, under both of their names."""

    _store: GroupStore
    _balancing: Balancing

    def attach_load_balancer_target_groups(self, call: Call, params: dict[str, Any]) -> None:
        """Register the group's instances with target groups, now and later."""
        group = self._store.region(call.region).find(params["AutoScalingGroupName"])
        self._attach(call, group, params["TargetGroupARNs"])

    def detach_load_balancer_target_groups(self, call: Call, params: dict[str, Any]) -> None:
        """Take the group's instances out of target groups."""
        group = self._store.region(call.region).find(params["AutoScalingGroupName"])
        self._detach(call, group, params["TargetGroupARNs"])

    def describe_load_balancer_target_groups(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The target groups of a group."""
        group = self._store.region(call.region).find(params["AutoScalingGroupName"])
        found = [{"LoadBalancerTargetGroupARN": arn, "State": "InService"} for arn in group.target_groups]
        shown, token = cut(found, params, 100, 100)
        return {"LoadBalancerTargetGroups": shown, "NextToken": token}

    def attach_traffic_sources(self, call: Call, params: dict[str, Any]) -> None:
        """The same by their newer name."""
        group = self._store.region(call.region).find(params["AutoScalingGroupName"])
        self._attach(call, group, [one["Identifier"] for one in params["TrafficSources"]])

    def detach_traffic_sources(self, call: Call, params: dict[str, Any]) -> None:
        """The same by their newer name."""
        group = self._store.region(call.region).find(params["AutoScalingGroupName"])
        self._detach(call, group, [one["Identifier"] for one in params["TrafficSources"]])

    def describe_traffic_sources(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The same by their newer name."""
        group = self._store.region(call.region).find(params["AutoScalingGroupName"])
        found = [{"Identifier": arn, "Type": "elbv2", "State": "InService"} for arn in group.target_groups]
        shown, token = cut(found, params, 50, 50)
        return {"TrafficSources": shown, "NextToken": token}

    def _attach(self, call: Call, group: Group, arns: list[str]) -> None:
        for arn in arns:
            if not self._balancing.exists(call.region, arn):
                raise invalid(f"Provided Load Balancer Target Group(s) do not exist: {arn}")
        for arn in arns:
            if arn in group.target_groups:
                continue
            group.target_groups.append(arn)
            for member in group.members.values():
                if member.state == IN_SERVICE:
                    self._balancing.register(call.region, arn, member.id, member.zone)

    def _detach(self, call: Call, group: Group, arns: list[str]) -> None:
        for arn in arns:
            if arn in group.target_groups:
                group.target_groups.remove(arn)
            for member in group.members.values():
                self._balancing.deregister(call.region, arn, member.id)
