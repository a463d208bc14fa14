"""One container of a pod: what it is to be, and how it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...runtime.spec import Exit, Handle
from ..kubernetes import names
from .backoff import Backoff
from .output import Output
from .pod_status import Seen
from .probes import READINESS, STARTUP, Probe, Record

Object = Mapping[str, Any]
CREATING, INITIALIZING = "ContainerCreating", "PodInitializing"


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """The state of a container that waits."""
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


@dataclass(eq=False)
class Container:
    """One container.

    Parameters
    ----------
    spec : mapping
        As the pod has it.
    probes : mapping of str to Probe
        What it is asked.
    init : bool
        Whether it is one of ``initContainers``.
    state : dict
        As the API writes it.

    Attributes
    ----------
    last : dict
        The state in which it ended the time before.
    handle : Handle or None
        The runtime's own, while it lives.
    busy : bool
        Whether it is just being pulled or started.
    stopping : bool
        Whether it was asked to end.
    run : int
        Which run this is; what comes late of an earlier one is dropped.
    until : float
        When it may be started again, in epoch seconds.
    fresh, output, previous : Output or None
        What the run writes that is just being started, the one that runs or has ended last, and the one before it.
    """

    spec: Object
    probes: Mapping[str, Probe]
    init: bool
    state: dict[str, Any]
    last: dict[str, Any] = field(default_factory=dict)
    handle: Handle | None = None
    busy: bool = False
    stopping: bool = False
    run: int = 0
    restarts: int = 0
    until: float = 0.0
    since: float = 0.0
    ended_at: float = 0.0
    image_id: str = ""
    id: str = ""
    backoff: Backoff = field(default_factory=Backoff)
    pull_backoff: Backoff = field(default_factory=Backoff)
    records: dict[str, Record] = field(default_factory=dict)
    fresh: Output | None = None
    output: Output | None = None
    previous: Output | None = None
    early: Exit | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.spec["name"])

    @property
    def sidecar(self) -> bool:
        """Whether it is an init container that goes on beside the others."""
        return self.init and self.spec.get("restartPolicy") == "Always"

    @property
    def path(self) -> str:
        """How events name it."""
        return f"spec.{'initContainers' if self.init else 'containers'}{{{self.name}}}"

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return "running" in self.state

    @property
    def exit_code(self) -> int | None:
        """How its last run ended; None when it has not, or will be started for the first time."""
        ended = self.state.get("terminated") or (None if self.alive else self.last.get("terminated"))
        return int(ended["exitCode"]) if ended else None

    @property
    def started(self) -> bool:
        """Whether it counts as started."""
        return self.alive and (STARTUP not in self.probes or self._passing(STARTUP))

    @property
    def ready(self) -> bool:
        """Whether it may get requests; an init container, whether it has done its work."""
        if self.init and not self.sidecar:
            return (self.state.get("terminated") or {}).get("exitCode") == 0
        return self.started and (READINESS not in self.probes or self._passing(READINESS))

    def _passing(self, kind: str) -> bool:
        record = self.records.get(kind)
        return record is not None and record.passing

    def wants_restart(self, policy: str) -> bool:
        """Whether one that has ended is to be started again, by the pod's ``restartPolicy``."""
        if self.sidecar:
            return True
        if self.init:
            return self.exit_code != 0 and policy != "Never"
        return policy == "Always" or (policy == "OnFailure" and self.exit_code != 0)

    def begin(self, handle: Handle, now: float) -> None:
        """It runs."""
        self.handle, self.id, self.since = handle, handle.id, now
        self.state = {"running": {"startedAt": names.timestamp(now)}}
        self.records = {}
        self.stopping = False

    def finish(self, code: int, reason: str, message: str, now: float) -> None:
        """It has ended."""
        ended: dict[str, Any] = {"exitCode": code, "reason": reason, "finishedAt": names.timestamp(now)}
        ended["startedAt"] = names.timestamp(self.since or now)
        if message:
            ended["message"] = message
        if self.id:
            ended["containerID"] = f"lab://{self.id}"
        self.state, self.handle, self.ended_at = {"terminated": ended}, None, now
        if self.output is not None:
            self.output.end()

    def seen(self) -> Seen:
        """What the pod's status is made of."""
        return Seen(self.name, self.state, self.last, self.ready, self.started, self.sidecar)

    def status(self, image: str) -> dict[str, Any]:
        """Its part of the pod's status."""
        made: dict[str, Any] = {
            "name": self.name,
            "image": image or self.spec.get("image", ""),
            "imageID": self.image_id,
            "lastState": self.last,
            "ready": self.ready,
            "restartCount": self.restarts,
            "started": self.started,
            "state": self.state,
        }
        if self.id:
            made["containerID"] = f"lab://{self.id}"
        return made
