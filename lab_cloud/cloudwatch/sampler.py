"""Measures once an AWS minute: at the end of each, every collector is asked for what happened in it.

A thread of its own, so that reading the memory of processes never holds the world's lock.
"""

import logging
import threading
from typing import Protocol

from ..clock import Clock
from .metric import MINUTE, MetricId, Sample
from .store import MetricStore

log = logging.getLogger(__name__)

SHORTEST_SECONDS = 0.2
"""Real seconds between two measurements at least; at a high speed one measurement stands for several AWS minutes."""


class Collector(Protocol):
    """Measures one part of the cloud."""

    def collect(self, into: "Slices") -> None:
        """Put what happened since the last call; called without any lock, always from the same thread."""


class Slices:
    """The AWS minutes that a measurement stands for.

    Parameters
    ----------
    store : MetricStore
        Where data goes.
    start, end : float
        Real epoch seconds; whole AWS minutes.
    minutes : int
        How many AWS minutes lie between them.
    """

    def __init__(self, store: MetricStore, start: float, end: float, minutes: int) -> None:
        self._store = store
        self.start, self.end, self.minutes = start, end, minutes

    @property
    def seconds(self) -> float:
        """Real seconds that it took."""
        return self.end - self.start

    def gauge(self, region: str, metric: MetricId, values: list[float], unit: str) -> None:
        """What was so all the time: each minute gets these values."""
        for number in range(self.minutes):
            self._store.put(
                region, metric, Sample.of((value, 1.0) for value in values), self._middle(number), unit=unit
            )

    def count(self, region: str, metric: MetricId, amount: float, unit: str = "Count") -> None:
        """How often something happened: spread evenly over the minutes, at the rate of a minute that is not shortened.

        A minute is shortened to 60/speed seconds. A count in it stands for the same rate over 60 seconds, so it is
        multiplied by the speed.
        """
        rate = self.rate(amount)
        for number in range(self.minutes):
            self._store.put(region, metric, Sample.of([(rate, 1.0)]), self._middle(number), unit=unit)

    def rate(self, amount: float) -> float:
        """What a count in this time comes to in 60 seconds."""
        return amount / self.seconds * MINUTE

    def put(self, region: str, metric: MetricId, sample: Sample, unit: str) -> None:
        """Single values that were measured, for the last of the minutes."""
        self._store.put(region, metric, sample, self._middle(self.minutes - 1), unit=unit)

    def _middle(self, number: int) -> float:
        return self.start + (number + 0.5) * self.seconds / self.minutes


class Sampler:
    """The thread that measures.

    Parameters
    ----------
    clock : Clock
        The time and the speed.
    store : MetricStore
        Where data goes.

    Attributes
    ----------
    measured : int
        The AWS minute before which everything has been measured.
    """

    def __init__(self, clock: Clock, store: MetricStore) -> None:
        self._clock = clock
        self.measured = self._minute()
        self._store = store
        self._collectors: list[Collector] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def add(self, collector: Collector) -> None:
        """Ask this one too."""
        self._collectors.append(collector)

    def start(self) -> None:
        """Begin to measure."""
        self._thread.start()

    def close(self) -> None:
        """Measure no more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        minute = self._minute()
        while not self._ended.wait(max(self._moment(minute + 1) - self._clock.now(), SHORTEST_SECONDS / 2)):
            now = self._minute()
            if now > minute:
                self.sample(minute, now)
                minute = now

    def sample(self, first: int, after: int) -> None:
        """Ask every collector for the AWS minutes from `first` up to but not including `after`."""
        slices = Slices(self._store, self._moment(first), self._moment(after), after - first)
        for collector in self._collectors:
            try:
                collector.collect(slices)
            except Exception:  # one collector's bug must not stop the others
                log.exception("measuring failed")
        self.measured = after

    def _minute(self) -> int:
        return int(self._clock.now() * self._clock.speed) // MINUTE

    def _moment(self, minute: int) -> float:
        return minute * MINUTE / self._clock.speed
