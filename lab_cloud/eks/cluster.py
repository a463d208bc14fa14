"""A cluster, as the EKS API knows it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from . import names, versions
from .access import Entry
from .addon import Addon
from .fargate import Profile
from .nodegroup import Nodegroup
from .pod_identity import AGENT, Association
from .update import Update

ACTIVE, CREATING, DELETING, UPDATING, FAILED = "ACTIVE", "CREATING", "DELETING", "UPDATING", "FAILED"
LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
WITH_ENTRIES = ("API", "API_AND_CONFIG_MAP")


@dataclass
class Network:
    """Where a cluster is, and who reaches its API server."""

    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    vpc: str
    cluster_group: str
    public: bool = True
    private: bool = False
    cidrs: tuple[str, ...] = ("0.0.0.0/0",)


@dataclass
class Cluster:
    """A cluster.

    Parameters
    ----------
    name, region, role, version : str
        As asked for.
    network : Network
        Where it is.
    service_cidr : str
        Where its services get their addresses.
    mode : str
        How access is decided: ``API``, ``API_AND_CONFIG_MAP`` or ``CONFIG_MAP``.
    creator : str
        The ARN of the principal that made it.
    created, due : float
        When it was made, and when its next step is done.
    """

    name: str
    region: str
    role: str
    version: str
    network: Network
    service_cidr: str
    mode: str
    creator: str
    created: float
    due: float
    status: str = CREATING
    bootstrap_admin: bool = True
    support: str = "EXTENDED"
    protected: bool = False
    logging: tuple[str, ...] = ()
    token: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    encryption: list[dict[str, Any]] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    updates: dict[str, Update] = field(default_factory=dict)
    nodegroups: dict[str, Nodegroup] = field(default_factory=dict)
    fargate: dict[str, Profile] = field(default_factory=dict)
    addons: dict[str, Addon] = field(default_factory=dict)
    associations: dict[str, Association] = field(default_factory=dict)
    oidc_id: str = field(default_factory=lambda: names.uuid().replace("-", "").upper())
    endpoint: str = ""
    authority: str = ""
    failure: str = ""

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.cluster_arn(self.region, self.name)

    @property
    def key(self) -> tuple[str, str]:
        """Region and name."""
        return self.region, self.name

    def tagged(self) -> Iterator[tuple[str, dict[str, str]]]:
        """What of it can carry tags: ARN and tags."""
        yield self.arn, self.tags
        yield from ((each.arn, each.tags) for each in self.entries.values())
        yield from ((each.arn, each.tags) for each in self.nodegroups.values())
        yield from ((each.arn, each.tags) for each in self.fargate.values())
        yield from ((each.arn, each.tags) for each in self.addons.values())
        yield from ((each.arn, each.tags) for each in self.associations.values())

    def roles_of_account(self, namespace: str, account: str) -> list[str]:
        """The roles that the pods of a service account have of their own: of its add-on, or by pod identity.

        Pod identity needs its agent, which is an add-on.
        """
        found = [
            each.role
            for each in self.addons.values()
            if each.role and (each.namespace or each.kind.namespace, each.kind.service_account) == (namespace, account)
        ]
        role = self.pod_role(namespace, account)
        return [*found, role] if role else found

    def pod_role(self, namespace: str, account: str) -> str:
        """The role that pod identity gives to the pods of a service account; empty for none."""
        if AGENT not in self.addons:
            return ""
        found = (
            each.role for each in self.associations.values() if (each.namespace, each.account) == (namespace, account)
        )
        return next(found, "")

    def describe(self) -> dict[str, Any]:
        """As DescribeCluster shows it."""
        network = self.network
        shown: dict[str, Any] = {
            "name": self.name,
            "arn": self.arn,
            "createdAt": names.moment(self.created),
            "version": self.version,
            "roleArn": self.role,
            "resourcesVpcConfig": {
                "subnetIds": list(network.subnets),
                "securityGroupIds": list(network.groups),
                "clusterSecurityGroupId": network.cluster_group,
                "vpcId": network.vpc,
                "endpointPublicAccess": network.public,
                "endpointPrivateAccess": network.private,
                "publicAccessCidrs": list(network.cidrs) if network.public else [],
            },
            "kubernetesNetworkConfig": {
                "serviceIpv4Cidr": self.service_cidr,
                "ipFamily": "ipv4",
                "elasticLoadBalancing": {"enabled": False},
            },
            "logging": {"clusterLogging": self._logging()},
            "status": self.status,
            "certificateAuthority": {},
            "platformVersion": versions.PLATFORM,
            "tags": self.tags,
            "health": {"issues": self._issues()},
            "accessConfig": {
                "authenticationMode": self.mode,
                "bootstrapClusterCreatorAdminPermissions": self.bootstrap_admin,
            },
            "upgradePolicy": {"supportType": self.support},
            "deletionProtection": self.protected,
        }
        if self.token:
            shown["clientRequestToken"] = self.token
        if self.encryption:
            shown["encryptionConfig"] = self.encryption
        if self.status != CREATING and self.endpoint:
            issuer = f"https://oidc.eks.{self.region}.amazonaws.com/id/{self.oidc_id}"
            shown |= {"endpoint": self.endpoint, "certificateAuthority": {"data": self.authority}}
            shown["identity"] = {"oidc": {"issuer": issuer}}
        return shown

    def _logging(self) -> list[dict[str, Any]]:
        off = [each for each in LOG_TYPES if each not in self.logging]
        shown = [{"types": list(self.logging), "enabled": True}] if self.logging else []
        return [*shown, {"types": off, "enabled": False}] if off else shown

    def _issues(self) -> list[dict[str, Any]]:
        return [{"code": "InternalFailure", "message": self.failure, "resourceIds": []}] if self.failure else []
