"""EC2 operations on networks that moto answers differently from AWS; moto answers the others."""

from typing import Any

from ..errors import AwsError
from ..wire import FORWARD, Answer, Call, moto_ec2, moto_instances, moto_subnets, moto_tags


class NetworkApi:
    """The overrides, one method an operation."""

    def delete_security_group(self, call: Call, params: dict[str, Any]) -> Answer:
        """Refuse while something still uses the group."""
        group = params.get("GroupId", "")
        if moto_ec2.is_default_group(call.region, group):
            text = f'the specified group: "{group}" name: "default" cannot be deleted by a user'
            raise AwsError("CannotDelete", text)
        if group and moto_ec2.group_users(call.region, group):
            raise AwsError("DependencyViolation", f"resource {group} has a dependent object")
        return FORWARD

    def delete_subnet(self, call: Call, params: dict[str, Any]) -> Answer:
        """Refuse while a network interface is in it."""
        subnet = params.get("SubnetId", "")
        if moto_ec2.subnet_users(call.region, subnet):
            text = f"The subnet '{subnet}' has dependencies and cannot be deleted."
            raise AwsError("DependencyViolation", text)
        moto_subnets.leave_acl(call.region, subnet)
        return FORWARD

    def delete_nat_gateway(self, call: Call, params: dict[str, Any]) -> Answer:
        """Let its network interface and its address go with it."""
        moto_subnets.free_nat_gateway(call.region, params.get("NatGatewayId", ""))
        return FORWARD

    def describe_security_groups(self, call: Call, params: dict[str, Any]) -> Answer:
        """Show the default group's own rule from the beginning."""
        moto_ec2.complete(call.region)
        return FORWARD

    def describe_security_group_rules(self, call: Call, params: dict[str, Any]) -> Answer:
        """Show the default group's own rule from the beginning."""
        moto_ec2.complete(call.region)
        return FORWARD

    def describe_internet_gateways(self, call: Call, params: dict[str, Any]) -> Answer:
        """Show the default VPC's gateway from the beginning."""
        moto_ec2.complete(call.region)
        return FORWARD

    def describe_route_tables(self, call: Call, params: dict[str, Any]) -> Answer:
        """Show the default VPC's route to the internet from the beginning."""
        moto_ec2.complete(call.region)
        return FORWARD

    def describe_instances(self, call: Call, params: dict[str, Any]) -> Answer:
        """Say on every instance that no virtual machine is behind it."""
        moto_instances.label(call.region)
        return FORWARD

    def describe_tags(self, call: Call, params: dict[str, Any]) -> Answer:
        """Show no tags of what has gone."""
        moto_tags.forget_gone(call.region)
        return FORWARD
