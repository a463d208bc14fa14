"""Time in the embedded cloud: real time for all, AWS's own waiting divided by the speed.

Timestamps are wall time everywhere. What is shortened is only how long AWS itself makes people wait (provisioning,
health-check intervals, cooldowns ...); whatever races with the learner's own code is left alone. The lab calendar,
which cron expressions and "days since pushed" read, starts at the real time and runs at speed while a client is
active.
"""

import threading
import time

IDLE_SECONDS = 300.0
"""The lab calendar pauses after this many real seconds without a client's call."""


class Clock:
    """Wall time, and the speed that divides AWS's own waiting.

    Parameters
    ----------
    speed : float
        How many times shorter AWS's own waiting is; 1 is AWS's own pace.
    """

    def __init__(self, speed: float = 60.0) -> None:
        if not speed > 0:
            raise ValueError("speed must be greater than 0")
        self.speed = speed
        self._lock = threading.Lock()
        self._calendar = self._seen = self.now()

    def now(self) -> float:
        """Wall time in epoch seconds."""
        return time.time()

    def real(self, aws_seconds: float) -> float:
        """How many real seconds stand for this many seconds of AWS's waiting."""
        return aws_seconds / self.speed

    def touch(self) -> None:
        """Note that a client is active now; the calendar runs on from here."""
        with self._lock:
            self._calendar = self._calendar_at(self.now())
            self._seen = self.now()

    def calendar(self) -> float:
        """The lab calendar in epoch seconds."""
        with self._lock:
            return self._calendar_at(self.now())

    def _calendar_at(self, now: float) -> float:
        awake = min(max(now - self._seen, 0.0), IDLE_SECONDS)
        return self._calendar + awake * self.speed


class ManualClock(Clock):
    """A clock that a test moves by hand.

    Parameters
    ----------
    speed : float
        As in `Clock`.
    start : float
        Epoch seconds at which it stands first.
    """

    def __init__(self, speed: float = 1.0, start: float = 1_700_000_000.0) -> None:
        self._now = start
        super().__init__(speed)

    def now(self) -> float:
        """The time the test has set."""
        return self._now

    def advance(self, seconds: float) -> float:
        """Move on by real seconds and return the new time."""
        self._now += seconds
        return self._now
