"""Mount a file system: the one way to its folder, for tasks, pods and whoever else wants its files.

References
----------
https://docs.aws.amazon.com/efs/latest/ug/troubleshooting-efs-mounting.html
https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html
https://docs.aws.amazon.com/efs/latest/ug/efs-access-points.html
"""

import posixpath
from dataclasses import dataclass
from pathlib import Path

from ..errors import MountRefused
from ..iam.authority import Authority
from ..iam.evaluate import Question, said_by
from ..iam.principal import Principal
from ..network import reach
from ..wire import moto_ec2
from .file_system import AVAILABLE, CREATING, UPDATING, AccessPoint, FileSystem, MountTarget
from .store import EfsStore, Region

NFS = 2049
MOUNT, WRITE = "elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"
ANONYMOUS = Principal("arn:aws:sts::anonymous:client/anonymous", "anonymous")
UNKNOWN = (
    'Failed to resolve "{}" - check that your file system ID is correct, and ensure that the VPC has an EFS mount '
    "target for this file system ID. See https://docs.aws.amazon.com/console/efs/mount-dns-name for more detail."
)
TIMED_OUT, DENIED = "mount.nfs4: Connection timed out", "mount.nfs4: access denied by server while mounting 127.0.0.1:/"
MISSING = "mount.nfs4: mounting 127.0.0.1:{} failed, reason given by server: No such file or directory"


@dataclass(frozen=True)
class Client:
    """Who mounts.

    Parameters
    ----------
    name : str
        How a sentence names it, for example "the task".
    zone, vpc : str
        Where it is.
    address : str
        Its private address.
    groups : tuple of str
        Its security groups.
    principal : Principal or None
        In whose name; None for a client that does not say who it is (without IAM authorization).
    encrypted : bool
        Whether it mounts over TLS.
    """

    name: str
    zone: str
    vpc: str
    address: str = ""
    groups: tuple[str, ...] = ()
    principal: Principal | None = None
    encrypted: bool = False


@dataclass(frozen=True)
class Mounted:
    """What was mounted.

    Parameters
    ----------
    folder : Path
        The folder on this machine.
    read_only : bool
        Whether the client may only read.
    """

    folder: Path
    read_only: bool = False


class Mounting:
    """Lets clients mount, by the rules of EFS. Every method is called under the world's lock.

    Parameters
    ----------
    store : EfsStore
        What EFS knows.
    authority : Authority
        What knows the policies of roles.
    """

    def __init__(self, store: EfsStore, authority: Authority) -> None:
        self._store = store
        self._authority = authority

    def mount(
        self, region: str, file_system: str, client: Client, *, access_point: str = "", path: str = "/"
    ) -> Mounted:
        """The folder that a client sees.

        Parameters
        ----------
        region : str
            The region.
        file_system : str
            The file system's id.
        client : Client
            Who mounts.
        access_point : str
            The id of an access point; empty for none.
        path : str
            The folder below the file system's root, or below the access point's.

        Raises
        ------
        MountRefused
            In the words of the mount helper, and what to do.
        """
        known = self._store.region(region)
        system = known.systems.get(file_system.rpartition("/")[2])
        target = _target(known, system, client)
        if system is None or target is None:
            name = system.dns_name if system is not None else f"{file_system}.efs.{region}.amazonaws.com"
            raise MountRefused(UNKNOWN.format(name), _why_unknown(known, system, file_system, client), 1)
        source = reach.Source(client.name, (client.address,) if client.address else (), client.groups)
        admission = reach.admits(target.groups, source, NFS, moto_ec2.security_groups(region))
        if not admission.allowed:
            raise MountRefused(TIMED_OUT, admission.reason)
        point = self._point(known, system, access_point)
        read_only = self._check_allowed(system, client, point)
        root = self._store.place(region, system.id)
        start = self._root_of(root, point) if point is not None else root
        return Mounted(_below(root, start, path), read_only)

    def _point(self, known: Region, system: FileSystem, name: str) -> AccessPoint | None:
        if not name:
            return None
        point = known.points.get(name.rpartition("/")[2])
        if point is None or point.file_system != system.id or point.state != AVAILABLE:
            own = ", ".join(each.id for each in known.points_of(system)) or "none"
            raise MountRefused(DENIED, f"File system {system.id} has no access point {name}; it has: {own}.")
        return point

    def _check_allowed(self, system: FileSystem, client: Client, point: AccessPoint | None) -> bool:
        """Refuse who may not mount; whether the client may only read."""
        context = {
            "elasticfilesystem:accessedviamounttarget": "true",
            "aws:securetransport": "true" if client.encrypted else "false",
        }
        if point is not None:
            context["elasticfilesystem:accesspointarn"] = point.arn
        why = self._why_denied(system, client, MOUNT, context)
        if why:
            raise MountRefused(DENIED, why)
        return bool(self._why_denied(system, client, WRITE, context))

    def _why_denied(self, system: FileSystem, client: Client, action: str, context: dict[str, str]) -> str:
        # without a policy of its own a file system lets in every client that reaches a mount target
        policy = system.policy or _DEFAULT_POLICY
        if client.principal is None:
            question = Question(ANONYMOUS, action, system.arn, dict(context))
            if said_by(policy, question) == "self":
                return ""
            return (
                f"The file system policy does not let clients do {action} that do not say who they are. Turn on IAM "
                "authorization for the volume (authorizationConfig), and allow it to the task role."
            )
        decision = self._authority.ask(client.principal, action, system.arn, context, (policy,))
        return "" if decision.allowed else decision.message

    def _root_of(self, root: Path, point: AccessPoint) -> Path:
        place = root.joinpath(*point.path.split("/"))
        if not place.is_dir() and point.creation:
            _inside(root, place, point.path)
            place.mkdir(parents=True, exist_ok=True)
            place.chmod(int(point.creation["Permissions"], 8) | 0o700)  # the learner must be able to remove it
        return _below(root, root, point.path)


_DEFAULT_POLICY = '{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"elasticfilesystem:Client*"}]}'


def _target(known: Region, system: FileSystem | None, client: Client) -> MountTarget | None:
    """The mount target that a file system's name leads to: that of the client's own zone, in its VPC."""
    if system is None or system.state not in (AVAILABLE, UPDATING):
        return None
    for each in known.targets_of(system):
        if (each.zone, each.vpc, each.state) == (client.zone, client.vpc, AVAILABLE):
            return each
    return None


def _why_unknown(known: Region, system: FileSystem | None, name: str, client: Client) -> str:
    if system is None:
        return f"There is no file system {name} in {known.name}."
    targets = known.targets_of(system)
    if any(each.zone == client.zone and each.state == CREATING for each in targets):
        return f"Its mount target in {client.zone} is still being created: wait until it is available."
    zones = ", ".join(sorted(each.zone for each in targets)) or "no zone"
    return (
        f"{client.name.capitalize()} is in {client.zone}, and the file system has mount targets in {zones}: create one "
        f"in a subnet of {client.zone}."
    )


def _below(root: Path, start: Path, path: str) -> Path:
    inner = posixpath.normpath(f"/{path}").strip("/")
    place = start.joinpath(*inner.split("/")) if inner else start
    _inside(root, place, path)
    if not place.is_dir():
        text = f"The folder {path} does not exist in the file system. Make it from a task that mounts /, or use an "
        raise MountRefused(MISSING.format(path), f"{text}access point with CreationInfo.")
    return place


def _inside(root: Path, place: Path, path: str) -> None:
    """Refuse what a link within the file system leads out of it."""
    if not place.resolve().is_relative_to(root.resolve()):
        raise MountRefused(MISSING.format(path), "A link in the file system leads out of it.")
