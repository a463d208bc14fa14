"""The messages of one queue: which can be received, which somebody has, which wait. Pure: time is given.

Visibility timeouts, delays and retention are real seconds, since they race with the learner's own programs.

References
----------
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
"""

import base64
import heapq
import itertools
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

READY, DELAYED, FLYING, GONE = "ready", "delayed", "flying", "gone"
DEDUPLICATION_SECONDS = 300.0


@dataclass
class Stored:
    """One message.

    Parameters
    ----------
    id, body : str
        Its id and text.
    sent : float
        Epoch seconds.
    group, deduplication, sequence : str
        Of a FIFO queue; else empty.
    attributes, system : dict
        As SendMessage had them.
    source : str
        The ARN of the queue that it came from, when it is a dead letter.
    """

    id: str
    body: str
    sent: float
    group: str = ""
    deduplication: str = ""
    sequence: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    system: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    number: int = 0
    state: str = READY
    until: float = 0.0
    received: int = 0
    first: float = 0.0

    def again(self, source: str) -> "Stored":
        """The same message as it enters another queue, having come from the queue with this ARN."""
        return Stored(
            self.id, self.body, self.sent, self.group, "", self.sequence, self.attributes, self.system, source
        )


class Box:
    """All messages of a queue.

    Parameters
    ----------
    fifo : bool
        Whether messages of a group come one after the other.
    """

    def __init__(self, fifo: bool = False) -> None:
        self.fifo = fifo
        self.name = secrets.token_hex(6)
        self._all: dict[str, Stored] = {}
        self._ready: list[tuple[int, Stored]] = []
        self._later: list[tuple[float, int, Stored]] = []
        self._numbers = itertools.count(1)
        self._states: Counter[str] = Counter()
        self._busy: Counter[str] = Counter()
        self._seen: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._all)

    def count(self, state: str, now: float) -> int:
        """How many messages are in a state."""
        self.advance(now)
        return self._states[state]

    def oldest(self, now: float) -> float:
        """Seconds since the oldest message was sent; 0 when there is none."""
        first = next(iter(self._all.values()), None)
        return max(now - first.sent, 0.0) if first is not None else 0.0

    def _move(self, stored: Stored, state: str) -> None:
        self._states[stored.state] -= 1
        self._states[state] += 1
        if self.fifo and stored.group:
            self._busy[stored.group] += (state == FLYING) - (stored.state == FLYING)
        stored.state = state
        if state == READY:
            heapq.heappush(self._ready, (stored.number, stored))

    def add(self, stored: Stored, now: float, delay: float = 0.0) -> bool:
        """Take a message in.

        Parameters
        ----------
        stored : Stored
            The message.
        now, delay : float
            The time, and how long nobody may receive it.

        Returns
        -------
        bool
            False for a copy of what a FIFO queue has been given within five minutes.
        """
        if self.fifo and stored.deduplication:
            self._seen = {key: when for key, when in self._seen.items() if now - when < DEDUPLICATION_SECONDS}
            if stored.deduplication in self._seen:
                return False
            self._seen[stored.deduplication] = now
        stored.number = next(self._numbers)
        self._all[stored.id] = stored
        self._states[stored.state] += 1
        if delay > 0:
            self._hide(stored, DELAYED, now + delay)
        else:
            heapq.heappush(self._ready, (stored.number, stored))
        return True

    def _hide(self, stored: Stored, state: str, until: float) -> None:
        self._move(stored, state)
        stored.until = until
        heapq.heappush(self._later, (until, stored.number, stored))

    def advance(self, now: float) -> None:
        """Let messages be received whose delay or visibility timeout is over."""
        while self._later and self._later[0][0] <= now:
            until, _number, stored = heapq.heappop(self._later)
            if stored.until == until and stored.state in (DELAYED, FLYING):
                self._move(stored, READY)

    def change(self) -> float | None:
        """When a message can be received next that cannot be now."""
        while self._later:
            until, _number, stored = self._later[0]
            if stored.until == until and stored.state in (DELAYED, FLYING):
                return until
            heapq.heappop(self._later)
        return None

    def receivable(self, now: float) -> int:
        """How many messages could be received now, about."""
        self.advance(now)
        if not self.fifo or not self._states[FLYING]:
            return self._states[READY]
        return sum(
            stored.state == READY and not self._busy[stored.group]
            for number, stored in self._ready
            if number == stored.number
        )

    def receive(
        self, most: int, now: float, visibility: float, *, deaths: int = 0, retention: float = float("inf")
    ) -> tuple[list[Stored], list[Stored]]:
        """Give messages away for a while.

        Parameters
        ----------
        most : int
            How many.
        now, visibility : float
            The time, and for how long nobody else gets them.
        deaths : int
            ``maxReceiveCount``; 0 when there is no dead-letter queue.
        retention : float
            Seconds after which a message is forgotten.

        Returns
        -------
        (list of Stored, list of Stored)
            Those received, and those that were received too often and are no longer here.
        """
        self.advance(now)
        found: list[Stored] = []
        dead: list[Stored] = []
        aside: list[tuple[int, Stored]] = []
        locked = {group for group, count in self._busy.items() if count > 0} if self.fifo else set()
        while self._ready and len(found) < most:
            number, stored = heapq.heappop(self._ready)
            if stored.state != READY or number != stored.number:
                continue
            if now - stored.sent >= retention:
                self._drop(stored)
            elif stored.group in locked:
                aside.append((number, stored))
            elif deaths and stored.received >= deaths:
                self._drop(stored)
                dead.append(stored)
            else:
                stored.received += 1
                stored.first = stored.first or now
                self._hide(stored, FLYING, now + visibility)
                found.append(stored)
        for each in aside:
            heapq.heappush(self._ready, each)
        return found, dead

    def handle(self, stored: Stored) -> str:
        """The receipt handle of the newest receive."""
        return base64.urlsafe_b64encode(f"{self.name}:{stored.id}:{stored.received}".encode()).decode()

    def find(self, handle: str) -> tuple[Stored | None, int]:
        """The message of a receipt handle, and for which receive it was given.

        Returns
        -------
        (Stored or None, int)
            None when the message is gone.

        Raises
        ------
        KeyError
            When this queue has never given such a handle.
        """
        try:
            name, message, number = base64.urlsafe_b64decode(handle.encode()).decode().split(":")
            received = int(number)
        except ValueError:
            raise KeyError(handle) from None
        if name != self.name:
            raise KeyError(handle)
        return self._all.get(message), received

    def delete(self, stored: Stored) -> None:
        """Forget a message."""
        self._drop(stored)

    def postpone(self, stored: Stored, now: float, seconds: float) -> None:
        """Let nobody else receive a message that somebody has for so long from now; at once for 0."""
        if seconds <= 0:
            self._move(stored, READY)
        else:
            stored.until = now + seconds
            heapq.heappush(self._later, (stored.until, stored.number, stored))

    def _drop(self, stored: Stored) -> None:
        self._move(stored, GONE)
        self._states[GONE] = 0
        self._all.pop(stored.id, None)

    def take(self, most: int, now: float) -> list[Stored]:
        """Take messages away that can be received, to put them elsewhere."""
        self.advance(now)
        found: list[Stored] = []
        while self._ready and len(found) < most:
            number, stored = heapq.heappop(self._ready)
            if stored.state == READY and number == stored.number:
                self._drop(stored)
                found.append(stored)
        return found

    def purge(self) -> None:
        """Forget all messages."""
        for stored in list(self._all.values()):
            self._drop(stored)
        self._ready.clear()
        self._later.clear()
        self._busy.clear()
