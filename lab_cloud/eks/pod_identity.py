"""Pod identity associations: which role the pods of a service account have.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
"""

from dataclasses import dataclass, field
from typing import Any

from . import names

AGENT = "eks-pod-identity-agent"
TRUSTED = "pods.eks.amazonaws.com"


@dataclass
class Association:
    """An association.

    Parameters
    ----------
    cluster, region, namespace, account : str
        Whose.
    role : str
        The ARN of the role.
    created, modified : float
        When.
    """

    cluster: str
    region: str
    namespace: str
    account: str
    role: str
    created: float
    modified: float
    owner: str = ""
    target: str = ""
    policy: str = ""
    token: str = ""
    no_session_tags: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    id: str = field(default_factory=lambda: f"a-{names.short_id()}")

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.arn(self.region, f"podidentityassociation/{self.cluster}/{self.id}")

    def summary(self) -> dict[str, Any]:
        """As ListPodIdentityAssociations shows it."""
        shown = {
            "clusterName": self.cluster,
            "namespace": self.namespace,
            "serviceAccount": self.account,
            "associationArn": self.arn,
            "associationId": self.id,
        }
        return {**shown, "ownerArn": self.owner} if self.owner else shown

    def describe(self) -> dict[str, Any]:
        """As DescribePodIdentityAssociation shows it."""
        shown: dict[str, Any] = {
            **self.summary(),
            "roleArn": self.role,
            "tags": self.tags,
            "createdAt": names.moment(self.created),
            "modifiedAt": names.moment(self.modified),
            "disableSessionTags": self.no_session_tags,
        }
        if self.target:
            shown |= {"targetRoleArn": self.target, "externalId": f"{self.region}/{self.cluster}/{self.id}"}
        return {**shown, "policy": self.policy} if self.policy else shown
