"""What every CSI driver does, whichever storage is behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..agents.node import Node

Object = Mapping[str, Any]
BY = "pv.kubernetes.io/provisioned-by"
"""The annotation by which a volume names the driver that made it."""
GIB = 1024**3


class DriverError(Exception):
    """A driver could not do what it was asked for, in the words of its own gRPC answer.

    Parameters
    ----------
    code : str
        gRPC's, for example ``InvalidArgument``.
    message : str
        Why.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"rpc error: code = {code} desc = {message}")


@dataclass(frozen=True)
class Wish:
    """A volume that a claim asks for.

    Parameters
    ----------
    name : str
        Of the PersistentVolume.
    namespace, claim : str
        Whose.
    size : float
        In bytes.
    modes : tuple of str
        Its access modes.
    block : bool
        Whether it is wanted as a raw device.
    parameters : mapping of str to str
        Those of its class.
    zone : str
        Where the pod goes that needs it first; empty when nobody has said.
    """

    name: str
    namespace: str
    claim: str
    size: float
    modes: tuple[str, ...]
    block: bool
    parameters: Mapping[str, str]
    zone: str = ""


@dataclass(frozen=True)
class Made:
    """A volume that a driver has made.

    Parameters
    ----------
    handle : str
        How the driver calls it.
    size : float
        In bytes.
    zone : str
        The only Availability Zone where it can be used; empty for all.
    attributes : mapping of str to str
        What the driver wants to know of it when it mounts.
    """

    handle: str
    size: float
    zone: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


class Driver(Protocol):
    """A CSI driver, for one cluster. All calls are slow; each may raise DriverError."""

    name: str
    attaches: bool
    """Whether a volume is attached to one node."""
    grows: bool

    def create(self, wish: Wish) -> Made:
        """Make a volume."""

    def delete(self, volume: Object) -> None:
        """Delete a volume; one that is not there is no error."""

    def grow(self, volume: Object, size: float) -> float:
        """Make a volume larger; its size in bytes."""

    def attach(self, volume: Object, node: Node) -> None:
        """Let a node have a volume."""

    def detach(self, volume: Object, node: Node) -> None:
        """Take it from a node."""

    def folder(self, volume: Object, node: Node) -> Path:
        """The folder with the data of a volume."""


class PodDriver(Protocol):
    """A CSI driver that makes no volumes, and has a mount for pods as long as they run. Its calls are slow."""

    name: str

    def mount(self, pod: Object, volume: Object, node: Node) -> Path:
        """The folder of a volume for a pod; DriverError says why there is none."""

    def release(self, pod: Object) -> None:
        """A pod has ended."""


def handle_of(volume: Object) -> str:
    """How its driver calls a PersistentVolume."""
    return str(volume["spec"]["csi"]["volumeHandle"])
