"""An add-on of a cluster, as the EKS API knows it.

No pods run for it: what AWS's add-ons do on nodes, the embedded cloud does itself. A CSI driver is known to the cluster
from its add-on on.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from . import names
from .addon_versions import AddonKind, kinds
from .nodegroup import CREATING, DEGRADED, DELETING, UPDATING, Issue
from .update import Update

Step = Literal["wait", "install", "activate", "degrade", "finish", "remove"]


@dataclass
class Addon:
    """An add-on.

    Parameters
    ----------
    name, cluster, region, version : str
        Which one.
    created, due : float
        When it was made, and when its next step is done.
    """

    name: str
    cluster: str
    region: str
    version: str
    created: float
    due: float
    modified: float = 0.0
    status: str = CREATING
    role: str = ""
    configuration: str = ""
    namespace: str = ""
    token: str = ""
    installed: bool = False
    preserve: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    associations: list[str] = field(default_factory=list)
    issues: tuple[Issue, ...] = ()
    updates: dict[str, Update] = field(default_factory=dict)
    id: str = field(default_factory=names.uuid)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.arn(self.region, f"addon/{self.cluster}/{self.name}/{self.id}")

    @property
    def kind(self) -> AddonKind:
        """What it is."""
        return kinds()[self.name]

    def running(self) -> Update | None:
        """The update that has not ended."""
        return next((each for each in self.updates.values() if each.status == "InProgress"), None)

    def describe(self) -> dict[str, Any]:
        """As DescribeAddon shows it."""
        shown: dict[str, Any] = {
            "addonName": self.name,
            "clusterName": self.cluster,
            "status": self.status,
            "addonVersion": self.version,
            "health": {"issues": [each.describe() for each in self.issues]},
            "addonArn": self.arn,
            "createdAt": names.moment(self.created),
            "modifiedAt": names.moment(self.modified or self.created),
            "tags": self.tags,
            "publisher": self.kind.publisher,
            "owner": self.kind.owner,
            "namespaceConfig": {"namespace": self.namespace or self.kind.namespace},
        }
        if self.role:
            shown["serviceAccountRoleArn"] = self.role
        if self.configuration:
            shown["configurationValues"] = self.configuration
        if self.associations:
            shown["podIdentityAssociations"] = self.associations
        return shown


@dataclass(frozen=True)
class View:
    """What is known of an add-on.

    Parameters
    ----------
    status : str
        Its status.
    due : bool
        Whether its step has taken its time.
    installed : bool
        Whether the cluster has what it installs.
    needs_node, has_node : bool
        Whether its pods need a node, and whether there is a Ready one.
    missing : str
        What its role may not do; empty when nothing is missing.
    updating : bool
        Whether an update runs.
    """

    status: str
    due: bool = True
    installed: bool = True
    needs_node: bool = False
    has_node: bool = True
    missing: str = ""
    updating: bool = False


def problems(view: View) -> tuple[Issue, ...]:
    """What is wrong with an add-on."""
    if view.missing:
        return (Issue("AddonPermissionFailure", view.missing),)
    if view.needs_node and not view.has_node:
        message = "The add-on is unhealthy because it doesn't have the desired number of replicas."
        return (Issue("InsufficientNumberOfReplicas", message),)
    return ()


def decide(view: View) -> Step:
    """The next step of an add-on; pure."""
    if view.status == DELETING:
        return "remove" if view.due else "wait"
    if not view.installed:
        return "install"
    if view.status == UPDATING and view.updating:
        return "finish" if view.due else "wait"
    if not view.due:
        return "wait"
    if problems(view):
        return "degrade"
    return "activate" if view.status in (CREATING, DEGRADED, UPDATING) else "wait"
