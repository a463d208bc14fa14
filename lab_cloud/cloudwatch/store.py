"""All metrics, by region, and the questions that can be asked of them."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..clock import Clock
from . import statistics
from .metric import MINUTE, MetricId, Sample, Series

KEPT_SECONDS = 2 * 3600.0
"""Real seconds that data is kept; a real hour is what a learner can count on."""
SWEEP_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Points:
    """A time series as an answer.

    Parameters
    ----------
    moments : tuple of float
        Real epoch seconds at which the periods begin, oldest first.
    values : tuple of float
        One value each.
    """

    moments: tuple[float, ...] = ()
    values: tuple[float, ...] = ()


class MetricStore:
    """What has been measured.

    Parameters
    ----------
    clock : Clock
        Its speed says how long an AWS minute is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._regions: dict[str, dict[MetricId, Series]] = {}
        self._swept = clock.now()

    def put(
        self,
        region: str,
        metric: MetricId,
        sample: Sample,
        moment: float,
        *,
        unit: str = "None",
        resolution: int = MINUTE,
    ) -> None:
        """Add values.

        Parameters
        ----------
        region : str
            Where.
        metric : MetricId
            Which metric; made when it is new.
        sample : Sample
            The values.
        moment : float
            Real epoch seconds at which they were measured.
        unit : str
            For example ``Percent``.
        resolution : int
            60, or 1 for high resolution; the finest one given stays.
        """
        if not sample.count:
            return
        with self._lock:
            metrics = self._regions.setdefault(region, {})
            series = metrics.get(metric)
            if series is None:
                series = metrics[metric] = Series(resolution, unit)
            if unit != "None":
                series.unit = unit
            series.put(moment * self._clock.speed, sample)
            self._sweep()

    def gauge(self, region: str, metric: MetricId, value: float, moment: float, unit: str = "None") -> None:
        """Add one value."""
        self.put(region, metric, Sample.of([(value, 1.0)]), moment, unit=unit)

    def read(
        self, region: str, metric: MetricId, first: int, after: int, period: int, offset: int = 0
    ) -> dict[int, Sample]:
        """Sets of values by the number of their period, as `Series.read`."""
        with self._lock:
            series = self._regions.get(region, {}).get(metric)
            return series.read(first, after, period, offset) if series is not None else {}

    def points(self, region: str, metric: MetricId, statistic: str, period: int, start: float, end: float) -> Points:
        """One statistic over time.

        Parameters
        ----------
        region, metric, statistic
            What of which metric.
        period : int
            AWS seconds.
        start, end : float
            Real epoch seconds; the first is rounded down to a whole period, periods that begin at `end` or later do
            not count.
        """
        found = self.read(region, metric, self.number(start, period), self.after(end, period), period)
        moments, values = [], []
        for number in sorted(found):
            value = statistics.value(found[number], statistic)
            if value is not None:
                moments.append(self.moment(number, period))
                values.append(value)
        return Points(tuple(moments), tuple(values))

    def number(self, moment: float, period: int) -> int:
        """The number of the period that a real moment falls into."""
        return int(moment * self._clock.speed + 1e-6) // period

    def moment(self, number: int, period: int) -> float:
        """The real moment at which a period begins."""
        return number * period / self._clock.speed

    def after(self, end: float, period: int) -> int:
        """The number of the first period that begins at a real moment or later."""
        return -int(-(end * self._clock.speed) // period)

    def unit(self, region: str, metric: MetricId) -> str:
        """The unit that a metric is measured in."""
        series = self._regions.get(region, {}).get(metric)
        return series.unit if series is not None else "None"

    def list(
        self, region: str, namespace: str | None = None, name: str | None = None, recent: bool = False
    ) -> Iterator[MetricId]:
        """The metrics that have data, in the order of their names.

        Parameters
        ----------
        region : str
            Where.
        namespace, name : str, optional
            Only these.
        recent : bool
            Only those with data in the last three AWS hours.
        """
        now = self._clock.now() * self._clock.speed
        with self._lock:
            found = [
                metric
                for metric, series in self._regions.get(region, {}).items()
                if namespace in (None, metric.namespace)
                and name in (None, metric.name)
                and series
                and (not recent or series.last * series.resolution >= now - 3 * 3600)
            ]
        yield from sorted(found, key=lambda one: (one.namespace, one.name, one.dimensions))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._regions.clear()

    def _sweep(self) -> None:
        now = self._clock.now()
        if now - self._swept < SWEEP_SECONDS:
            return
        self._swept = now
        oldest = (now - KEPT_SECONDS) * self._clock.speed
        for metrics in self._regions.values():
            for metric, series in list(metrics.items()):
                series.forget_before(oldest)
                if not series:
                    del metrics[metric]


def matches(metric: MetricId, wanted: Iterable[Mapping[str, str]]) -> bool:
    """Whether a metric has these dimensions, by name or by name and value."""
    dimensions = dict(metric.dimensions)
    return all(one["Name"] in dimensions and one.get("Value") in (None, dimensions[one["Name"]]) for one in wanted)
