"""What a container is to its runtime: a wish (`ContainerSpec`), a running thing (`Handle`), an end (`Exit`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from lab_cloud.runtime.catalog import Catalog
    from lab_cloud.runtime.wayback import WayBack


@dataclass(frozen=True)
class Exit:
    """How a container ended.

    Parameters
    ----------
    code : int
        The process's own exit code; 128 + n when signal n ended it, as Docker counts (137: SIGKILL).
    reason : str or None
        What the runtime did to it, in the words that ECS shows in a container's ``reason``.
    out_of_memory : bool
        Whether it was killed because it used more memory than it may.
    """

    code: int
    reason: str | None = None
    out_of_memory: bool = False


@dataclass(frozen=True)
class Stats:
    """What a container has used, measured over its whole process tree.

    Parameters
    ----------
    cpu_seconds : float
        Processor seconds since the container's start; never falls.
    memory : int
        Bytes of memory held at `read`.
    read : float
        Epoch seconds at which this was measured.
    """

    cpu_seconds: float
    memory: int
    read: float


@dataclass(frozen=True)
class ExecResult:
    """What a command inside a container answered.

    Parameters
    ----------
    code : int
        Its exit code; 124 when it was ended because it took longer than its timeout.
    output : str
        Its stdout and stderr, in the order they came.
    timed_out : bool
        Whether it was ended by the timeout.
    """

    code: int
    output: str
    timed_out: bool = False


IDLE_PART = 0.05
"""The part of its CPU that is left to whoever has nothing to do."""


@dataclass(frozen=True, eq=False)
class Share:
    """What the containers of one task share. Compared by identity: one object for each task.

    Parameters
    ----------
    cpu : float or None
        vCPU, for example 0.25; None for no limit.
    memory : int or None
        Bytes; None for no limit.
    idle : callable or None
        Whether it has nothing to do just now, and gets a small part (`IDLE_PART`) of its CPU only. Asked often, from a
        thread of the runtime. The `docker` runtime does not ask.
    """

    cpu: float | None = None
    memory: int | None = None
    idle: Callable[[], bool] | None = None

    @property
    def cpu_now(self) -> float | None:
        """The vCPU that it may use at this moment."""
        if self.cpu is not None and self.idle is not None and self.idle():
            return self.cpu * IDLE_PART
        return self.cpu


@dataclass(frozen=True)
class Mount:
    """A folder of this machine inside a container.

    Parameters
    ----------
    source : Path
        The folder here; it must exist.
    target : str
        Its absolute path in the container.
    read_only : bool
        Whether the container may only read it. The `process` runtime cannot hold it to that.
    """

    source: Path
    target: str
    read_only: bool = False


def _no_output(when: float, line: str) -> None:
    """Drop a line nobody asked for."""


def _no_exit(exit: Exit) -> None:  # noqa: A002
    """Nobody asked how it ended."""


@dataclass(frozen=True)
class ContainerSpec:
    """A container to start.

    Parameters
    ----------
    name : str
        Its name within its task.
    image : str
        The image reference as the learner wrote it.
    entry_point, command : tuple of str or None
        None: the image's own. As with Docker, an entry point given here drops the image's command.
    environment : mapping of str to str
        Added over the image's own environment.
    working_directory : str or None
        A path inside the image; None: the image's own.
    ports : tuple of int
        Container ports; each gets a loopback port of its own.
    host_ports : mapping of int to int
        Container port -> the loopback port that it must have; the others get any that is free.
    memory_limit : int or None
        Hard limit of this container in bytes.
    share : Share or None
        Limits common to the containers of one task.
    mounts : tuple of Mount
        Folders of this machine that it sees.
    hostname : str or None
        Its host name; None: the first 12 digits of its id. A plain process has it in ``HOSTNAME`` only.
    user : str or None
        Who runs it, as in ``USER`` of a Dockerfile; None: the image's own. Only `docker` can honour it: with the other
        runtimes a container runs as the learner (in a `sandbox` that user is called root).
    stop_timeout : float
        Real seconds between the stop signal and SIGKILL.
    on_output : callable
        Given (epoch seconds, one line without its newline) for each line of stdout and stderr, from a runtime thread.
    on_exit : callable
        Given the `Exit` exactly once, from a runtime thread, after the last `on_output`.
    """

    name: str
    image: str
    entry_point: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: str | None = None
    ports: tuple[int, ...] = ()
    host_ports: Mapping[int, int] = field(default_factory=dict)
    memory_limit: int | None = None
    share: Share | None = None
    mounts: tuple[Mount, ...] = ()
    hostname: str | None = None
    user: str | None = None
    stop_timeout: float = 30.0
    on_output: Callable[[float, str], None] = _no_output
    on_exit: Callable[[Exit], None] = _no_exit


@dataclass(frozen=True)
class Image:
    """An image that is in the store and whole.

    Parameters
    ----------
    reference : str
        Its full name, for example ``docker.io/library/nginx:latest``.
    digest : str
        ``sha256:…`` of its manifest.
    config : mapping
        The ``config`` member of its OCI configuration: Entrypoint, Cmd, Env, ExposedPorts, WorkingDir, StopSignal, …
    layers : tuple of str
        Digests of its layers, lowest first.
    size : int
        Bytes of manifest, configuration and layers.
    """

    reference: str
    digest: str
    config: Mapping[str, Any]
    layers: tuple[str, ...] = ()
    size: int = 0


class Handle(Protocol):
    """A container that was started."""

    @property
    def id(self) -> str:
        """64 hexadecimal digits, as Docker's."""

    @property
    def pid(self) -> int:
        """The container's first process on this machine."""

    @property
    def ports(self) -> Mapping[int, int]:
        """Container port -> loopback port."""

    @property
    def exit(self) -> Exit | None:
        """How it ended; None while it runs."""

    def stop(self) -> None:
        """Ask it to end with the image's stop signal; kill it after its stop timeout. Returns at once."""

    def kill(self) -> None:
        """Kill it and all its children. Returns at once."""

    def wait(self, timeout: float | None = None) -> Exit | None:
        """Wait until it has ended, at most `timeout` seconds; None when it still runs."""

    def stats(self) -> Stats:
        """What it has used so far."""

    def exec(self, argv: Sequence[str], timeout: float) -> ExecResult:
        """Run a command inside it, for example a health check; slow."""


class Runtime(Protocol):
    """A way to run containers on this machine."""

    @property
    def name(self) -> str:
        """Its name as the learner sees it: ``process``, ``sandbox`` or ``docker``."""

    @property
    def catalog(self) -> "Catalog":
        """The images that it can run, and the store that keeps them."""

    @property
    def way_back(self) -> "WayBack | None":
        """How containers reach the cloud when this machine's loopback is not theirs."""

    def pull(self, image: str, password: str | None = None) -> Image:
        """Make an image available; slow.

        Parameters
        ----------
        image : str
            Its reference.
        password : str, optional
            For the cloud's own registry (its user is ``AWS``); None for all others.

        Raises
        ------
        ImageNotFound
            Nothing answers to this reference.
        ImageCorrupt
            A blob does not have the digest that it should.
        """

    def start(self, spec: ContainerSpec) -> Handle:
        """Start a container; slow.

        Raises
        ------
        CannotStart
            The entrypoint cannot run here; the reason says what to do.
        """

    def close(self) -> None:
        """Stop everything; no process and no folder is left."""
