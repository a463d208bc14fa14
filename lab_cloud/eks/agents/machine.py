"""What the agents of all nodes share: this machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ...clock import Clock
from ...runtime.spec import Runtime
from .loop import Loop


class Registries(Protocol):
    """Amazon ECR, as nodes use it."""

    def has(self, image: str) -> bool:
        """Whether an image lies in a registry that needs a password."""

    def password(self, region: str, image: str, role: str, session: str) -> str | None:
        """The password with which a role pulls an image; None for an image that lies elsewhere."""


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
    """

    runtime: Runtime
    registries: Registries
    clock: Clock
    folder: Path
    loop: Loop

    def patience(self, seconds: float, least: float) -> float:
        """Real seconds for a wait of Kubernetes' own, which goes with the speed, but not below a least."""
        return max(self.clock.real(seconds), min(seconds, least))
