"""The containers of one pod: started, started again after a wait, and ended.

All of it runs on the machine's loop, but for what `starting` does on workers.

References
----------
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-states
"""

from typing import Protocol

from ...runtime.spec import Exit, Handle, Image
from ..controllers.client import Object
from ..kubernetes.answers import LogOptions
from ..kubernetes.status import bad_request
from .backoff import Backoff, words
from .container import CREATING, Container, waiting
from .machine import Machine
from .output import Output
from .probes import Probe, ask
from .probing import Prober
from .recorder import WARNING, Recorder
from .starting import NEVER_PULLED, PULL_FAILED, START_ERROR, Failed, Starter
from .volumes import Volumes

LEAST_BACKOFF = 0.2
TRY_AGAIN, LEAST_TRY = 2.0, 0.5
"""Seconds between two tries at a volume or a configuration: Kubernetes' own, which the speed divides, and real ones."""


class Owner(Protocol):
    """The pod."""

    pod: Object
    uid: str
    address: str
    ending: bool
    volumes: Volumes

    @property
    def containers(self) -> list[Container]:
        """All of them."""

    def sync(self) -> None:
        """Do what is due."""

    def later(self, seconds: float) -> None:
        """Do what is due then."""

    def publish(self) -> None:
        """Something about its status has changed."""


class Running:
    """The containers of one pod.

    Parameters
    ----------
    machine : Machine
        What runs them.
    starter : Starter
        What starts them.
    recorder : Recorder
        Where events go.
    owner : Owner
        The pod.
    """

    def __init__(self, machine: Machine, starter: Starter, recorder: Recorder, owner: Owner) -> None:
        self._machine = machine
        self._starter = starter
        self._recorder = recorder
        self._owner = owner
        self._prober = Prober(machine, recorder, self, owner)

    def run(self, each: Container, policy: str) -> None:
        """Start a container if it is due, by the pod's ``restartPolicy``."""
        if each.alive or each.busy:
            return
        if each.exit_code is not None and not each.wants_restart(policy):
            return
        now, speed = self._machine.clock.now(), self._machine.clock.speed
        if now < each.until:
            self._owner.later(each.until - now)
            return
        if "terminated" in each.state:
            left = max(each.backoff.left(each.ended_at, now, speed), 0.0)
            if left > 0:
                self._back_off(each, max(left, LEAST_BACKOFF))
                return
        self._start(each)

    def _back_off(self, each: Container, left: float) -> None:
        name = f"{self._owner.pod['metadata']['name']}_{self._owner.pod['metadata']['namespace']}({self._owner.uid})"
        each.last = each.state
        wait = words(each.backoff.seconds)
        each.state = waiting("CrashLoopBackOff", f"back-off {wait} restarting failed container={each.name} pod={name}")
        each.until = self._machine.clock.now() + left
        text = f"Back-off restarting failed container {each.name} in pod {name}"
        self._recorder.tell(self._owner.pod, "BackOff", text, WARNING, each.path)
        self._owner.later(left)

    def _start(self, each: Container) -> None:
        """Pull and start a container on a worker."""
        each.busy, each.early, each.until = True, None, 0.0
        each.run += 1
        run, pod, address = each.run, self._owner.pod, self._owner.address
        each.fresh = Output()

        def ended(end: Exit) -> None:
            self._machine.loop.post(lambda: self._ended(each, run, end))

        def work() -> None:
            image = self._starter.pull(pod, each)
            made: Handle | Failed
            if isinstance(image, Failed):
                made = image
            else:
                made = self._starter.start(pod, each, image, self._owner.volumes, address, ended)
            found = image if isinstance(image, Image) else None
            self._machine.loop.post(lambda: self._started(each, made, found))

        self._machine.loop.work(work)

    def _started(self, each: Container, made: Handle | Failed, image: Image | None) -> None:
        each.busy = False
        now, speed = self._machine.clock.now(), self._machine.clock.speed
        if image is not None:
            each.image_id = f"{image.reference.partition('@')[0].rpartition(':')[0]}@{image.digest}"
            each.pull_backoff = Backoff()
        if isinstance(made, Failed) and made.reason != START_ERROR:
            self._failed(each, made)
            self._owner.sync()
            return
        if "terminated" in each.state:
            each.last = each.state
        if each.last:
            each.restarts += 1
            each.previous = each.output
            each.backoff = each.backoff.next(now, speed)  # the first time it is started again at once
        each.output = each.fresh
        if isinstance(made, Failed):
            each.since = now
            each.finish(128, START_ERROR, made.message, now)
            self._owner.sync()
            return
        each.begin(made, now)
        if self._owner.ending:
            made.kill()
        self._machine.addresses.open(self._owner.address, made.ports)
        self._prober.begin(each)
        if each.early is not None:
            self._ended(each, each.run, each.early)
        else:
            self._owner.sync()

    def _failed(self, each: Container, failed: Failed) -> None:
        """A container that could not be started waits, and is tried again."""
        now, speed = self._machine.clock.now(), self._machine.clock.speed
        if each.state.get("terminated"):
            each.last = each.state
        each.state = waiting(failed.reason, failed.message)
        if failed.reason in (PULL_FAILED, NEVER_PULLED):
            each.pull_backoff = each.pull_backoff.next(now, speed)
            wait = max(each.pull_backoff.seconds / speed, LEAST_BACKOFF)
            if failed.reason == PULL_FAILED:
                self._machine.loop.later(min(wait / 2, 1.0), lambda: self._back_off_pull(each, each.run, failed))
        else:
            wait = self._machine.patience(TRY_AGAIN, LEAST_TRY)
        each.until = now + wait
        self._owner.later(wait)

    def _back_off_pull(self, each: Container, run: int, failed: Failed) -> None:
        if each.run != run or each.busy or self._owner.ending:
            return
        image = each.spec["image"]
        text = f'Back-off pulling image "{image}"'
        each.state = waiting("ImagePullBackOff", f"{text}: {failed.reason}: {failed.message}")
        self._recorder.tell(self._owner.pod, "BackOff", text, container=each.path)
        self._recorder.tell(self._owner.pod, "Failed", "Error: ImagePullBackOff", WARNING, each.path)
        self._owner.publish()

    def _ended(self, each: Container, run: int, end: Exit) -> None:
        if run != each.run:
            return
        if each.busy:
            each.early = end  # its start has not come back yet
            return
        if each.handle is not None:
            for port in each.handle.ports:
                self._machine.addresses.shut(self._owner.address, port)
        reason = "OOMKilled" if end.out_of_memory else "Error" if end.code else "Completed"
        message = "" if end.out_of_memory or not end.reason else end.reason
        each.finish(end.code, reason, message, self._machine.clock.now())
        self._owner.sync()

    def stop(self, each: Container, text: str) -> None:
        """Ask a container to end, and kill it when its time is over."""
        handle = each.handle
        if handle is None or each.stopping:
            return
        each.stopping = True
        self._recorder.tell(self._owner.pod, "Killing", text, container=each.path)
        grace = self._owner.pod["metadata"].get("deletionGracePeriodSeconds")
        if grace is None:
            grace = self._owner.pod["spec"].get("terminationGracePeriodSeconds", 30)
        self._machine.loop.later(float(grace), handle.kill)
        hook = (each.spec.get("lifecycle") or {}).get("preStop")
        if hook and grace:
            self._before_stop(each, handle, hook, float(grace))
        else:
            handle.stop()

    def _before_stop(self, each: Container, handle: Handle, hook: Object, grace: float) -> None:
        """What a container wants done before it is asked to end; it counts against its time."""
        if hook.get("sleep"):
            self._machine.loop.later(float(hook["sleep"].get("seconds") or 0), handle.stop)
            return
        pod, address = self._owner.pod, self._owner.address
        probe = Probe("preStop", hook, 0.0, grace, 0.0, 0.0, 1, 1)

        def work() -> None:
            try:
                passed, why = ask(probe, each.spec, handle, address)
                if not passed:
                    self._recorder.tell(pod, "FailedPreStopHook", f"PreStopHook failed: {why}", WARNING, each.path)
            finally:
                self._machine.loop.post(handle.stop)

        self._machine.loop.work(work)

    def output_of(self, options: LogOptions) -> Output:
        """What a container has written.

        Raises
        ------
        ApiError
            It has not run yet, or not before.
        """
        each = next(one for one in self._owner.containers if one.name == options.container)
        name = self._owner.pod["metadata"]["name"]
        found = each.previous if options.previous and (each.alive or "terminated" in each.state) else each.output
        if options.previous and (found is None or not each.last):
            raise bad_request(f'previous terminated container "{each.name}" in pod "{name}" not found')
        if found is None:
            reason = (each.state.get("waiting") or {}).get("reason", CREATING)
            raise bad_request(f'container "{each.name}" in pod "{name}" is waiting to start: {reason}')
        return found
