"""A node as its agent registers it. There is no virtual machine behind it, and its osImage says so.

References
----------
https://kubernetes.io/docs/reference/node/node-status/
https://github.com/awslabs/amazon-eks-ami (what of an instance is reserved)
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..kubernetes import names

MIB = 1024**2
GIB = 1024**3
OS_IMAGE = "Amazon Linux 2023 (simulated by the embedded cloud)"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
RENEW_SECONDS = 10.0
"""How often an agent renews its lease, in real seconds."""
LEASE_SECONDS = 40
"""How long a lease is good, in real seconds: without a renewal for that long a node counts as lost."""
REPORT_SECONDS = 300.0
"""How often an agent reports its conditions when nothing changes, in real seconds."""
_GOOD = {
    "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    "Ready": ("True", "KubeletReady", "kubelet is posting ready status"),
}


@dataclass(frozen=True)
class Node:
    """What is known of a node before it joins.

    Parameters
    ----------
    name : str
        Its private DNS name, for example ``ip-192-168-10-4.ec2.internal``.
    provider_id : str
        ``aws:///us-east-1a/i-0123…``.
    cluster : str
        The cluster's name.
    instance_type, zone, region, architecture : str
        For its labels; ``amd64`` or ``arm64``.
    internal_ip : str
        Its private address.
    cpu : float
        vCPU.
    memory, ephemeral : int
        Bytes.
    pods : int
        How many pods fit.
    version : str
        Kubernetes' version, for example ``1.36``.
    role : str
        The ARN of the role with which it pulls images from ECR; empty for none.
    labels : mapping of str to str
        Beside those that every node has.
    taints : sequence of mapping
        ``key``, ``value``, ``effect``.
    os_image : str
        Says that it is simulated.
    """

    name: str
    provider_id: str
    cluster: str
    instance_type: str
    zone: str
    region: str
    internal_ip: str
    cpu: float
    memory: int
    pods: int
    version: str
    role: str = ""
    ephemeral: int = 20 * GIB
    architecture: str = "amd64"
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Mapping[str, str]] = ()
    os_image: str = OS_IMAGE

    @property
    def capacity(self) -> dict[str, str]:
        """What the instance has."""
        return {
            "cpu": f"{self.cpu:g}",
            "ephemeral-storage": f"{self.ephemeral // 1024}Ki",
            "memory": f"{self.memory // 1024}Ki",
            "pods": str(self.pods),
        }

    @property
    def allocatable(self) -> dict[str, str]:
        """What of it pods may ask for: the EKS image keeps a part back for itself."""
        milli = int(self.cpu * 1000) - _reserved_cpu(self.cpu)
        memory = self.memory - (255 + 11 * self.pods + 100) * MIB  # the last for eviction
        return {
            "cpu": f"{milli}m",
            "ephemeral-storage": str(max(int(self.ephemeral * 0.9) - GIB, 0)),
            "memory": f"{max(memory, 0) // 1024}Ki",
            "pods": str(self.pods),
        }


def _reserved_cpu(cpu: float) -> int:
    """Millicores: 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of all others."""
    parts = ((1, 0.06), (1, 0.01), (2, 0.005), (float("inf"), 0.0025))
    kept = 0.0
    for cores, part in parts:
        here = min(cpu, cores)
        kept += here * part * 1000
        cpu -= here
    return int(kept)


def node_object(node: Node) -> dict[str, Any]:
    """The Node that an agent registers, without its status."""
    labels = {
        "beta.kubernetes.io/arch": node.architecture,
        "beta.kubernetes.io/instance-type": node.instance_type,
        "beta.kubernetes.io/os": "linux",
        "failure-domain.beta.kubernetes.io/region": node.region,
        "failure-domain.beta.kubernetes.io/zone": node.zone,
        "kubernetes.io/arch": node.architecture,
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": node.instance_type,
        "topology.kubernetes.io/region": node.region,
        "topology.kubernetes.io/zone": node.zone,
        **node.labels,
    }
    spec: dict[str, Any] = {"providerID": node.provider_id}
    if node.taints:
        spec["taints"] = [dict(each) for each in node.taints]
    metadata = {"name": node.name, "labels": labels, "annotations": {"node.alpha.kubernetes.io/ttl": "0"}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec}


def node_status(node: Node, since: float, now: float, trouble: str = "", turned: float | None = None) -> dict[str, Any]:
    """A node's status.

    Parameters
    ----------
    node : Node
        The node.
    since, now : float
        Epoch seconds: when its agent began, and this moment.
    trouble : str
        Why it is not Ready; empty when it is.
    turned : float, optional
        When it last became Ready, or ceased to be; when its agent began, if that has not changed.
    """
    machine = uuid.uuid5(uuid.NAMESPACE_URL, node.provider_id).hex
    heartbeat = {"lastHeartbeatTime": names.timestamp(now), "lastTransitionTime": names.timestamp(since)}
    told = {**_GOOD, "Ready": ("False", "KubeletNotReady", trouble)} if trouble else _GOOD
    conditions = [
        {"type": kind, "status": status, **heartbeat, "reason": reason, "message": message}
        for kind, (status, reason, message) in told.items()
    ]
    conditions[-1]["lastTransitionTime"] = names.timestamp(since if turned is None else turned)
    return {
        "addresses": [
            {"type": "InternalIP", "address": node.internal_ip},
            {"type": "InternalDNS", "address": node.name},
            {"type": "Hostname", "address": node.name},
        ],
        "allocatable": node.allocatable,
        "capacity": node.capacity,
        "conditions": conditions,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "images": [],
        "nodeInfo": {
            "architecture": node.architecture,
            "bootID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{node.provider_id}/{since}")),
            "containerRuntimeVersion": "lab://1",
            "kernelVersion": "simulated",
            "kubeProxyVersion": "",
            "kubeletVersion": f"v{node.version}.0-eks-simulated",
            "machineID": machine,
            "operatingSystem": "linux",
            "osImage": node.os_image,
            "systemUUID": str(uuid.UUID(machine)),
        },
    }


def lease(node: Node, uid: str, now: float) -> dict[str, Any]:
    """The lease by which a node says that it lives; it goes with the node."""
    owner = {"apiVersion": "v1", "kind": "Node", "name": node.name, "uid": uid}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": node.name, "namespace": "kube-node-lease", "ownerReferences": [owner]},
        "spec": {
            "holderIdentity": node.name,
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": names.micro_timestamp(now),
        },
    }
