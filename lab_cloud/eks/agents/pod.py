"""One pod on its node: from the first look at it until nothing of it is left.

Everything here runs on the machine's loop; what is slow is given to its workers and comes back through `post`. `sync`
looks at the whole pod and does what is due; it may be called at any time.

References
----------
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

import logging
from collections.abc import Callable

from ..controllers.client import Client, Object
from ..kubernetes import names
from ..kubernetes.answers import LogOptions
from ..kubernetes.status import ApiError
from . import pod_status, probes
from .container import CREATING, INITIALIZING, Container, waiting
from .machine import Machine
from .node import Node
from .output import Output
from .recorder import WARNING, Recorder
from .running import LEAST_TRY, TRY_AGAIN, Running
from .starting import Starter
from .volumes import NotMounted, Token, Volumes

log = logging.getLogger(__name__)

DEADLINE, EXPIRED = "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"
ENDED = (pod_status.SUCCEEDED, pod_status.FAILED)


class PodWorker:
    """Runs one pod.

    Parameters
    ----------
    client : Client
        The cluster's API.
    machine : Machine
        What runs containers.
    node : Node
        Where it is.
    recorder : Recorder
        Where events go.
    token : callable
        Makes tokens of service accounts.
    pod : dict
        The pod as it was seen first.
    gone : callable
        Called with the uid when nothing of it is left.
    """

    def __init__(
        self,
        client: Client,
        machine: Machine,
        node: Node,
        recorder: Recorder,
        token: Token,
        pod: Object,
        gone: Callable[[str], None],
    ) -> None:
        self.pod = pod
        self.uid = str(pod["metadata"]["uid"])
        self.address = ""
        self._client = client
        self._machine = machine
        self._node = node
        self._recorder = recorder
        self._gone = gone
        self._starter = Starter(client, machine, node, recorder)
        source = self._starter.source(pod["metadata"]["namespace"])
        self.volumes = Volumes(machine.folder / self.uid, node, source, token, machine.mounters)
        self._running = Running(machine, self._starter, recorder, self)
        self._mounted: bool | None = False  # None: under way
        self._began = ""
        self._published: Object = {}
        self._phase = pod_status.PENDING
        self._grace: int | None = None
        self.ending = self._removed = self._cleaned = self._publishing = self._expired = False
        spec, speed = pod["spec"], machine.clock.speed
        init = bool(spec.get("initContainers"))
        self.init = [
            Container(each, probes.probes_of(each, speed), True, waiting(INITIALIZING))
            for each in spec.get("initContainers") or ()
        ]
        self.main = [
            Container(each, probes.probes_of(each, speed), False, waiting(INITIALIZING if init else CREATING))
            for each in spec["containers"]
        ]

    @property
    def containers(self) -> list[Container]:
        """All of them."""
        return [*self.init, *self.main]

    # -- what happens to it -------------------------------------------------------------------------------------------

    def seen(self, pod: Object) -> None:
        """It is there, or has changed."""
        self.pod = pod
        if not self._began:
            if (pod.get("status") or {}).get("phase") in ENDED:
                self._phase = pod["status"]["phase"]
                self._began = "-"
                return  # it ended before this agent began
            self._began = names.timestamp(self._machine.clock.now())
            self.address = self._machine.addresses.take()
            deadline = pod["spec"].get("activeDeadlineSeconds")
            if deadline:
                self._machine.loop.later(float(deadline), self._expire)
        self.sync()

    def removed(self) -> None:
        """The API has it no more: nothing of it may stay."""
        self._removed = True
        self.kill()
        self.sync()

    def kill(self) -> None:
        """End its processes at once."""
        self.ending = True
        for each in self.containers:
            if each.handle is not None:
                each.handle.kill()

    def sync(self) -> None:
        """Do what is due."""
        if self._removed or "deletionTimestamp" in self.pod["metadata"] or self.ending:
            self._end()
        elif self._phase not in ENDED:
            if self._mounted:
                self._advance()
            elif self._mounted is not None:
                self._mount()
            self.publish()

    def _expire(self) -> None:
        """Its ``activeDeadlineSeconds`` are over."""
        if not self.ending and self._phase not in ENDED:
            self._expired = True
            self._recorder.tell(self.pod, DEADLINE, EXPIRED, WARNING)
            self.sync()

    # -- volumes ------------------------------------------------------------------------------------------------------

    def _mount(self) -> None:
        if not self.pod["spec"].get("volumes"):
            self._mounted = True
            self._advance()
            return
        self._mounted = None
        pod, address = self.pod, self.address

        def work() -> None:
            try:
                self.volumes.prepare(pod, address)
            except NotMounted as error:
                self._recorder.tell(pod, error.reason, str(error), WARNING)
                done = False
            except (OSError, ApiError) as error:
                self._recorder.tell(pod, "FailedMount", str(error), WARNING)
                done = False
            else:
                done = True
            self._machine.loop.post(lambda: self._did_mount(done))

        self._machine.loop.work(work)

    def _did_mount(self, done: bool) -> None:
        self._mounted = done
        if done or self.ending:
            self.sync()
        else:
            self.later(self._machine.patience(TRY_AGAIN, LEAST_TRY))

    # -- containers ---------------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Start what is due to be started."""
        policy = self.pod["spec"].get("restartPolicy", "Always")
        if self._expired:
            for each in self.containers:
                self._running.stop(each, f"Stopping container {each.name}")
        elif all(each.exit_code is not None and not each.wants_restart(policy) and not each.busy for each in self.main):
            self._finish_sidecars()
        else:
            self._start_next(policy)
        self._phase = self._phase_now()
        if self._phase in ENDED:
            self._release()

    def _start_next(self, policy: str) -> None:
        for each in self.init:
            self._running.run(each, policy)
            if not each.seen().initialized:
                return
        for each in self.main:
            if "waiting" in each.state and each.state["waiting"]["reason"] == INITIALIZING:
                each.state = waiting(CREATING)
            self._running.run(each, policy)

    def _finish_sidecars(self) -> None:
        """The work is done: what went on beside it ends."""
        for each in self.init:
            if each.alive:
                self._running.stop(each, f"Stopping container {each.name}")

    def _phase_now(self) -> str:
        init, main = [each.seen() for each in self.init], [each.seen() for each in self.main]
        found = pod_status.phase(self.pod["spec"].get("restartPolicy", "Always"), init, main)
        if self._expired:
            living = any(each.alive or each.busy for each in self.containers)
            return pod_status.RUNNING if living else pod_status.FAILED
        living = any(each.alive or each.busy for each in self.init)
        return pod_status.RUNNING if living and found in ENDED else found

    # -- the end ------------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        self.ending = True
        living = [each for each in self.containers if each.alive]
        if not self._removed:
            self._hurry(living)
            for each in living:
                self._running.stop(each, f"Stopping container {each.name}")
        if living or any(each.busy for each in self.containers) or self._mounted is None:
            self.publish()
            return
        if not self._cleaned:
            self._cleaned = True
            self._release()
            pod = self.pod

            def work() -> None:
                self.volumes.remove(pod)
                if self._machine.identities is not None:
                    self._machine.identities.end(self.uid)
                self._machine.loop.post(self._finish)

            self._machine.loop.work(work)

    def _hurry(self, living: list[Container]) -> None:
        """Those that are asked to end already may have got less time meanwhile."""
        grace = self.pod["metadata"].get("deletionGracePeriodSeconds")
        if grace is not None and grace != self._grace:
            self._grace = grace
            for each in living:
                if each.stopping and each.handle is not None:
                    self._machine.loop.later(float(grace), each.handle.kill)

    def _release(self) -> None:
        if self.address:
            self._machine.addresses.give_back(self.address)

    def _finish(self) -> None:
        """Nothing of it is left here: let it go from the API."""
        if not self._removed and "deletionTimestamp" in self.pod["metadata"]:
            if self._phase not in ENDED:
                codes = [each.exit_code for each in self.main]
                self._phase = pod_status.FAILED if any(codes) or None in codes else pod_status.SUCCEEDED
            self._publish()
            try:
                options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self.uid}}
                self._client.delete(self._path, options)
            except ApiError as error:
                if error.code not in (404, 409):
                    log.warning("%s could not be deleted: %s", self._path, error.message)
        self._gone(self.uid)

    def output_of(self, options: LogOptions) -> Output:
        """What a container has written; see `Running.output_of`."""
        return self._running.output_of(options)

    # -- what is told of it -------------------------------------------------------------------------------------------

    @property
    def _path(self) -> str:
        metadata = self.pod["metadata"]
        return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"

    def publish(self) -> None:
        """Write its status soon: what changes at once is written once."""
        if not self._publishing:
            self._publishing = True
            self._machine.loop.post(self._publish)

    def _publish(self) -> None:
        self._publishing = False
        if self._removed or self._began in ("", "-"):
            return
        status = self._status()
        if status == self._published:
            return
        try:
            self._client.merge(f"{self._path}/status", {"metadata": {"uid": self.uid}, "status": status})
            self._published = status
        except ApiError as error:
            if error.code not in (404, 409):
                log.warning("the status of %s was refused: %s", self._path, error.message)

    def _status(self) -> Object:
        now = names.timestamp(self._machine.clock.now())
        if not self.ending:
            self._phase = self._phase_now()
        init, main = [each.seen() for each in self.init], [each.seen() for each in self.main]
        before = {each["type"]: each for each in self._published.get("conditions") or ()}
        there = (self.pod.get("status") or {}).get("conditions") or ()
        before |= {each["type"]: each for each in there if each["type"] not in pod_status.OWN}
        listed = pod_status.conditions(self._phase, init, main, before.values(), now, network=self._mounted is True)
        made: Object = {
            "phase": self._phase,
            "conditions": listed,
            "hostIP": self._node.internal_ip,
            "hostIPs": [{"ip": self._node.internal_ip}],
            "podIP": self.address,
            "podIPs": [{"ip": self.address}],
            "startTime": self._began,
            "containerStatuses": [each.status("") for each in self.main],
        }
        if self._expired:
            made |= {"reason": DEADLINE, "message": EXPIRED}
        if self.init:
            made["initContainerStatuses"] = [each.status("") for each in self.init]
        return made

    def later(self, seconds: float) -> None:
        """Do what is due then."""
        self._machine.loop.later(seconds, self.sync)
