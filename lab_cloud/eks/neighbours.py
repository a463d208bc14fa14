"""The services beside EKS, plugged into what `outside` asks of them."""

from collections.abc import Sequence

from ..wire import moto_ec2, moto_roles
from .outside import Role, Subnet


class IamNeighbour:
    """AWS Identity and Access Management."""

    def role(self, arn: str) -> Role | None:
        """A role, if it exists."""
        found = moto_roles.find(arn)
        return Role(found.arn, found.trusts, found.policies) if found is not None else None


class VpcNeighbour:
    """Amazon VPC."""

    def subnet(self, region: str, subnet_id: str) -> Subnet | None:
        """A subnet, if it exists."""
        found = moto_ec2.subnet(region, subnet_id)
        return Subnet(found.id, found.vpc_id, found.zone) if found is not None else None

    def missing_groups(self, region: str, groups: Sequence[str]) -> list[str]:
        """Those security groups that do not exist."""
        known = moto_ec2.security_groups(region)
        return [each for each in groups if each not in known]

    def create_group(self, region: str, vpc: str, name: str, description: str) -> str:
        """Make a security group whose members reach each other."""
        return moto_ec2.create_group(region, vpc, name, description)

    def delete_group(self, region: str, group: str) -> None:
        """Delete it, unless it is used."""
        moto_ec2.delete_group(region, group)
