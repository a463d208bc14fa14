"""Where a load balancer may stand: its subnets and its security groups."""

from collections.abc import Iterable

from ..errors import AwsError
from ..wire import moto_ec2


def check_subnets(region: str, ids: list[str], kind: str) -> str:
    """The VPC of a load balancer's subnets.

    Raises
    ------
    AwsError
        When one is not there, or they do not go together.
    """
    subnets = []
    for one in ids:
        found = moto_ec2.subnet(region, one)
        if found is None:
            raise AwsError("SubnetNotFound", f"The subnet ID '{one}' does not exist")
        subnets.append(found)
    zones = [one.zone for one in subnets]
    vpcs = sorted({one.vpc_id for one in subnets})
    if kind == "application" and len(set(zones)) < 2:
        raise AwsError("ValidationError", "At least two subnets in two different Availability Zones must be specified")
    if not subnets:
        raise AwsError("ValidationError", "At least one subnet must be specified")
    if len(vpcs) > 1:
        raise AwsError("InvalidConfigurationRequest", f"All subnets must belong to the same VPC: '{', '.join(vpcs)}'")
    if len(set(zones)) < len(zones):
        raise AwsError(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    return vpcs[0]


def check_groups(region: str, ids: list[str], vpc: str) -> list[str]:
    """Security groups that a load balancer in this VPC may have.

    Raises
    ------
    AwsError
        When one is not there, or in another VPC.
    """
    known = moto_ec2.security_groups(region)
    for one in ids:
        if one not in known:
            raise AwsError("InvalidSecurityGroup", f"The security group '{one}' does not exist")
        if known[one].vpc_id != vpc:
            text = f"The security group '{one}' does not belong to VPC '{vpc}', where the subnets are"
            raise AwsError("InvalidConfigurationRequest", text)
    return list(ids)


def check_ipv6(region: str, subnets: Iterable[str]) -> None:
    """Refuse subnets without a block of IPv6 addresses, which a load balancer of both kinds of addresses needs."""
    if not all(moto_ec2.has_ipv6(region, one) for one in subnets):
        raise AwsError("InvalidConfigurationRequest", "You must specify subnets with an associated IPv6 CIDR block")
