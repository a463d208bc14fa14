"""Long polls: they wait without holding anything, and are woken when a message is there."""

from typing import Any

from ..wire.call import Postponed
from ..world import World


class Polls:
    """The reconciler of long polls, after all that may send messages.

    Parameters
    ----------
    world : World
        The time.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: list[tuple[Any, Postponed]] = []

    def wait(self, box: Any, until: float) -> Postponed:
        """A call that is answered later: when the box has a message, or at a moment (epoch seconds)."""
        postponed = Postponed(until)
        self._waiting.append((box, postponed))
        moment = box.change()
        if moment is not None and moment < until:
            self._world.wake()
        return postponed

    def tick(self, now: float) -> None:
        """Wake as many as can get something."""
        left: list[tuple[Any, Postponed]] = []
        free: dict[str, int] = {}
        for box, postponed in self._waiting:
            if postponed.until <= now or postponed.rung:
                continue
            if box.name not in free:
                free[box.name] = box.receivable(now)
                moment = box.change()
                if moment is not None:
                    self._world.wake_at(moment)
            if free[box.name] > 0:
                free[box.name] -= 1
                postponed.ring()
            else:
                left.append((box, postponed))
        self._waiting = left
