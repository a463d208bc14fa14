"""Limits that containers feel: processor time by suspending and resuming, memory by a watchdog.

The decisions are pure. The `Limiter` around them is one thread for all containers: it looks often at those that work
and rarely at those that rest, and reads memory only after a container has used some processor time (it cannot grow
without).
"""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from lab_cloud.errors import CloudError
from lab_cloud.runtime.spec import Share

PERIOD = 0.05
"""Seconds in which a share is handed out: a task of 0.25 vCPU runs 12 ms, then stands still for the rest."""

GIVEN = 0.96
"""The part of the share that is handed out, so that measuring late never shows more than 100 %."""

START_CREDIT = 0.15
"""Processor seconds that a task may use at its start, however small its share: loading Python is not its work."""

START_SECONDS = 1.0
"""Seconds after which unused credit is gone."""

SOONEST, LATEST, RESTING = 0.004, 0.1, 0.2
"""Seconds between two looks at one task: at a busy one, at a quiet one, at one that does nothing."""


UNSEEN = 0.002
"""Processor seconds after which memory is read again; with less a container cannot have grown much."""

RESTS = 0.02
"""Processors below which a task is thought to rest."""

FORGET = 0.1
"""Seconds after which a task that was busy is thought half as busy."""


@dataclass(frozen=True)
class Allowance:
    """What a task may still use.

    Parameters
    ----------
    tokens : float
        Processor seconds; below zero it has used more than its share and stands still until that is paid back.
    used : float
        All it has used until `at`.
    at, since : float
        Seconds on one clock: now, and its start.
    running : bool
        False while it is suspended.
    rate : float
        Processors that it used of late.
    """

    tokens: float
    used: float
    at: float
    since: float
    running: bool = True
    rate: float = 0.0

    @classmethod
    def start(cls, now: float) -> "Allowance":
        """A task that starts now."""
        return cls(START_CREDIT, 0.0, now, now)


def decide(cpu: float, before: Allowance, used: float, now: float) -> Allowance:
    """Whether a task may go on.

    Parameters
    ----------
    cpu : float
        Its share in vCPU.
    before : Allowance
        The last decision.
    used : float
        Processor seconds that its containers have used in all.
    now : float
        Seconds, on the clock of `before`.
    """
    elapsed = max(now - before.at, 0.0)
    spent = max(used - before.used, 0.0)
    income, slice_ = cpu * GIVEN, cpu * GIVEN * PERIOD
    most = slice_ * 1.5 if now - before.since > START_SECONDS else max(slice_ * 1.5, before.tokens)
    # It rested first and then ran: what it could not save while it rested is lost.
    ran = min(elapsed, spent)
    tokens = min(before.tokens + income * (elapsed - ran), most) + income * ran - spent
    running = tokens > 0 if before.running else tokens >= slice_ * 0.999
    rate = before.rate
    if before.running and elapsed > 0:  # standing still tells nothing; and a busy task that had to wait is still busy
        rate = max(spent / elapsed, before.rate * 0.5 ** (elapsed / FORGET))
    return replace(before, tokens=tokens, used=before.used + spent, at=now, running=running, rate=rate)


def pause(cpu: float, allowance: Allowance) -> float:
    """Seconds until the next look: when the tokens will be used up, or when they will be enough again."""
    income = cpu * GIVEN
    if not allowance.running:
        return min(max((income * PERIOD - allowance.tokens) / income, SOONEST), LATEST)
    if allowance.rate < min(income / 8, RESTS):
        return RESTING
    if allowance.rate < income / 2:
        return LATEST
    return min(max(allowance.tokens / allowance.rate, SOONEST), LATEST)


def over_memory(held: Sequence[int], limits: Sequence[int | None], total: int | None) -> list[int]:
    """Which containers of a task must be killed for the memory that they hold.

    Parameters
    ----------
    held, limits : sequence
        Bytes of each container, and the most it may hold.
    total : int or None
        The most that they may hold together; the largest goes first.

    Returns
    -------
    list of int
        Their places in `held`.
    """
    victims = [place for place, limit in enumerate(limits) if limit is not None and held[place] > limit]
    left = [place for place in range(len(held)) if place not in victims]
    while total is not None and left and sum(held[place] for place in left) > total:
        largest = max(left, key=lambda place: held[place])
        left.remove(largest)
        victims.append(largest)
    return sorted(victims)


def most_memory(environment: Mapping[str, str]) -> int | None:
    """Bytes that all containers of this cloud may hold together: ``LAB_MEMORY_MB``, or no limit.

    Raises
    ------
    CloudError
        When it is no number above 0.
    """
    text = environment.get("LAB_MEMORY_MB", "")
    if not text:
        return None
    if not text.isdigit() or not int(text):
        raise CloudError(f"LAB_MEMORY_MB is {text!r}, and no number above 0.", "Set it to megabytes, for example 1024.")
    return int(text) * 1_000_000


def _memory(member: "Limited") -> int:
    try:
        return member.memory()
    except OSError:  # it ends meanwhile
        return 0


class Limited(Protocol):
    """What the limiter needs of a container."""

    memory_limit: int | None

    def cpu_seconds(self) -> float:
        """Processor seconds so far."""

    def memory(self) -> int:
        """Bytes now."""

    def refresh(self) -> None:
        """Look for its children."""

    def suspend(self) -> None:
        """Stand still."""

    def resume(self) -> None:
        """Go on."""

    def kill_for_memory(self, remark: str = "") -> None:
        """End it because of the memory that it holds; the remark goes to the end of the reason."""


class _Task:
    """The containers of one share, and when to look at them."""

    def __init__(self, share: Share, now: float) -> None:
        self.share = share
        self.members: list[Limited] = []
        self.gone = 0.0  # processor seconds of containers that have ended
        self.allowance = Allowance.start(now)
        self.due = now
        self.checked_used = -1.0
        self.checked_at = now

    def used(self) -> float:
        return self.gone + sum(member.cpu_seconds() for member in self.members)


class Limiter:
    """Holds containers to their limits, in one thread.

    Parameters
    ----------
    clock : callable
        Seconds that never go back.
    cores : float
        Processors of this machine; a share at least as large needs no holding.
    most : int or None
        Bytes that all containers may hold together; where many share a machine, each of them has such a limit.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, cores: float = 1e9, most: int | None = None
    ) -> None:
        self._clock = clock
        self._cores = cores
        self._most = most
        self._ending: list[Limited] = []  # killed for what all hold together, and not gone yet
        self._tasks: dict[int, _Task] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, share: Share | None, member: Limited) -> None:
        """Hold a container from now on; without a share it counts alone."""
        with self._changed:
            share = share or Share()
            key = id(share)
            if key not in self._tasks:
                self._tasks[key] = _Task(share, self._clock())
            task = self._tasks[key]
            task.members.append(member)
            task.due = self._clock()
            if not task.allowance.running:
                member.suspend()
            self._changed.notify()

    def remove(self, member: Limited) -> None:
        """Forget a container that has ended."""
        with self._changed:
            for key, task in list(self._tasks.items()):
                if member in task.members:
                    task.gone += member.cpu_seconds()
                    task.members.remove(member)
                    if not task.members:
                        del self._tasks[key]

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="limits", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                self._changed.wait(self.look())

    def look(self) -> float | None:
        """Look at every task that is due; returns the seconds until the next is, None when there is none."""
        with self._changed:
            now = self._clock()
            for task in list(self._tasks.values()):
                if task.due <= now:
                    with contextlib.suppress(OSError):  # a process that ends meanwhile
                        self._hold(task, now)
            if not self._tasks:
                return None
            # Looks are gathered: one wake-up serves all that are due within the next few milliseconds.
            return max(min(task.due for task in self._tasks.values()) - now, SOONEST)

    def _hold(self, task: _Task, now: float) -> None:
        used = task.used()
        rests = used == task.allowance.used and task.allowance.running and task.allowance.rate < RESTS
        if rests and used - task.checked_used <= UNSEEN:
            task.due = now - now % RESTING + RESTING  # the resting ones are looked at together: few wake-ups
            return
        cpu = task.share.cpu_now
        task.due = now + LATEST
        if cpu is not None and cpu < self._cores:
            before = task.allowance
            task.allowance = decide(cpu, before, used, now)
            task.due = now + pause(cpu, task.allowance)
            if task.allowance.running != before.running:
                for member in task.members:
                    (member.resume if task.allowance.running else member.suspend)()
        else:
            if not task.allowance.running:  # it was idle, and is not any more
                for member in task.members:
                    member.resume()
            task.allowance = replace(task.allowance, used=used, at=now, running=True)
        if used - task.checked_used > UNSEEN and now - task.checked_at >= PERIOD:
            task.checked_used, task.checked_at = used, now
            self._check_memory(task)
            if self._most is not None:
                self._check_together(self._most)

    def _check_together(self, most: int) -> None:
        """As Linux does where memory is short: the largest goes."""
        there = [member for task in self._tasks.values() for member in task.members]
        self._ending = [member for member in self._ending if member in there]
        members = [member for member in there if member not in self._ending]
        held = [_memory(member) for member in members]
        remark = f" (all containers here may hold {most // 1_000_000} MB together: LAB_MEMORY_MB)"
        for place in over_memory(held, [None] * len(members), most):
            members[place].kill_for_memory(remark)
            self._ending.append(members[place])

    @staticmethod
    def _check_memory(task: _Task) -> None:
        for member in task.members:
            member.refresh()
        limits = [member.memory_limit for member in task.members]
        if task.share.memory is None and all(limit is None for limit in limits):
            return
        held = [member.memory() for member in task.members]
        for place in over_memory(held, limits, task.share.memory):
            task.members[place].kill_for_memory()
