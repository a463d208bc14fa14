"""The Set operations: security groups, subnets and the type of addresses of a load balancer.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetSecurityGroups.html
"""

from typing import Any

from ..errors import AwsError
from ..wire import Answer, Call, moto_elb, moto_elb_settings
from .model import LoadBalancer
from .places import check_groups, check_ipv6, check_subnets


class SettingOperations:
    """SetSecurityGroups, SetSubnets and SetIpAddressType."""

    def set_security_groups(self, call: Call, params: dict[str, Any]) -> Answer:
        """Put a load balancer into other security groups; they count from the next connection on."""
        balancer = _balancer(call.region, params["LoadBalancerArn"])
        wanted = params["SecurityGroups"]
        if balancer.kind == "gateway":
            raise AwsError("InvalidConfigurationRequest", "A Gateway Load Balancer has no security groups")
        if balancer.kind == "network" and wanted and not balancer.groups:
            text = (
                "You cannot set security groups on a Network Load Balancer that was created without any: "
                "create it anew, with security groups"
            )
            raise AwsError("InvalidConfigurationRequest", text)
        if not wanted:
            raise AwsError("InvalidConfigurationRequest", "At least one security group must be specified")
        groups = check_groups(call.region, wanted, balancer.vpc_id)
        moto_elb_settings.set_groups(call.region, balancer.arn, groups)
        answer: dict[str, Any] = {"SecurityGroupIds": groups}
        enforce = params.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic")
        return answer | ({"EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": enforce} if enforce else {})

    def set_subnets(self, call: Call, params: dict[str, Any]) -> Answer:
        """Put a load balancer into other subnets of its VPC."""
        balancer = _balancer(call.region, params["LoadBalancerArn"])
        named, mapped = params.get("Subnets") or [], params.get("SubnetMappings") or []
        if named and mapped:
            raise AwsError("ValidationError", "You can specify either subnets or subnet mappings, but not both")
        wanted = [*named, *(one["SubnetId"] for one in mapped)]
        vpc = check_subnets(call.region, wanted, balancer.kind)
        if vpc != balancer.vpc_id:
            text = f"The subnets belong to VPC '{vpc}', the load balancer to VPC '{balancer.vpc_id}'"
            raise AwsError("InvalidConfigurationRequest", text)
        zones = moto_elb_settings.set_subnets(call.region, balancer.arn, wanted)
        return {"AvailabilityZones": zones, "IpAddressType": params.get("IpAddressType", "ipv4")}

    def set_ip_address_type(self, call: Call, params: dict[str, Any]) -> Answer:
        """Note the type of addresses; what listens here is IPv4 either way."""
        balancer, kind = _balancer(call.region, params["LoadBalancerArn"]), params["IpAddressType"]
        if kind == "dualstack-without-public-ipv4" and balancer.kind != "application":
            text = f"The IP address type '{kind}' is only for Application Load Balancers"
            raise AwsError("InvalidConfigurationRequest", text)
        if kind != "ipv4":
            check_ipv6(call.region, balancer.subnets)
        moto_elb_settings.set_address_type(call.region, balancer.arn, kind)
        return {"IpAddressType": kind}


def _balancer(region: str, arn: str) -> LoadBalancer:
    found = moto_elb.load_balancer(region, arn)
    if found is None:
        raise AwsError("LoadBalancerNotFound", f"Load balancer '{arn}' not found")
    return found
