"""What EKS asks of the services beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Role:
    """A role of IAM: who may assume it, and what is attached to it."""

    arn: str
    trusts: frozenset[str]
    policies: frozenset[str]


@dataclass(frozen=True)
class Subnet:
    """A subnet of a VPC."""

    id: str
    vpc: str
    zone: str


class Roles(Protocol):
    """IAM."""

    def role(self, arn: str) -> Role | None:
        """A role, if it exists."""


class Networks(Protocol):
    """Amazon VPC."""

    def subnet(self, region: str, subnet_id: str) -> Subnet | None:
        """A subnet, if it exists."""

    def missing_groups(self, region: str, groups: Sequence[str]) -> list[str]:
        """Those security groups that do not exist."""

    def create_group(self, region: str, vpc: str, name: str, description: str) -> str:
        """Make a security group whose members reach each other; its id."""

    def delete_group(self, region: str, group: str) -> None:
        """Delete it, unless it is used."""
