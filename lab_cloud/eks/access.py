"""Access entries: which principal of IAM is who in a cluster, and what access policies allow it.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from ..wire import PARTITION
from . import names
from .kubernetes import roles
from .kubernetes.authorization import MASTERS, Attributes, User, permits

PREFIX = f"arn:{PARTITION}:eks::aws:cluster-access-policy/"
CLUSTER_ADMIN = f"{PREFIX}AmazonEKSClusterAdminPolicy"
POLICIES = (
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSAdminPolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSViewPolicy",
    "AmazonEKSAdminViewPolicy",
)
TYPES = ("STANDARD", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX")
NODE_TYPES = {
    "EC2_LINUX": ("system:nodes",),
    "EC2_WINDOWS": ("eks:kube-proxy-windows", "system:nodes"),
    "FARGATE_LINUX": ("system:bootstrappers", "system:nodes", "system:node-proxier"),
}
NODE_NAME, FARGATE_NAME = "system:node:{{EC2PrivateDNSName}}", "system:node:{{SessionName}}"
PRINCIPAL = "canonicalArn"


@functools.cache
def rules_of(policy: str) -> list[dict[str, Any]]:
    """What an access policy allows, as rules of role-based access control.

    AWS lists the permissions of each policy; they are those of Kubernetes' own roles of the same name.
    """
    seen = [{"apiGroups": ["*"], "resources": ["*"], "verbs": list(roles.READ)}]
    found: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "AmazonEKSClusterAdminPolicy": lambda: roles.EVERYTHING,
        "AmazonEKSAdminPolicy": roles.admin,
        "AmazonEKSEditPolicy": roles.edit,
        "AmazonEKSViewPolicy": roles.view,
        "AmazonEKSAdminViewPolicy": lambda: seen,
    }
    return found[policy]()


@dataclass(frozen=True)
class Association:
    """An access policy of an entry.

    Parameters
    ----------
    policy : str
        Its ARN.
    namespaces : tuple of str
        Where it holds; empty for the whole cluster. A ``*`` at the end stands for anything.
    associated, modified : float
        When.
    """

    policy: str
    namespaces: tuple[str, ...]
    associated: float
    modified: float

    def describe(self) -> dict[str, Any]:
        """As ListAssociatedAccessPolicies shows it."""
        scope = {"type": "namespace" if self.namespaces else "cluster", "namespaces": list(self.namespaces)}
        return {
            "policyArn": self.policy,
            "accessScope": scope,
            "associatedAt": names.moment(self.associated),
            "modifiedAt": names.moment(self.modified),
        }

    def permits(self, asked: Attributes) -> bool:
        """Whether it allows something."""
        if self.namespaces and not any(fnmatchcase(asked.namespace, each) for each in self.namespaces):
            return False
        return permits(rules_of(self.policy.removeprefix(PREFIX)), asked)


@dataclass
class Entry:
    """An access entry.

    Parameters
    ----------
    principal : str
        The ARN of a user or role of IAM.
    arn : str
        Its own.
    kind : str
        ``STANDARD``, or a type of nodes.
    username : str
        Who that is in the cluster; may hold ``{{SessionName}}``.
    groups : tuple of str
        The groups of Kubernetes that it is in.
    created, modified : float
        When.
    """

    principal: str
    arn: str
    kind: str
    username: str
    groups: tuple[str, ...]
    created: float
    modified: float
    tags: dict[str, str] = field(default_factory=dict)
    policies: dict[str, Association] = field(default_factory=dict)

    def describe(self, cluster: str) -> dict[str, Any]:
        """As DescribeAccessEntry shows it."""
        return {
            "clusterName": cluster,
            "principalArn": self.principal,
            "kubernetesGroups": list(self.groups),
            "accessEntryArn": self.arn,
            "createdAt": names.moment(self.created),
            "modifiedAt": names.moment(self.modified),
            "tags": self.tags,
            "username": self.username,
            "type": self.kind,
        }


def username_of(principal: str, kind: str = "STANDARD") -> str:
    """The name that EKS gives a principal: nodes by their kind; a role's sessions are told apart, a user is its ARN."""
    if kind in NODE_TYPES:
        return FARGATE_NAME if kind == "FARGATE_LINUX" else NODE_NAME
    head, _, path = principal.partition(":role/")
    if not path:
        return principal
    return f"{head.replace(':iam:', ':sts:')}:assumed-role/{path.rpartition('/')[2]}/{{{{SessionName}}}}"


def user_of(entry: Entry, caller: str, access_key: str) -> User:
    """Who a caller is in the cluster.

    Parameters
    ----------
    entry : Entry
        Its entry.
    caller : str
        The ARN of the user, or of the role's session.
    access_key : str
        The key that signed.
    """
    return mapped_user(entry.username, entry.groups, entry.principal, caller, access_key)


def mapped_user(username: str, groups: tuple[str, ...], principal: str, caller: str, access_key: str) -> User:
    """Who a caller is whose principal an access entry or aws-auth maps to a username and groups."""
    session = caller.rpartition("/")[2]
    extra = {
        "accessKeyId": (access_key,),
        "arn": (caller,),
        PRINCIPAL: (principal,),
        "sessionName": (session if ":assumed-role/" in caller else "",),
    }
    return User(username.replace("{{SessionName}}", session), groups, f"aws-iam-authenticator:{session}", extra)


def creator(caller: str) -> User:
    """Who made a cluster without access entries: it may do all there."""
    return User("kubernetes-admin", (MASTERS,), "", {"arn": (caller,)})
