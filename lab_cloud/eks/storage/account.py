"""The AWS account as a CSI driver uses it: with the permissions of its role, and through the public APIs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...core import Core
from ...efs.mounting import Client, Mounting
from ...errors import AwsError
from ...iam.guard import refusal
from ...wire import ACCOUNT, Call, moto_ec2
from ...wire.call import Response
from ...wire.inside import Inside
from ..addon_versions import AddonKind, kinds
from ..agents.node import Node
from ..cluster import Cluster
from .driver import DriverError

PREFIXES = {"efs": "elasticfilesystem"}


def kind_of(driver: str) -> AddonKind:
    """The add-on that installs a driver."""
    return next(each for each in kinds().values() if each.driver == driver)


class DriverAccount:
    """What one driver of one cluster may do in AWS.

    Parameters
    ----------
    core : Core
        The parts of the cloud.
    mounting : Mounting
        The way to the files of Amazon EFS.
    cluster : Cluster
        The cluster.
    driver : str
        The driver's name.
    """

    def __init__(self, core: Core, mounting: Mounting, cluster: Cluster, driver: str) -> None:
        self.cluster = cluster
        self.region = cluster.region
        self._kind = kind_of(driver)
        self._core = core
        self._mounting = mounting
        self._inside = Inside(core.dispatcher, core.world.lock, core.running.access_key)

    def role(self) -> str:
        """The role of the driver's service account, or that of a node, as its pods would have it; may be empty."""
        cluster, kind = self.cluster, self._kind
        with self._core.world.lock:
            own = cluster.roles_of_account(kind.namespace, kind.service_account)
            nodes = [each.role for each in cluster.nodegroups.values()]
            nodes += [arn for arn, entry in cluster.entries.items() if entry.kind == "EC2_LINUX"]
        return next(iter([*own, *nodes]), "")

    def role_of_pod(self, namespace: str, account: str) -> str:
        """The role of a pod's service account; may be empty."""
        with self._core.world.lock:
            return next(iter(self.cluster.roles_of_account(namespace, account)), "")

    def may(self, service: str, operation: str, resource: str, role: str | None = None, **context: Any) -> None:
        """Refuse what a role does not allow: that of the driver, if no other is given.

        Raises
        ------
        AwsError
            As the service refuses it.
        """
        role, call = self.role() if role is None else role, Call(service, operation, self.region)
        if not role:
            raise AwsError("NoCredentialProviders", "no EC2 IMDS role found: no role is given to the driver's pods")
        action = f"{PREFIXES.get(service, service)}:{operation}"
        authority = self._core.authority
        with self._core.world.lock:
            who = authority.session_of(role, self._kind.service_account or self._kind.name)
            keys: dict[str, str | tuple[str, ...]] = {"aws:requestedregion": self.region, **context}
            decision = authority.ask(who, action, resource, keys)
        if not decision.allowed:
            raise refusal(call, decision)

    def mount_efs(self, name: str, node: Node, access_point: str, path: str) -> Path:
        """The folder of a file system of Amazon EFS, as a node sees it.

        Raises
        ------
        MountRefused
            In the words of the mount helper.
        """
        with self._core.world.lock:
            groups = moto_ec2.network(self.region).members.get(node.internal_ip, ())
            client = Client("the node", node.zone, self.cluster.network.vpc, node.internal_ip, groups, encrypted=True)
            found = self._mounting.mount(self.region, name, client, access_point=access_point, path=path)
        return found.folder

    def arn(self, service: str, rest: str) -> str:
        """An ARN of this account and region."""
        return f"arn:aws:{PREFIXES.get(service, service)}:{self.region}:{ACCOUNT}:{rest}"

    def s3(
        self, method: str, path: str, query: str = "", body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """Call Amazon S3; the lock is held while it answers, not while files are written.

        Raises
        ------
        AwsError
            As it refuses.
        """
        return self._inside.object(self.region, method, path, query, body, headers or {})

    def ec2(self, operation: str, **params: Any) -> dict[str, list[str]]:
        """Call Amazon EC2; the texts of the answer's elements by name.

        Raises
        ------
        AwsError
            As it refuses.
        """
        return self._inside.ask("ec2", self.region, operation, **params)

    def efs(self, operation: str, **params: Any) -> dict[str, Any]:
        """Call Amazon EFS.

        Raises
        ------
        AwsError
            As it refuses.
        """
        return self._call("efs", operation, params)

    def fsx(self, operation: str, **params: Any) -> dict[str, Any]:
        """Call Amazon FSx.

        Raises
        ------
        AwsError
            As it refuses.
        """
        return self._call("fsx", operation, params)

    def _call(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        with self._core.world.lock:
            return self._core.dispatcher.invoke(Call(service, operation, self.region), params)


def failed(service: str, operation: str, error: AwsError, what: str, code: str = "Internal") -> DriverError:
    """A refusal of AWS in the words of its SDK for Go, which the drivers use."""
    text = f"operation error {service}: {operation}, https response error StatusCode: {error.status}"
    return DriverError(code, f"{what}: {text}, api error {error.code}: {error.message}")
