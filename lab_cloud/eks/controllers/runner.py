"""The loop of the controllers: look at what has changed, decide, do it, by way of the API."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from .client import Client
from .watching import Seen

log = logging.getLogger(__name__)

AGAIN_SECONDS = 5.0
SHORTEST_SECONDS = 0.05
SETTLE_SECONDS = 0.01
"""How long a burst of changes is let come in, before one look at all of them."""


class Controller(Protocol):
    """One controller."""

    @property
    def watches(self) -> tuple[str, ...]:
        """The resources that it looks at, as `watching.PATHS` has them."""

    def sync(self, seen: Seen, now: float) -> float | None:
        """Bring everything once closer to what is wanted.

        Returns
        -------
        float, optional
            When to look again though nothing changes, in epoch seconds.
        """


class Controllers:
    """Controllers of one cluster, together on a thread of their own.

    Parameters
    ----------
    client : Client
        The cluster's API.
    controllers : iterable of Controller
        Which, in the order in which they look.
    """

    def __init__(self, client: Client, controllers: Iterable[Controller]) -> None:
        self._client = client
        self._controllers = tuple(controllers)
        self._dirty = threading.Event()
        self._closing = False
        self._seen = Seen(self._dirty.set)
        self._looked: dict[int, tuple[int, ...]] = {}
        self._due: dict[int, float] = {}
        self._ends: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._run, name="controllers", daemon=True)

    def start(self) -> None:
        """Begin."""
        watched = [name for each in self._controllers for name in each.watches]
        self._ends = self._seen.watch(self._client, watched)
        self._thread.start()

    def close(self) -> None:
        """End; does not wait."""
        self._closing = True
        for end in self._ends:
            end()
        self._dirty.set()

    def _run(self) -> None:
        while not self._closing:
            left = min(self._due.values(), default=0.0) - time.time()
            self._dirty.wait(min(max(left, SHORTEST_SECONDS), AGAIN_SECONDS))
            time.sleep(SETTLE_SECONDS)
            self._dirty.clear()
            self.sync()

    def sync(self) -> None:
        """Let each look whose objects have changed, or whose time has come."""
        for place, each in enumerate(self._controllers):
            now = time.time()
            versions = tuple(map(self._seen.version, each.watches))
            if self._closing or (self._looked.get(place) == versions and now < self._due[place]):
                continue
            try:
                due = each.sync(self._seen, now)
            except Exception:
                log.exception("a controller failed")
                due, versions = now + AGAIN_SECONDS, ()
            self._looked[place] = versions
            self._due[place] = min(due or now + AGAIN_SECONDS, now + AGAIN_SECONDS)
