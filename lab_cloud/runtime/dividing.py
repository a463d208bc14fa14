"""How the containers of one task share what the task has, when a container engine holds each of them by itself.

The engine knows limits of a container only. A task of one container simply has the task's; among several the processors
are divided anew every second by what each of them uses, and the memory of all is summed.
"""

import contextlib
import threading
from collections.abc import Sequence
from typing import Protocol

from lab_cloud.runtime.limits import over_memory
from lab_cloud.runtime.spec import Share, Stats

PERIOD = 1.0
"""Seconds between two looks at a task of several containers."""

ROOM = 1.5
"""How many times its recent use a container may have, so that it can grow."""

LEAST = 0.02
"""Processors that a container has however little it uses: a start must not take forever."""


def divide(total: float, wishes: Sequence[float]) -> list[float]:
    """Divide processors fairly: nobody gets less than its equal part unless it wishes less. Pure.

    Parameters
    ----------
    total : float
        What there is, in vCPU.
    wishes : sequence of float
        What each could use.

    Returns
    -------
    list of float
        What each gets; the sum is `total`.
    """
    given = [0.0] * len(wishes)
    left = total
    order = sorted(range(len(wishes)), key=lambda place: wishes[place])
    for done, place in enumerate(order):
        given[place] = min(wishes[place], left / (len(order) - done))
        left -= given[place]
    return [part + left / len(wishes) for part in given]


class Member(Protocol):
    """What the keeper needs of a container."""

    memory_limit: int | None

    def stats(self) -> Stats:
        """What it has used."""

    def hold(self, cpu: float) -> None:
        """Let it have that many processors from now on."""

    def kill_for_memory(self) -> None:
        """End it because of the memory that it holds."""


class Keeper:
    """Holds tasks of several containers to their share, in one thread that sleeps while there are none."""

    def __init__(self) -> None:
        self._members: dict[Share, list[Member]] = {}
        self._seen: dict[Member, Stats] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def part(self, share: Share) -> float | None:
        """The processors that one more container of this share may begin with."""
        with self._changed:
            return None if share.cpu is None else share.cpu / (len(self._members.get(share, ())) + 1)

    def add(self, share: Share | None, member: Member) -> None:
        """Keep a container from now on."""
        if share is None:
            return
        with self._changed:
            members = [*self._members.get(share, ()), member]
            self._members[share] = members
            self._changed.notify()
        if share.cpu is not None and len(members) > 1:
            for each in members:
                each.hold(share.cpu / len(members))

    def remove(self, share: Share | None, member: Member) -> None:
        """Forget a container that has ended; what it had is the others'."""
        if share is None:
            return
        with self._changed:
            left = [each for each in self._members.pop(share, ()) if each is not member]
            if left:
                self._members[share] = left
            self._seen.pop(member, None)
        if share.cpu is not None and len(left) == 1:
            left[0].hold(share.cpu)

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._shared())
                if not self._closed:
                    self._changed.wait_for(lambda: self._closed, PERIOD)
                if self._closed:
                    return
                shared = self._shared()
            for share, members in shared:
                with contextlib.suppress(Exception):  # a container that ends meanwhile
                    self._look(share, members)

    def _shared(self) -> list[tuple[Share, list[Member]]]:
        return [(share, list(members)) for share, members in self._members.items() if len(members) > 1]

    def _look(self, share: Share, members: list[Member]) -> None:
        now = [member.stats() for member in members]
        before = [self._seen.get(member) for member in members]
        self._seen.update(zip(members, now, strict=True))
        limits = [member.memory_limit for member in members]
        for place in over_memory([stats.memory for stats in now], limits, share.memory):
            members[place].kill_for_memory()
        if share.cpu is None:
            return
        wishes = [LEAST + ROOM * _rate(last, this) for last, this in zip(before, now, strict=True)]
        for member, cpu in zip(members, divide(share.cpu, wishes), strict=True):
            member.hold(cpu)


def _rate(before: Stats | None, now: Stats) -> float:
    """Processors used between two looks."""
    if before is None or now.read <= before.read:
        return 0.0
    return max(now.cpu_seconds - before.cpu_seconds, 0.0) / (now.read - before.read)
