"""Operations on clusters.

References
----------
https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html and its neighbours
https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
"""

import ipaddress
from collections.abc import Callable, Sequence
from typing import Any

from ..clock import Clock
from ..delays import Delays
from ..errors import AwsError
from ..paging import page
from ..wire import Call
from ..wire.principals import caller_of
from . import names, versions
from .access import CLUSTER_ADMIN, Association, Entry, username_of
from .cluster import ACTIVE, DELETING, LOG_TYPES, UPDATING, WITH_ENTRIES, Cluster, Network
from .outside import Networks, Roles
from .store import Region
from .update import Update

TRUSTED = "eks.amazonaws.com"
INVALID = "InvalidParameterException"
DEFAULT_CIDR = "10.100.0.0/16"
MOST_LISTED = 100
NOT_HERE = {
    "outpostConfig": "The embedded cloud has no Outposts.",
    "computeConfig": "EKS Auto Mode is not here yet: make a node group instead.",
    "storageConfig": "EKS Auto Mode is not here yet: make a node group instead.",
    "remoteNetworkConfig": "EKS Hybrid Nodes are not here.",
}
"""Parameters of a cluster that ask for what the embedded cloud does not have."""
ONE_CHANGE = "The type for cluster update was not provided."


class ClusterOperations:
    """Create, describe, list, update and delete clusters."""

    _clock: Clock
    _delays: Delays
    _roles: Roles
    _networks: Networks

    def _region(self, call: Call) -> Region:
        raise NotImplementedError

    def create_cluster(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateCluster: CREATING at once, ACTIVE when its API server answers."""
        region, name, now = self._region(call), params["name"], self._clock.now()
        found = region.clusters.get(name)
        if found is not None:
            token = params.get("clientRequestToken")
            if token and token == found.token:
                return {"cluster": found.describe()}
            raise AwsError("ResourceInUseException", f"Cluster already exists with name: {name}", clusterName=name)
        _refuse_what_is_not_here(params, name)
        version = versions.find(params.get("version"))
        self._check_role(params["roleArn"], name)
        network = self._network(call.region, name, params["resourcesVpcConfig"])
        caller = caller_of(call.access_key)
        access = params.get("accessConfig") or {}
        cluster = Cluster(
            name=name,
            region=call.region,
            role=params["roleArn"],
            version=version.name,
            network=network,
            service_cidr=_service_cidr(params.get("kubernetesNetworkConfig") or {}, name),
            mode=access.get("authenticationMode") or "CONFIG_MAP",
            creator=caller.role or caller.arn,
            created=now,
            due=now + self._delays.real("eks.cluster-creation"),
            bootstrap_admin=access.get("bootstrapClusterCreatorAdminPermissions", True),
            support=(params.get("upgradePolicy") or {}).get("supportType") or "EXTENDED",
            protected=bool(params.get("deletionProtection")),
            logging=_logging(params.get("logging"), ()),
            token=params.get("clientRequestToken") or "",
            tags=dict(params.get("tags") or {}),
            encryption=list(params.get("encryptionConfig") or ()),
        )
        network.cluster_group = self._networks.create_group(
            call.region,
            network.vpc,
            f"eks-cluster-sg-{name}-{names.short_id(8)}",
            "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as "
            "any managed workloads.",
        )
        if cluster.mode in WITH_ENTRIES and cluster.bootstrap_admin:
            _admit_creator(cluster, now)
        region.clusters[name] = cluster
        return {"cluster": cluster.describe()}

    def _check_role(self, arn: str, name: str) -> None:
        if not self._roles.trusts(arn, TRUSTED):
            message = (
                f"Role with arn: {arn}, could not be assumed because it does not exist or the trusted entity is not "
                f"correct. Its trust policy must let the service {TRUSTED} do sts:AssumeRole."
            )
            raise AwsError(INVALID, message, clusterName=name)

    def _network(self, region: str, name: str, asked: dict[str, Any], vpc: str = "") -> Network:
        subnets = tuple(dict.fromkeys(asked.get("subnetIds") or ()))
        if not subnets:
            raise AwsError(INVALID, "Subnets specified must be in at least two different AZs", clusterName=name)
        found = [self._networks.subnet(region, each) for each in subnets]
        missing = [each for each, subnet in zip(subnets, found, strict=True) if subnet is None]
        if missing:
            message = f"The subnet ID '{missing[0]}' does not exist (Service: Ec2, Status Code: 400)"
            raise AwsError(INVALID, message, clusterName=name)
        known = [each for each in found if each is not None]
        if len({each.vpc for each in known} | ({vpc} if vpc else set())) > 1:
            raise AwsError(INVALID, "Subnets specified must belong to the same VPC", clusterName=name)
        if len({each.zone for each in known}) < 2:
            raise AwsError(INVALID, "Subnets specified must be in at least two different AZs", clusterName=name)
        groups = tuple(asked.get("securityGroupIds") or ())
        unknown = self._networks.missing_groups(region, groups)
        if unknown:
            message = f"The security group '{unknown[0]}' does not exist (Service: Ec2, Status Code: 400)"
            raise AwsError(INVALID, message, clusterName=name)
        network = Network(subnets, groups, known[0].vpc, "")
        _access(network, asked, name)
        return network

    def describe_cluster(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeCluster."""
        return {"cluster": self._region(call).find(params["name"]).describe()}

    def list_clusters(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListClusters."""
        found, token = page(
            sorted(self._region(call).clusters),
            params.get("nextToken"),
            params.get("maxResults") or MOST_LISTED,
            INVALID,
        )
        return {"clusters": found, "nextToken": token}

    def delete_cluster(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteCluster."""
        cluster = self._region(call).find(params["name"])
        if cluster.status not in (ACTIVE, "FAILED"):
            message = f"Cluster has a status of {cluster.status}; it cannot be deleted now."
            raise AwsError("ResourceInUseException", message, clusterName=cluster.name)
        if cluster.protected:
            message = "Cluster deletion is blocked: deletion protection is on. Turn it off with UpdateClusterConfig."
            raise AwsError("InvalidRequestException", message, clusterName=cluster.name)
        if cluster.nodegroups:
            raise AwsError("ResourceInUseException", "Cluster has nodegroups attached", clusterName=cluster.name)
        if cluster.fargate:
            message = "Cluster has Fargate Profiles in ACTIVE/CREATING state"
            raise AwsError("ResourceInUseException", message, clusterName=cluster.name)
        cluster.status = DELETING
        cluster.due = self._clock.now() + self._delays.real("eks.cluster-deletion")
        return {"cluster": cluster.describe()}

    # -- updates ------------------------------------------------------------------------------------------------------

    def update_cluster_version(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateClusterVersion: one minor version up."""
        cluster = self._region(call).usable(params["name"])
        wanted = versions.find(params["version"])
        current = versions.table()[cluster.version]
        if params.get("rollbackConfig"):
            raise AwsError("InvalidRequestException", "Version rollback is not here yet.", clusterName=cluster.name)
        if wanted.minor == current.minor:
            message = f"Cluster is already at the desired configuration with version {cluster.version}"
            raise AwsError(INVALID, message, clusterName=cluster.name)
        if wanted.minor != current.minor + 1:
            message = f"Unsupported Kubernetes minor version update from {current.name} to {wanted.name}"
            raise AwsError(INVALID, message, clusterName=cluster.name)
        update = self._begin(cluster, "VersionUpdate", {"Version": wanted.name, "PlatformVersion": versions.PLATFORM})
        update.version = wanted.name
        return {"update": update.describe()}

    def update_cluster_config(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateClusterConfig: one kind of change at a time."""
        cluster = self._region(call).usable(params["name"])
        asked = [name for name in params if name not in ("name", "clientRequestToken") and params[name] is not None]
        if not asked:
            raise AwsError(INVALID, ONE_CHANGE, clusterName=cluster.name)
        if len(asked) > 1:
            message = "Only one type of update can be allowed."
            raise AwsError(INVALID, message, clusterName=cluster.name)
        _refuse_what_is_not_here(params, cluster.name)
        handlers: dict[str, Callable[[Cluster, Any], tuple[str, dict[str, str]]]] = {
            "resourcesVpcConfig": self._change_network,
            "logging": self._change_logging,
            "accessConfig": self._change_access,
            "upgradePolicy": self._change_support,
            "deletionProtection": self._change_protection,
        }
        handler = handlers.get(asked[0])
        if handler is None:
            message = f"The embedded cloud cannot change {asked[0]} of a cluster."
            raise AwsError("InvalidRequestException", message, clusterName=cluster.name)
        kind, told = handler(cluster, params[asked[0]])
        return {"update": self._begin(cluster, kind, told).describe()}

    def _begin(self, cluster: Cluster, kind: str, told: dict[str, str]) -> Update:
        now = self._clock.now()
        update = Update(names.uuid(), kind, told, now, now + self._delays.real("eks.cluster-update"))
        cluster.updates[update.id] = update
        cluster.status = UPDATING
        return update

    def _change_network(self, cluster: Cluster, asked: dict[str, Any]) -> tuple[str, dict[str, str]]:
        old = cluster.network
        if asked.get("subnetIds") or asked.get("securityGroupIds"):
            wanted = {"subnetIds": asked.get("subnetIds") or list(old.subnets)}
            wanted["securityGroupIds"] = asked.get("securityGroupIds") or list(old.groups)
            made = self._network(cluster.region, cluster.name, wanted, old.vpc)
            old.subnets, old.groups = made.subnets, made.groups
            return "VpcConfigUpdate", {"Subnets": str(list(old.subnets)), "SecurityGroups": str(list(old.groups))}
        before = (old.public, old.private, old.cidrs)
        _access(old, asked, cluster.name)
        if before == (old.public, old.private, old.cidrs):
            raise AwsError(INVALID, "Cluster is already at the desired configuration", clusterName=cluster.name)
        return "EndpointAccessUpdate", {
            "EndpointPublicAccess": str(old.public).lower(),
            "EndpointPrivateAccess": str(old.private).lower(),
            "PublicAccessCidrs": str(list(old.cidrs)),
        }

    def _change_logging(self, cluster: Cluster, asked: dict[str, Any]) -> tuple[str, dict[str, str]]:
        cluster.logging = _logging(asked, cluster.logging)
        return "LoggingUpdate", {"ClusterLogging": str(list(cluster.logging))}

    def _change_access(self, cluster: Cluster, asked: dict[str, Any]) -> tuple[str, dict[str, str]]:
        order = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
        wanted = asked.get("authenticationMode") or cluster.mode
        if order.index(wanted) <= order.index(cluster.mode):
            message = f"Unsupported authentication mode update from {cluster.mode} to {wanted}"
            raise AwsError(INVALID, message, clusterName=cluster.name)
        if cluster.mode == "CONFIG_MAP" and cluster.bootstrap_admin:
            _admit_creator(cluster, self._clock.now())
        cluster.mode = wanted
        return "AccessConfigUpdate", {"AuthenticationMode": wanted}

    def _change_support(self, cluster: Cluster, asked: dict[str, Any]) -> tuple[str, dict[str, str]]:
        cluster.support = asked.get("supportType") or cluster.support
        return "UpgradePolicyUpdate", {"UpgradePolicy": cluster.support}

    def _change_protection(self, cluster: Cluster, asked: bool) -> tuple[str, dict[str, str]]:
        cluster.protected = asked
        return "DeletionProtectionUpdate", {"DeletionProtection": str(asked).lower()}

    def describe_cluster_versions(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeClusterVersions."""
        found = list(versions.table().values() if params.get("includeAll") else versions.supported())
        if params.get("clusterVersions"):
            found = [each for each in versions.table().values() if each.name in params["clusterVersions"]]
        if params.get("defaultOnly"):
            found = [versions.default()]
        wanted = params.get("versionStatus") or str(params.get("status") or "").upper().replace("-", "_")
        if wanted:
            found = [each for each in versions.table().values() if each.status == wanted]
        some, token = page(found, params.get("nextToken"), params.get("maxResults") or MOST_LISTED, INVALID)
        newest = versions.default()
        return {"clusterVersions": [each.describe(default=each is newest) for each in some], "nextToken": token}


def _admit_creator(cluster: Cluster, now: float) -> None:
    entry = Entry(
        principal=cluster.creator,
        arn=names.arn(cluster.region, f"access-entry/{cluster.name}/{names.uuid()}"),
        kind="STANDARD",
        username=username_of(cluster.creator),
        groups=(),
        created=now,
        modified=now,
    )
    entry.policies[CLUSTER_ADMIN] = Association(CLUSTER_ADMIN, (), now, now)
    cluster.entries.setdefault(cluster.creator, entry)


def _refuse_what_is_not_here(params: dict[str, Any], name: str) -> None:
    for field, why in NOT_HERE.items():
        asked = params.get(field)
        if asked and not (field in ("computeConfig", "storageConfig") and _is_off(asked)):
            raise AwsError(INVALID, why, clusterName=name)


def _is_off(asked: dict[str, Any]) -> bool:
    return not (asked.get("enabled") or (asked.get("blockStorage") or {}).get("enabled"))


def _service_cidr(asked: dict[str, Any], name: str) -> str:
    if asked.get("ipFamily") == "ipv6":
        raise AwsError(INVALID, "Clusters with IPv6 are not here: leave ipFamily out.", clusterName=name)
    text = asked.get("serviceIpv4Cidr") or DEFAULT_CIDR
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        network = None
    private = [ipaddress.ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
    inside = network is not None and network.version == 4 and any(network.subnet_of(each) for each in private)  # type: ignore[arg-type]
    if network is None or not inside or not 12 <= network.prefixlen <= 24:
        message = (
            f"The service CIDR {text} must be a block between /12 and /24 within 10.0.0.0/8, 172.16.0.0/12 or "
            "192.168.0.0/16."
        )
        raise AwsError(INVALID, message, clusterName=name)
    return text


def _access(network: Network, asked: dict[str, Any], name: str) -> None:
    public = asked.get("endpointPublicAccess")
    private = asked.get("endpointPrivateAccess")
    public = network.public if public is None else public
    private = network.private if private is None else private
    if not public and not private:
        message = "Private and public endpoint access cannot both be disabled."
        raise AwsError(INVALID, message, clusterName=name)
    cidrs: Sequence[str] = asked.get("publicAccessCidrs") or network.cidrs
    for each in cidrs:
        try:
            ipaddress.ip_network(each)
        except ValueError:
            message = f"The following CIDRs are invalid in publicAccessCidrs: [{each}]"
            raise AwsError(INVALID, message, clusterName=name) from None
    network.public, network.private, network.cidrs = public, private, tuple(cidrs)


def _logging(asked: dict[str, Any] | None, before: tuple[str, ...]) -> tuple[str, ...]:
    on = set(before)
    for setup in (asked or {}).get("clusterLogging") or ():
        for kind in setup.get("types") or ():
            if setup.get("enabled"):
                on.add(kind)
            else:
                on.discard(kind)
    return tuple(each for each in LOG_TYPES if each in on)
