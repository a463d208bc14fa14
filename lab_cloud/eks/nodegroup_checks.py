"""What the EKS API checks of a node group before it makes it.

References
----------
https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import AwsError
from ..instance_types import instance_types
from . import images
from .cluster import Cluster
from .nodegroup import Taint
from .outside import Networks, Roles

INVALID = "InvalidParameterException"
EC2 = "ec2.amazonaws.com"
NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9\-_]{0,62}")
LABEL_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
RESERVED = ("kubernetes.io", "k8s.io", "eks.amazonaws.com")
ALLOWED = ("node-role", "node.kubernetes.io/", "kubelet.kubernetes.io/")
MOST_TAINTS = 50
NOT_HERE = {
    "warmPoolConfig": "Warm pools are not here: leave warmPoolConfig out.",
}


class Checks:
    """The checks of one call.

    Parameters
    ----------
    cluster : Cluster
        Where the node group is, or is to be.
    name : str
        Its name.
    """

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._cluster = cluster
        self._name = name

    def refuse(self, message: str, code: str = INVALID) -> AwsError:
        """The error that says what is wrong."""
        return AwsError(code, message, clusterName=self._cluster.name, nodegroupName=self._name)

    def name(self) -> None:
        """Its name."""
        if not NAME.fullmatch(self._name):
            raise self.refuse(
                "The nodegroup name must begin with a letter or a digit, and have at most 63 letters, digits, hyphens "
                "and underscores."
            )
        if self._name in self._cluster.nodegroups:
            message = f"NodeGroup already exists with name {self._name} and cluster name {self._cluster.name}"
            raise self.refuse(message, "ResourceInUseException")

    def not_here(self, params: Mapping[str, Any]) -> None:
        """What the embedded cloud does not have."""
        for field, why in NOT_HERE.items():
            if params.get(field):
                raise self.refuse(why)
        if params.get("capacityType") == "CAPACITY_BLOCK":
            raise self.refuse("Capacity blocks are not here: use ON_DEMAND or SPOT.")

    def scaling(self, asked: Mapping[str, int]) -> tuple[int, int, int]:
        """Least, most and desired."""
        least, most = asked.get("minSize", 1), asked.get("maxSize", 2)
        desired = asked.get("desiredSize", least)
        if least > most:
            raise self.refuse(f"Minimum capacity {least} can't be greater than maximum capacity {most}")
        if least > desired:
            raise self.refuse(f"Minimum capacity {least} can't be greater than desired size {desired}")
        if desired > most:
            raise self.refuse(f"desired capacity {desired} can't be greater than max size {most}")
        return least, most, desired

    def subnets(self, networks: Networks, asked: Sequence[str]) -> tuple[str, ...]:
        """Where its nodes may be."""
        wanted = tuple(dict.fromkeys(asked))
        if not wanted:
            raise self.refuse("subnets can not be empty")
        for each in wanted:
            found = networks.subnet(self._cluster.region, each)
            if found is None:
                raise self.refuse(f"The subnet ID '{each}' does not exist")
            if found.vpc != self._cluster.network.vpc:
                raise self.refuse(f"Subnet {each} is not in the VPC {self._cluster.network.vpc} of the cluster.")
        return wanted

    def role(self, roles: Roles, arn: str) -> None:
        """Whose permissions its nodes have."""
        if not roles.has_role(arn):
            raise self.refuse(f"The role with name {arn.rpartition('/')[2]} cannot be found.")
        if not roles.trusts(arn, EC2):
            message = (
                f"Following required service principals [{EC2}] were not found in the trust relationships of nodeRole "
                f"{arn}"
            )
            raise self.refuse(message)

    def types(self, asked: Sequence[str], ami: str) -> tuple[str, ...]:
        """Its instance types."""
        wanted = tuple(dict.fromkeys(asked))
        known = instance_types()
        absent = [each for each in wanted if each not in known]
        if absent:
            message = (
                f"The following supplied instance types do not exist: [{', '.join(absent)}]. The embedded cloud has "
                "those of data/instance_types.csv, for example t3.medium and m5.large."
            )
            raise self.refuse(message)
        kind = images.types().get(ami)
        for each in wanted:
            if kind is not None and known[each].architecture != kind.architecture:
                raise self.refuse(f"[{each}] is not a valid instance type for requested amiType {ami}")
        return wanted

    def version(self, asked: str | None) -> str:
        """Its version of Kubernetes."""
        own = self._cluster.version
        wanted = asked or own
        if wanted not in images.releases():
            raise self.refuse(f"Requested Nodegroup version {wanted} is not supported.")
        if images.minor(wanted) > images.minor(own):
            raise self.refuse(
                f"Nodegroup Kubernetes version should be equal to or less than Cluster version (requested {wanted}, "
                f"cluster {own})"
            )
        return wanted

    def labels(self, asked: Mapping[str, str]) -> dict[str, str]:
        """What its nodes are labelled with."""
        for key, value in asked.items():
            prefix = key.partition("/")[0] if "/" in key else ""
            if any(prefix == one or prefix.endswith(f".{one}") for one in RESERVED) and not key.startswith(ALLOWED):
                listed = ", ".join(f"{one}/" for one in RESERVED)
                raise self.refuse(f"Label cannot contain reserved prefixes [{listed}]: {key}")
            if not LABEL_KEY.fullmatch(key):
                raise self.refuse(f"The label key {key} is not valid.")
            if not LABEL_VALUE.fullmatch(value):
                raise self.refuse(f"The label value {value} of {key} is not valid.")
        return dict(asked)

    def taints(self, asked: Sequence[Mapping[str, str]]) -> tuple[Taint, ...]:
        """What its nodes are tainted with."""
        made = tuple(Taint(each.get("key", ""), each.get("value", ""), each.get("effect", "")) for each in asked)
        if len(made) > MOST_TAINTS:
            raise self.refuse(f"A node group has at most {MOST_TAINTS} taints.")
        for each in made:
            if not LABEL_KEY.fullmatch(each.key) or not each.effect:
                raise self.refuse(f"The taint {each.key}={each.value}:{each.effect} needs a valid key and an effect.")
            if not LABEL_VALUE.fullmatch(each.value):
                raise self.refuse(f"The value {each.value} of the taint {each.key} is not valid.")
        if len({(each.key, each.effect) for each in made}) != len(made):
            raise self.refuse("Taints must be unique by key and effect.")
        return made

    def update_config(self, asked: Mapping[str, Any] | None) -> dict[str, Any]:
        """How many nodes may be away while it is updated."""
        if not asked:
            return {"maxUnavailable": 1}
        if asked.get("maxUnavailable") and asked.get("maxUnavailablePercentage"):
            raise self.refuse("Only one of maxUnavailable and maxUnavailablePercentage can be specified")
        if (asked.get("maxUnavailable") or 0) > 100:
            raise self.refuse("maxUnavailable can be at most 100")
        found = dict(asked)
        if not found.get("maxUnavailable") and not found.get("maxUnavailablePercentage"):
            found["maxUnavailable"] = 1
        return found

    def remote_access(self, networks: Networks, asked: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
        """The key pair that opens its nodes, and from where."""
        key, sources = asked.get("ec2SshKey") or "", tuple(asked.get("sourceSecurityGroups") or ())
        if not key:
            if sources:
                raise self.refuse("ec2SshKey is required when sourceSecurityGroups are given")
            return "", ()
        if not networks.has_key(self._cluster.region, key):
            raise self.refuse(f"The key pair '{key}' does not exist")
        absent = networks.missing_groups(self._cluster.region, sources)
        if absent:
            raise self.refuse(f"The security group '{absent[0]}' does not exist")
        return key, sources
