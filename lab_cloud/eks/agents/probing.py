"""Asks the containers of a pod how they are, when it is due, and does what the answers call for."""

from typing import Protocol

from ..controllers.client import Object
from . import probes
from .container import Container
from .machine import Machine
from .probes import LIVENESS, READINESS, STARTUP, Probe
from .recorder import WARNING, Recorder

QUIET_SECONDS = 1.0
"""Real seconds after a container's start in which a failure says nothing: its program is just beginning."""
STARTING_INTERVAL = 0.25
"""Real seconds between two answers until the first one that is good."""


class Stopper(Protocol):
    """Who ends containers."""

    def stop(self, each: Container, text: str) -> None:
        """Ask a container to end."""


class Owner(Protocol):
    """The pod."""

    pod: Object
    address: str

    def sync(self) -> None:
        """Do what is due."""


class Prober:
    """The probes of one pod.

    Parameters
    ----------
    machine : Machine
        The time, and the workers that ask.
    recorder : Recorder
        Where failures are told.
    stopper : Stopper
        Who ends a container that has failed.
    owner : Owner
        The pod.
    """

    def __init__(self, machine: Machine, recorder: Recorder, stopper: Stopper, owner: Owner) -> None:
        self._machine = machine
        self._recorder = recorder
        self._stopper = stopper
        self._owner = owner

    def begin(self, each: Container) -> None:
        """A container has been started."""
        for kind in (STARTUP,) if STARTUP in each.probes else (LIVENESS, READINESS):
            self._plan(each, kind)

    def _plan(self, each: Container, kind: str) -> None:
        probe, run = each.probes.get(kind), each.run
        if probe is not None:
            each.records[kind] = probes.first(kind)
            elapsed = self._machine.clock.now() - each.since
            delay = max(probe.delay - elapsed, 0.0)
            self._machine.loop.later(delay, lambda: self._ask(each, run, probe))

    def _ask(self, each: Container, run: int, probe: Probe) -> None:
        handle = each.handle
        if each.run != run or handle is None or each.stopping:
            return
        address = self._owner.address

        def work() -> None:
            try:
                passed, why = probes.ask(probe, each.spec, handle, address)
            except Exception as bug:
                passed, why = False, f"{type(bug).__name__}: {bug}"
            self._machine.loop.post(lambda: self._told(each, run, probe, passed, why))

        self._machine.loop.work(work)

    def _told(self, each: Container, run: int, probe: Probe, passed: bool, why: str) -> None:
        if each.run != run or each.handle is None or each.stopping:
            return
        now, before = self._machine.clock.now(), each.records[probe.kind]
        if not passed and not before.passed and now - each.since < QUIET_SECONDS:
            self._machine.loop.later(STARTING_INTERVAL, lambda: self._ask(each, run, probe))
            return
        after = each.records[probe.kind] = probes.step(before, probe, passed, now)
        if not passed and after.failures > before.failures:
            text = f"{probes.WORDS[probe.kind]} probe failed: {why}"
            self._recorder.tell(self._owner.pod, "Unhealthy", text, WARNING, each.path)
        if probes.has_failed(after, probe):
            word = probes.WORDS[probe.kind].lower()
            self._stopper.stop(each, f"Container {each.name} failed {word} probe, will be restarted")
            return
        if after.passing != before.passing:
            self._owner.sync()
        if probe.kind == STARTUP and after.passing:
            for kind in (LIVENESS, READINESS):
                self._plan(each, kind)
            return
        # one that is starting is asked often, so that a probe costs no time when it is well
        wait = probe.interval if after.passed else min(probe.interval, STARTING_INTERVAL)
        self._machine.loop.later(wait, lambda: self._ask(each, run, probe))
