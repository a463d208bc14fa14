"""What Application Auto Scaling asks of the services whose resources it scales."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Capacity:
    """A resource's capacity as it stands.

    Parameters
    ----------
    desired, running : int
        What is wanted, and what is there.
    deploying : bool
        Whether a deployment is in progress.
    """

    desired: int
    running: int
    deploying: bool = False


class Scalable(Protocol):
    """A service with resources that can be scaled."""

    def capacity(self, region: str, resource: str) -> Capacity | None:
        """The capacity of a resource; None when there is no such resource."""

    def set_capacity(self, region: str, resource: str, count: int, now: float) -> None:
        """Want another capacity."""
