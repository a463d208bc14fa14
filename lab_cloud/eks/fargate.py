"""Fargate on EKS: profiles, which pods they take, how large a pod is there, and what it may not have. Pure.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
https://docs.aws.amazon.com/eks/latest/userguide/fargate-pod-configuration.html
https://docs.aws.amazon.com/eks/latest/userguide/fargate.html
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from . import names
from .controllers.cluster_view import requests
from .nodegroup import CREATING

SCHEDULER = "fargate-scheduler"
LABEL = "eks.amazonaws.com/fargate-profile"
CAPACITY = "CapacityProvisioned"
LOGGING = "Logging"
COMPUTE = "eks.amazonaws.com/compute-type"
TAINT = {"key": COMPUTE, "value": "fargate", "effect": "NoSchedule"}
MIB = 1024**2
SYSTEM_MIB = 256
"""What Fargate adds for kubelet, kube-proxy and containerd."""
SIZES: tuple[tuple[float, tuple[float, ...]], ...] = (
    (0.25, (0.5, 1, 2)),
    (0.5, tuple(range(1, 5))),
    (1, tuple(range(2, 9))),
    (2, tuple(range(4, 17))),
    (4, tuple(range(8, 31))),
    (8, tuple(range(16, 61, 4))),
    (16, tuple(range(32, 121, 8))),
)
"""vCPU, and the GB that there are with it."""
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "persistentVolumeClaim", "projected", "secret"}
SHARED = ("efs.csi.aws.com",)
DYNAMIC = " (dynamic provisioning)"
"""What Fargate does not have, of any driver: there a volume of EFS must have been made by hand."""
Object = Mapping[str, Any]


@dataclass(frozen=True)
class Selector:
    """Which pods a profile takes; ``*`` and ``?`` stand for anything."""

    namespace: str
    labels: tuple[tuple[str, str], ...] = ()

    def matches(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether it takes a pod."""
        return fnmatchcase(namespace, self.namespace) and all(
            any(fnmatchcase(name, key) and fnmatchcase(value, wanted) for name, value in labels.items())
            for key, wanted in self.labels
        )

    def describe(self) -> dict[str, Any]:
        """As DescribeFargateProfile shows it."""
        shown: dict[str, Any] = {"namespace": self.namespace}
        return {**shown, "labels": dict(self.labels)} if self.labels else shown


@dataclass
class Profile:
    """A Fargate profile.

    Parameters
    ----------
    name, cluster, region : str
        Which one.
    role : str
        The ARN of the pod execution role.
    subnets : tuple of str
        Where its pods are.
    selectors : tuple of Selector
        Which pods it takes.
    created, due : float
        When it was made, and when its next step is done.
    """

    name: str
    cluster: str
    region: str
    role: str
    subnets: tuple[str, ...]
    selectors: tuple[Selector, ...]
    created: float
    due: float
    status: str = CREATING
    token: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    id: str = field(default_factory=names.uuid)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.arn(self.region, f"fargateprofile/{self.cluster}/{self.name}/{self.id}")

    def describe(self) -> dict[str, Any]:
        """As DescribeFargateProfile shows it."""
        return {
            "fargateProfileName": self.name,
            "fargateProfileArn": self.arn,
            "clusterName": self.cluster,
            "createdAt": names.moment(self.created),
            "podExecutionRoleArn": self.role,
            "subnets": list(self.subnets),
            "selectors": [each.describe() for each in self.selectors],
            "status": self.status,
            "tags": self.tags,
            "health": {"issues": []},
        }


def profile_of(pod: Object, profiles: Iterable[Profile]) -> Profile | None:
    """The profile that takes a pod: the one that its label names, else the first by name; none for a DaemonSet's."""
    metadata = pod["metadata"]
    owners = metadata.get("ownerReferences") or ()
    if any(each.get("controller") and each.get("kind") == "DaemonSet" for each in owners):
        return None
    labels = metadata.get("labels") or {}
    taking = [
        each
        for each in sorted(profiles, key=lambda one: one.name)
        if any(selector.matches(metadata.get("namespace", ""), labels) for selector in each.selectors)
    ]
    named = [each for each in taking if each.name == labels.get(LABEL)]
    return next(iter(named or taking), None)


def size_of(pod: Object) -> tuple[float, float] | None:
    """The vCPU and GB that a pod gets; None when there is no size that large."""
    asked = requests(pod)
    cpu = asked.get("cpu", 0) / 1000
    memory = (asked.get("memory", 0) / MIB + SYSTEM_MIB) / 1024 if asked.get("memory") else 0.0
    for vcpu, sizes in SIZES:
        if vcpu >= cpu:
            for gigabytes in sizes:
                if gigabytes >= memory:
                    return vcpu, gigabytes
    return None


def capacity(vcpu: float, gigabytes: float) -> str:
    """As the annotation of a pod says it."""
    return f"{vcpu:g}vCPU {gigabytes:g}GB"


def assign(pod: dict[str, Any], profile: Profile) -> None:
    """Give a new pod to Fargate's scheduler, in place."""
    metadata = pod["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), LABEL: profile.name}
    size = size_of(pod)
    noted = {CAPACITY: capacity(*size)} if size is not None else {}
    about_logs = "LoggingDisabled: LOGGING_CONFIGMAP_NOT_FOUND"
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **noted, LOGGING: about_logs}
    pod["spec"]["schedulerName"] = SCHEDULER


def refusal(pod: Object, drivers: Mapping[str, str]) -> str:
    """Why Fargate does not run a pod; empty when it does.

    Parameters
    ----------
    pod : mapping
        The pod.
    drivers : mapping of str to str
        From the names of the claims of its namespace that are bound to the driver of their volume.
    """
    spec = pod["spec"]
    fields = [label for key, label in (("hostNetwork", "HostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC"))
              if spec.get(key)]  # fmt: skip
    containers = [*(spec.get("initContainers") or ()), *spec["containers"]]
    if any(port.get("hostPort") for each in containers for port in each.get("ports") or ()):
        fields.append("HostPort")
    if any((each.get("securityContext") or {}).get("privileged") for each in containers):
        fields.append("SecurityContext.Privileged")
    parts = [f"fields not supported: {', '.join(fields)}"] if fields else []
    for volume in spec.get("volumes") or ():
        why = _volume(volume, drivers)
        if why:
            parts.append(f"volumes not supported: {volume['name']} {why}")
    if size_of(pod) is None:
        parts.append("it asks for more than 16 vCPU and 120 GB")
    return f"Pod not supported on Fargate: {', '.join(parts)}" if parts else ""


def _volume(volume: Object, drivers: Mapping[str, str]) -> str:
    kind = next((key for key in volume if key != "name"), "emptyDir")
    if kind not in VOLUMES:
        return "is of an unsupported volume Type"
    driver = ""
    if kind == "persistentVolumeClaim":
        claim = volume[kind]["claimName"]
        if claim not in drivers:
            return f"not supported because: PVC {claim} not bound"
        driver = drivers[claim]
        if driver.endswith(DYNAMIC):
            return f"not supported because: the volume of PVC {claim} was provisioned dynamically"
    elif kind == "csi":
        driver = volume[kind].get("driver", "")
    return (
        f"not supported because: driver {driver} is not {' or '.join(SHARED)}"
        if driver and driver not in SHARED
        else ""
    )
