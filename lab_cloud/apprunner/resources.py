"""What services refer to: auto scaling configurations, connections, connectors, observability, domains.

VPC connectors, VPC ingress connections, observability configurations and custom domains are described and stored;
nothing is done with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import names


@dataclass
class Revision:
    """One revision of an auto scaling configuration, an observability configuration or a VPC connector.

    Parameters
    ----------
    kind : str
        As in its ARN: ``autoscalingconfiguration``, ``observabilityconfiguration`` or ``vpcconnector``.
    values : mapping
        What its maker chose, as it is described.
    """

    region: str
    kind: str
    name: str
    number: int
    values: Mapping[str, Any]
    created: float
    id: str = field(default_factory=names.hex_id)
    tags: dict[str, str] = field(default_factory=dict)
    deleted: float | None = None
    latest: bool = True

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.arn(self.region, f"{self.kind}/{self.name}/{self.number}/{self.id}")

    @property
    def active(self) -> bool:
        """Whether it can be used."""
        return self.deleted is None

    def describe(self, prefix: str) -> dict[str, Any]:
        """As it is described; `prefix` begins the names of its members."""
        return {
            f"{prefix}Arn": self.arn,
            f"{prefix}Name": self.name,
            f"{prefix}Revision": self.number,
            "Status": "ACTIVE" if self.active else "INACTIVE",
            "CreatedAt": names.moment(self.created),
            "DeletedAt": names.moment(self.deleted),
            **self.values,
        }


@dataclass
class Connection:
    """A connection to a source code provider, which is not reached: folders of this machine stand in for it."""

    region: str
    name: str
    provider: str
    created: float
    status: str = "AVAILABLE"
    id: str = field(default_factory=names.hex_id)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.arn(self.region, f"connection/{self.name}/{self.id}")

    def describe(self) -> dict[str, Any]:
        """As it is listed."""
        return {
            "ConnectionName": self.name,
            "ConnectionArn": self.arn,
            "ProviderType": self.provider,
            "Status": self.status,
            "CreatedAt": names.moment(self.created),
        }


@dataclass
class Ingress:
    """A VPC ingress connection: stored; the service's URL answers on loopback all the same."""

    region: str
    name: str
    service: str
    vpc: Mapping[str, Any]
    domain: str
    created: float
    status: str = "AVAILABLE"
    id: str = field(default_factory=names.hex_id)
    tags: dict[str, str] = field(default_factory=dict)
    deleted: float | None = None

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.arn(self.region, f"vpcingressconnection/{self.name}/{self.id}")

    def describe(self, account: str) -> dict[str, Any]:
        """As it is described."""
        return {
            "VpcIngressConnectionArn": self.arn,
            "VpcIngressConnectionName": self.name,
            "ServiceArn": self.service,
            "Status": self.status,
            "AccountId": account,
            "DomainName": self.domain,
            "IngressVpcConfiguration": self.vpc,
            "CreatedAt": names.moment(self.created),
            "DeletedAt": names.moment(self.deleted),
        }
