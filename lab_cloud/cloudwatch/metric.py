"""A metric and its data: statistic sets in slices of AWS time.

A slice is one AWS minute, or one AWS second for a high-resolution metric. At speed 60 an AWS minute is one real second:
`Period=60` then stands for one real second, and timestamps stay real.

References
----------
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
"""

import math
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MINUTE = 60
CHUNK = 64
"""Slices that are kept together: a series with gaps needs little, a dense one too."""
DISTRIBUTIONS_KEPT = 1024
"""Slices of which the single values are kept, for percentiles."""
MOST_VALUES = 256
"""Values of one slice; beyond that, values within one percent of each other are put together."""


@dataclass(frozen=True, slots=True)
class MetricId:
    """What tells one metric from another.

    Parameters
    ----------
    namespace, name : str
        For example ``AWS/ECS`` and ``CPUUtilization``.
    dimensions : tuple of (str, str)
        Names and values, sorted.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str] | None = None) -> "MetricId":
        """A metric by the map of its dimensions."""
        return cls(namespace, name, tuple(sorted((dimensions or {}).items())))


@dataclass(slots=True)
class Sample:
    """A statistic set: what is known of some values.

    Parameters
    ----------
    count, total, least, most : float
        How many values, their sum, the smallest and the largest.
    values : dict
        Value -> how often it occurred; empty when only the set is known.
    """

    count: float = 0.0
    total: float = 0.0
    least: float = math.inf
    most: float = -math.inf
    values: dict[float, float] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Iterable[tuple[float, float]]) -> "Sample":
        """The set of single values with their counts."""
        made = cls()
        for value, count in values:
            made.count += count
            made.total += value * count
            made.least = min(made.least, value)
            made.most = max(made.most, value)
            made.values[value] = made.values.get(value, 0.0) + count
        made.shrink()
        return made

    def merge(self, other: "Sample") -> None:
        """Take another set in."""
        whole = bool(other.values) and (bool(self.values) or not self.count)
        self.count += other.count
        self.total += other.total
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)
        if whole:
            for value, count in other.values.items():
                self.values[value] = self.values.get(value, 0.0) + count
            self.shrink()
        else:
            self.values = {}  # a part of it is known as a set only, so no percentile can be told

    def shrink(self) -> None:
        """Keep a bounded number of values, each within half a percent of what it was."""
        if len(self.values) <= MOST_VALUES:
            return
        kept: dict[float, float] = {}
        for value, count in self.values.items():
            near = float(f"{value:.2g}") if abs(value) < 1e-6 else _rounded(value)
            kept[near] = kept.get(near, 0.0) + count
        self.values = kept


def _rounded(value: float) -> float:
    step = math.log(1.01)
    size = math.exp(round(math.log(abs(value)) / step) * step)
    return math.copysign(size, value)


class Series:
    """The data of one metric.

    Parameters
    ----------
    resolution : int
        AWS seconds of a slice: 60, or 1 for a high-resolution metric.
    """

    __slots__ = ("_chunks", "_values", "last", "resolution", "unit")

    def __init__(self, resolution: int = MINUTE, unit: str = "None") -> None:
        self.resolution = resolution
        self.unit = unit
        self.last = -1
        self._chunks: dict[int, array[float]] = {}
        self._values: dict[int, dict[float, float]] = {}

    def put(self, moment: float, sample: Sample) -> None:
        """Add a set of values.

        Parameters
        ----------
        moment : float
            AWS seconds: epoch seconds times the speed.
        sample : Sample
            What was measured.
        """
        index = int(moment // self.resolution)
        before = self._slice(index)
        if before is None:
            merged = sample
        else:
            before.merge(sample)
            merged = before
        chunk = self._chunks.get(index // CHUNK)
        if chunk is None:
            chunk = self._chunks[index // CHUNK] = array("d", bytes(CHUNK * 4 * 8))
        place = index % CHUNK * 4
        chunk[place : place + 4] = array("d", (merged.count, merged.total, merged.least, merged.most))
        if merged.values:
            self._values[index] = merged.values
        else:
            self._values.pop(index, None)
        if index > self.last:
            self.last = index
            if len(self._values) > DISTRIBUTIONS_KEPT + CHUNK:
                for old in sorted(self._values)[:CHUNK]:
                    del self._values[old]

    def read(self, first: int, after: int, period: int, offset: int = 0) -> dict[int, Sample]:
        """Sets of values by period.

        Parameters
        ----------
        first, after : int
            Numbers of periods since the epoch of AWS time; `after` is not included.
        period : int
            AWS seconds.
        offset : int
            AWS seconds by which the periods begin later than whole ones: alarms look back from any minute.

        Returns
        -------
        dict of int to Sample
            Only periods that have data.
        """
        found: dict[int, Sample] = {}
        low = (first * period + offset) // self.resolution
        high = -(-(after * period + offset) // self.resolution)
        for chunk in sorted(number for number in self._chunks if low // CHUNK <= number <= (high - 1) // CHUNK):
            for index in range(max(low, chunk * CHUNK), min(high, (chunk + 1) * CHUNK)):
                sample = self._slice(index)
                if sample is None:
                    continue
                number = (index * self.resolution - offset) // period
                known = found.get(number)
                if known is None:
                    found[number] = sample
                else:
                    known.merge(sample)
        return found

    def forget_before(self, moment: float) -> None:
        """Drop what is older than a moment (AWS seconds)."""
        oldest = int(moment // self.resolution) // CHUNK
        for number in [number for number in self._chunks if number < oldest]:
            del self._chunks[number]
        for index in [index for index in self._values if index // CHUNK < oldest]:
            del self._values[index]

    def __bool__(self) -> bool:
        return bool(self._chunks)

    def _slice(self, index: int) -> Sample | None:
        chunk = self._chunks.get(index // CHUNK)
        if chunk is None:
            return None
        place = index % CHUNK * 4
        if not chunk[place]:
            return None
        count, total, least, most = chunk[place : place + 4]
        return Sample(count, total, least, most, dict(self._values.get(index, ())))
