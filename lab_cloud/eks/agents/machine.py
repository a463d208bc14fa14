"""What the agents of all nodes share: this machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ...clock import Clock
from ...runtime.spec import Runtime
from .addresses import Addresses
from .loop import Loop
from .node import Node
from .volumes import VolumeMounter


class Registries(Protocol):
    """Amazon ECR, as nodes use it."""

    def has(self, image: str) -> bool:
        """Whether an image lies in a registry that needs a password."""

    def password(self, region: str, image: str, role: str, session: str) -> str | None:
        """The password with which a role pulls an image; None for an image that lies elsewhere."""


class Identities(Protocol):
    """What gives pods the credentials of roles of their own. Calls may wait, so they are for workers."""

    def give(self, node: Node, pod: Mapping[str, Any], known: Mapping[str, str]) -> tuple[dict[str, str], str]:
        """A container's variables with the way to its credentials, and why a pod that wants some gets none."""

    def end(self, uid: str) -> None:
        """A pod has ended."""


@dataclass
class Machine:
    """What the agents of all nodes share.

    Parameters
    ----------
    runtime : Runtime
        What runs containers.
    registries : Registries
        Where images are pulled with a node's role.
    clock : Clock
        The time and the speed.
    folder : Path
        Where pods' volumes lie.
    loop : Loop
        Where agents think.
    addresses : Addresses
        Where pods get theirs.
    mounters : dict of str to VolumeMounter
        Who mounts volumes of kinds that agents do not know, by the name of their source, for instance
        ``persistentVolumeClaim``.
    identities : Identities, optional
        What gives pods credentials.
    """

    runtime: Runtime
    registries: Registries
    clock: Clock
    folder: Path
    loop: Loop
    addresses: Addresses
    mounters: dict[str, VolumeMounter] = field(default_factory=dict)
    identities: Identities | None = None

    def patience(self, seconds: float, least: float) -> float:
        """Real seconds for a wait of Kubernetes' own, which goes with the speed, but not below a least."""
        return max(self.clock.real(seconds), min(seconds, least))
