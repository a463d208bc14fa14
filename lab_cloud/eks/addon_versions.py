"""The add-ons that EKS has, and their versions (`data/eks_addons.csv`), the newest first.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html
"""

import csv
import functools
from dataclasses import dataclass
from typing import Any

from .images import DATA, minor

SCHEMA = (
    '{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","additionalProperties":true,'
    '"description":"The embedded cloud keeps and shows configuration values; they have no effect."}'
)
CLUSTERS = ("1.36", "1.35", "1.34", "1.33", "1.32", "1.31")


@dataclass(frozen=True)
class AddonKind:
    """An add-on.

    Parameters
    ----------
    name, type, publisher, owner, namespace : str
        As DescribeAddonVersions shows it.
    workload : str
        ``deployment``, whose pods need a node; or ``daemon``, which has a pod on each node that there is.
    service_account : str
        Whose role it acts with; empty when it needs none.
    action, policy : str
        What that role must allow, and AWS's own policy that does.
    driver : str
        The CSI driver that it installs; empty for none.
    versions : tuple
        Version, and the first and the last version of Kubernetes that it is for.
    """

    name: str
    type: str
    publisher: str
    owner: str
    namespace: str
    workload: str
    service_account: str
    action: str
    policy: str
    driver: str
    versions: tuple[tuple[str, str, str], ...]

    def fitting(self, cluster: str) -> list[str]:
        """Its versions for a version of Kubernetes."""
        return [name for name, first, last in self.versions if minor(first) <= minor(cluster) <= minor(last)]

    def describe(self, cluster: str | None) -> dict[str, Any]:
        """As DescribeAddonVersions shows it."""
        shown = []
        for name, first, last in self.versions:
            fits = [each for each in CLUSTERS if minor(first) <= minor(each) <= minor(last)]
            if cluster and cluster not in fits:
                continue
            shown.append(
                {
                    "addonVersion": name,
                    "architecture": ["amd64", "arm64"],
                    "computeTypes": ["ec2"],
                    "compatibilities": [
                        {
                            "clusterVersion": each,
                            "platformVersions": ["*"],
                            "defaultVersion": self.fitting(each)[0] == name,
                        }
                        for each in ([cluster] if cluster else fits)
                    ],
                    "requiresConfiguration": False,
                    "requiresIamPermissions": bool(self.service_account),
                }
            )
        found = {"addonName": self.name, "type": self.type, "addonVersions": shown, "publisher": self.publisher}
        return {**found, "owner": self.owner, "defaultNamespace": self.namespace}

    def permissions(self) -> list[dict[str, Any]]:
        """What DescribeAddonConfiguration recommends for pod identity."""
        if not self.service_account:
            return []
        policy = self.policy
        path = "service-role/" if policy in ("AmazonEBSCSIDriverPolicy", "AmazonEFSCSIDriverPolicy") else ""
        arn = f"arn:aws:iam::aws:policy/{path}{policy}"
        return [{"serviceAccount": self.service_account, "recommendedManagedPolicies": [arn]}]


@functools.cache
def kinds() -> dict[str, AddonKind]:
    """All add-ons by name."""
    versions: dict[str, list[tuple[str, str, str]]] = {}
    rows: dict[str, dict[str, str]] = {}
    with (DATA / "eks_addons.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            del row["source"]
            versions.setdefault(row["addon"], []).append((row.pop("version"), row.pop("first"), row.pop("last")))
            rows.setdefault(row["addon"], row)
    return {name: AddonKind(row.pop("addon"), **row, versions=tuple(versions[name])) for name, row in rows.items()}
