"""The control planes: each cluster's API server, its port, and who may come in."""

import base64
import contextlib
import hashlib
import importlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..elb.authority import Authority
from ..elb.plane import Ports
from ..wire.principals import caller_of
from ..world import World
from . import aws_auth, tokens
from .access import PRINCIPAL, creator, mapped_user, user_of
from .agents.machine import Machine
from .cluster import WITH_ENTRIES, Cluster
from .controllers.client import Client, Loopback, Object
from .kubernetes.authorization import Attributes, User
from .outside import Logs

if TYPE_CHECKING:  # loaded with the first cluster: most labs have none
    from .agents.fleet import Fleet
    from .controllers.runner import Controllers
    from .controllers.scheduling import Scheduling
    from .controllers.watching import Seen
    from .kubernetes.api import ApiServer
    from .kubernetes.server import Listener

log = logging.getLogger(__name__)

SEEN = ("nodes", "pods", "configmaps", "persistentvolumes", "persistentvolumeclaims")
"""What of a cluster EKS itself looks at."""
ATTACHED = ("services.part", "storage.cluster_storage")
"""What works for a cluster beside its control plane: loaded before, since it is attached under the world's lock."""
MOST_KEPT = 256
KEPT_SECONDS = 30.0
"""Short, so that a token does not outlive its fifteen minutes by much, nor a key that was deleted."""


class Closing(Protocol):
    """Something that works for one cluster until it is closed."""

    def close(self) -> None:
        """End; does not wait."""


@dataclass
class Plane:
    """One cluster's control plane."""

    api: "ApiServer"
    listener: "Listener"
    controllers: "Controllers"
    fleet: "Fleet"
    scheduling: "Scheduling"
    client: Client
    seen: "Seen"
    ends: list[Callable[[], None]]
    attached: list[Closing]

    def config_map(self, namespace: str, name: str) -> Object | None:
        """A ConfigMap, if it exists."""
        wanted = {"namespace": namespace, "name": name}
        found = (each for each in self.seen.all("configmaps") if wanted.items() <= each["metadata"].items())
        return next(found, None)

    def close(self) -> None:
        """Stop it."""
        for end in self.ends:
            end()
        for each in self.attached:
            each.close()
        self.controllers.close()
        self.scheduling.close()
        self.fleet.close()
        self.listener.close()


class Planes:
    """All control planes.

    Parameters
    ----------
    world : World
        The lock, the workers, the loop.
    home : Path
        The folder `.lab/`, where ports and the authority are kept.
    secret_of : callable
        From an access key id to its secret key, or None; takes the world's lock itself.
    machine : Machine
        What pods run with.
    logs : Logs
        Where control planes write.

    Attributes
    ----------
    attach : list of callable
        Each gives something more that works for a cluster, from the cluster and its API server.
    opened : list of callable
        Each is told of a cluster and its API server when that opens.
    """

    def __init__(
        self, world: World, home: Path, secret_of: Callable[[str], str | None], machine: Machine, logs: Logs
    ) -> None:
        self._world = world
        self._machine = machine
        self._logs = logs
        self.attach: list[Callable[[Cluster, ApiServer], Closing]] = []
        self.opened: list[Callable[[Cluster, ApiServer], None]] = []
        self._ports = Ports(home, "eks-ports.json")
        self._authority = Authority(home)
        self._secret_of = secret_of
        self._planes: dict[tuple[str, str], Plane] = {}
        self._opening: dict[tuple[str, str], Cluster] = {}

    def get(self, cluster: Cluster) -> Plane | None:
        """A cluster's control plane, once it answers."""
        return self._planes.get(cluster.key)

    def open(self, cluster: Cluster) -> None:
        """Start a cluster's control plane, on a worker; under the world's lock."""
        if cluster.key not in self._planes and cluster.key not in self._opening:
            self._opening[cluster.key] = cluster
            self._world.work(lambda: self._open(cluster))

    def close(self, cluster: Cluster) -> None:
        """Stop it; under the world's lock."""
        self._opening.pop(cluster.key, None)
        plane = self._planes.pop(cluster.key, None)
        if plane is not None:
            plane.close()

    def close_all(self) -> None:
        """Stop all of them."""
        for plane in self._planes.values():
            with contextlib.suppress(RuntimeError):  # the loop is gone already
                plane.close()
        self._planes.clear()
        self._opening.clear()

    def _open(self, cluster: Cluster) -> None:
        from .agents.fleet import Fleet
        from .control_logs import ControlLogs
        from .controllers.standard import standard
        from .controllers.watching import Seen
        from .kubernetes.api import ApiServer
        from .kubernetes.server import Listener

        for name in ATTACHED:
            importlib.import_module(f".{name}", __package__)
        door = _Door(cluster, self._world, self._secret_of, self.get)
        try:
            api = ApiServer(cluster.version, door.user_of, door.allows, self._world.clock.now, cluster.service_cidr)
            certificate_file = self._authority.issue(())
            sock = self._ports.bind(f"{cluster.region}/{cluster.name}")
            listener = Listener(api, sock, certificate_file, self._world.spawn)
            listener.tell(ControlLogs(cluster, api, self._world.lock, self._logs, self._world.clock.now))
        except Exception as error:
            log.exception("the API server of %s could not be started", cluster.name)
            why = f"The API server could not be started: {error}"
            self._world.post(lambda: setattr(cluster, "failure", why))
            return
        listener.open()
        certificate = self._authority.ca_file.read_bytes()
        ca = base64.b64encode(certificate).decode()

        def opened() -> None:
            if self._opening.get(cluster.key) is not cluster:  # deleted meanwhile, or made anew
                listener.close()
                return
            del self._opening[cluster.key]
            cluster.endpoint, cluster.authority = f"https://127.0.0.1:{listener.port}", ca
            client = Loopback(api, "kube-controller-manager")
            controllers = standard(client, self._world.clock.speed, certificate.decode())
            controllers.start()
            api.logs = api.commands = fleet = Fleet(Loopback(api, "kubelet"), self._machine, api.accounts.issue)
            client, seen = Loopback(api, "eks"), Seen(lambda: None)
            ends = seen.watch(client, SEEN)
            for tell in self.opened:
                tell(cluster, api)
            attached = [make(cluster, api) for make in self.attach]
            scheduling = self._scheduling(api)
            made = Plane(api, listener, controllers, fleet, scheduling, client, seen, ends, attached)
            self._planes[cluster.key] = made

        self._world.post(opened)

    def _scheduling(self, api: "ApiServer") -> "Scheduling":
        from .agents.recorder import Recorder
        from .controllers import scheduler
        from .controllers.scheduling import Scheduling

        client, now = Loopback(api, "kube-scheduler"), self._world.clock.now
        made = Scheduling(client, self._machine.loop, Recorder(client, scheduler.NAME, now), now)
        made.start()
        return made


class _Door:
    """Who may come into one cluster.

    What a token says is kept while it holds, so that the world's lock is taken once a token and not once a request;
    what access entries say of its holder is asked each time.
    """

    def __init__(
        self,
        cluster: Cluster,
        world: World,
        secret_of: Callable[[str], str | None],
        plane_of: Callable[[Cluster], Plane | None],
    ) -> None:
        self._cluster = cluster
        self._world = world
        self._secret_of = secret_of
        self._plane_of = plane_of
        self._known: dict[str, tuple[float, str, str, str]] = {}

    def user_of(self, token: str) -> User | None:
        """The user of a token; None for a token that is not valid, and for who has no entry."""
        found = self._caller(token)
        if found is None:
            return None
        arn, principal, access_key = found
        cluster = self._cluster
        entry = cluster.entries.get(principal) if cluster.mode in WITH_ENTRIES else None
        if entry is not None:
            return user_of(entry, arn, access_key)
        if cluster.mode not in aws_auth.WITH_MAP:
            return None
        if cluster.mode not in WITH_ENTRIES and cluster.bootstrap_admin and principal == cluster.creator:
            return creator(arn)
        plane = self._plane_of(cluster)
        config_map = plane.config_map(aws_auth.NAMESPACE, aws_auth.NAME) if plane is not None else None
        mapped = aws_auth.principals(config_map).get(principal)
        return mapped_user(mapped.username, mapped.groups, principal, arn, access_key) if mapped is not None else None

    def allows(self, asked: Attributes) -> bool:
        """Whether an access policy allows something."""
        principal = ((asked.user.extra or {}).get(PRINCIPAL) or ("",))[0]
        entry = self._cluster.entries.get(principal)
        return entry is not None and any(each.permits(asked) for each in entry.policies.values())

    def _caller(self, token: str) -> tuple[str, str, str] | None:
        now = self._world.clock.now()
        mark = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
        known = self._known.get(mark)
        if known is not None and now < known[0]:
            return known[1:]
        self._known.pop(mark, None)
        try:
            signer = tokens.signer(token, self._cluster.name, self._secret_of, now)
        except tokens.BadToken as error:
            log.info("%s: a token was refused: %s", self._cluster.name, error)
            return None
        with self._world.lock:
            caller = caller_of(signer.access_key)
        if len(self._known) >= MOST_KEPT:
            self._known.clear()
        self._known[mark] = (now + KEPT_SECONDS, caller.arn, caller.role or caller.arn, signer.access_key)
        return self._known[mark][1:]
