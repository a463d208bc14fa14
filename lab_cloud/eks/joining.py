"""What lets an EC2 instance join a cluster, and as which node. Pure.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/worker.html
https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html
https://awslabs.github.io/amazon-eks-ami/nodeadm/
https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..instance_types import instance_types
from .agents.node import GIB, MIB, Node
from .images import MARKS
from .nodegroup import Nodegroup
from .outside import Machine

NODE_CONFIG = re.compile(r"^[ \t]*cluster:[ \t]*\r?\n((?:[ \t]+\S.*\n?)+)", re.MULTILINE)
NAME = re.compile(r"^[ \t]+name:[ \t]*[\"']?([\w-]+)", re.MULTILINE)
BOOTSTRAP = re.compile(r"/etc/eks/bootstrap\.sh\s+(?:--\S+\s+\S+\s+)*[\"']?([0-9A-Za-z][\w-]*)")
BOTTLEROCKET = re.compile(r"cluster-name\s*=\s*[\"']([\w-]+)[\"']")
NODE_LABELS = re.compile(r"--node-labels[= ]([^\s\"'\[\]]+)")
LABEL = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_./]*=([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
NODE_TAINTS = re.compile(r"--register-with-taints[= ]([^\s\"'\[\]]+)")
JOIN_ACTIONS = ("ec2:DescribeInstances", "eks:DescribeCluster")
PULL_ACTION = "ecr:BatchGetImage"
CNI_ACTION = "ec2:AssignPrivateIpAddresses"
NO_NETWORK = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin "
    "returns error: cni plugin not initialized"
)


@dataclass(frozen=True)
class Facts:
    """What is known when an instance would join.

    Parameters
    ----------
    cluster : str
        The cluster that its user data names.
    cluster_status : str
        Empty when there is none.
    image_name : str
        Of its image.
    type : str
        Its instance type.
    role : str
        The ARN of the role in its instance profile; may be empty.
    denied : tuple of str
        What of `JOIN_ACTIONS` that role may not do.
    admitted : bool
        Whether an access entry of type EC2_LINUX, or aws-auth, lets that role in as a node.
    mode : str
        The cluster's authentication mode.
    unreachable : str
        Why nothing can be reached from its subnet.
    """

    cluster: str
    cluster_status: str = "ACTIVE"
    image_name: str = MARKS[0]
    type: str = "t3.medium"
    role: str = ""
    denied: tuple[str, ...] = ()
    admitted: bool = True
    mode: str = "API_AND_CONFIG_MAP"
    unreachable: str = ""


@functools.lru_cache(maxsize=256)
def cluster_of(user_data: str) -> str:
    """The cluster that user data names; empty for none.

    Amazon Linux 2023 has a NodeConfig, Amazon Linux 2 a call of bootstrap.sh, Bottlerocket settings.
    """
    if "NodeConfig" in user_data:
        block = NODE_CONFIG.search(user_data)
        found = NAME.search(block[1]) if block is not None else None
        return found[1] if found is not None else ""
    for pattern in (BOOTSTRAP, BOTTLEROCKET):
        found = pattern.search(user_data)
        if found is not None:
            return found[1]
    return ""


def obstacle(facts: Facts) -> str:
    """Why an instance cannot join; empty when it can."""
    if not facts.image_name.startswith(MARKS):
        return "its image has no node agent: use an EKS-optimized image."
    if facts.type not in instance_types():
        return f"the embedded cloud does not know the size of {facts.type}."
    if not facts.cluster_status:
        return f"there is no cluster {facts.cluster}."
    if facts.cluster_status in ("CREATING", "DELETING", "FAILED"):
        return f"the cluster {facts.cluster} is {facts.cluster_status}."
    if not facts.role:
        return "it has no instance profile with a role: its launch template needs an IamInstanceProfile."
    if facts.denied:
        return (
            f"its role {facts.role} may not call {' and '.join(facts.denied)}: attach AmazonEKSWorkerNodePolicy to it."
        )
    if facts.unreachable:
        return f"it reaches neither the cluster nor a registry: {facts.unreachable}."
    if not facts.admitted:
        entry = f"an access entry of type EC2_LINUX for {facts.role}"
        mapping = "the role in the ConfigMap aws-auth"
        wanted = {"API": entry, "CONFIG_MAP": mapping}.get(facts.mode, f"{entry}, or {mapping}")
        return f"the cluster does not let it in (Unauthorized): it needs {wanted}."
    return ""


def no_network(*, role: str, pulls: bool, addresses: bool) -> str:
    """Why a node that has joined is not Ready; empty when it is.

    Parameters
    ----------
    role : str
        The ARN of its role.
    pulls : bool
        Whether it may pull images of ECR: the network plugin's is one.
    addresses : bool
        Whether the network plugin may give addresses to pods: AmazonEKS_CNI_Policy is on the node's role, or on that
        of the service account aws-node.
    """
    if not pulls:
        return f"{NO_NETWORK} ({role} may not pull the plugin's image: attach AmazonEC2ContainerRegistryPullOnly)"
    if not addresses:
        return f"{NO_NETWORK} (attach AmazonEKS_CNI_Policy to {role}, or to the role of the service account aws-node)"
    return ""


def name_of(region: str, address: str) -> str:
    """The private DNS name of an instance, which is its node's name."""
    suffix = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{address.replace('.', '-')}.{suffix}"


def node_of(region: str, cluster: str, version: str, machine: Machine, role: str, group: Nodegroup | None) -> Node:
    """The node that an instance becomes.

    Parameters
    ----------
    region, cluster : str
        Where.
    version : str
        Of Kubernetes, as its image has it.
    machine : Machine
        The instance.
    role : str
        The ARN of its role.
    group : Nodegroup, optional
        The managed node group that it belongs to.
    """
    size = instance_types()[machine.type]
    labels, taints = _asked(machine.user_data)
    disk = group.disk if group is not None and group.disk else 20
    if group is not None:
        labels = {**labels, **group_labels(group, machine.image), **group.labels}
        taints = [*taints, *(each.kubernetes for each in group.taints)]
    return Node(
        name=name_of(region, machine.address),
        provider_id=f"aws:///{machine.zone}/{machine.id}",
        cluster=cluster,
        instance_type=machine.type,
        zone=machine.zone,
        region=region,
        internal_ip=machine.address,
        cpu=float(size.vcpu),
        memory=size.memory * MIB,
        ephemeral=disk * GIB,
        pods=size.most_pods,
        version=version,
        role=role,
        architecture="arm64" if size.architecture == "arm64" else "amd64",
        labels=labels,
        taints=taints,
    )


def group_labels(group: Nodegroup, image: str) -> dict[str, str]:
    """What EKS labels the nodes of a managed node group with."""
    return {
        "eks.amazonaws.com/nodegroup": group.name,
        "eks.amazonaws.com/nodegroup-image": image,
        "eks.amazonaws.com/capacityType": group.capacity,
        "eks.amazonaws.com/sourceLaunchTemplateId": group.made.template,
        "eks.amazonaws.com/sourceLaunchTemplateVersion": group.made.version,
    }


def _asked(user_data: str) -> tuple[dict[str, str], list[Mapping[str, str]]]:
    """Labels and taints that user data gives to the agent."""
    labels = dict(
        each.partition("=")[::2]
        for found in NODE_LABELS.findall(user_data)
        for each in found.split(",")
        if LABEL.fullmatch(each)
    )
    taints: list[Mapping[str, str]] = []
    for found in NODE_TAINTS.findall(user_data):
        for each in found.split(","):
            pair, _, effect = each.rpartition(":")
            key, _, value = pair.partition("=")
            if key and effect in ("NoSchedule", "NoExecute", "PreferNoSchedule"):
                taints.append({"key": key, "effect": effect} | ({"value": value} if value else {}))
    return labels, taints
