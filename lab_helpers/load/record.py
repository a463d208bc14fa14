"""Adds up what the sender tells, four times a second, to totals and to slices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab_helpers.load.histogram import Histogram
from lab_helpers.load.report import Latency, Slice

SLICES = 120  # about as many as a chart can show
LEAST = 0.25  # seconds: one line of the sender


@dataclass
class Part:
    """A slice while it is being filled; times in real seconds from the beginning."""

    begin: float
    end: float
    rps: float
    sent: int = 0
    answered: int = 0
    failed: int = 0
    latencies: Histogram = field(default_factory=Histogram)


class Record:
    """All that has happened so far.

    Parameters
    ----------
    seconds : float
        How long the load is to last.
    """

    def __init__(self, seconds: float) -> None:
        self._length = max(seconds / SLICES, LEAST)
        self.parts: list[Part] = []
        self.latencies = Histogram()
        self.sent = 0
        self.answered = 0
        self.failures: dict[str, int] = {}
        self.under_way = 0
        self.passed = 0.0

    def add(self, told: Mapping[str, Any]) -> None:
        """Add one line of the sender."""
        counts = {int(number): count for number, count in told["latencies"].items()}
        bad = {kind: count for kind, count in told["kinds"].items() if not is_good(kind)}
        good = sum(told["kinds"].values()) - sum(bad.values())
        part = self._part(told["at"], told["rps"])
        for one in (self, part):
            one.sent += told["due"]
            one.answered += good
            one.latencies.merge(counts, told["longest"])
        part.failed += sum(bad.values())
        for kind, count in bad.items():
            self.failures[kind] = self.failures.get(kind, 0) + count
        self.under_way = told["unfinished"] if told["over"] else told["open"]
        self.passed = part.end = told["at"]

    def worst(self) -> tuple[tuple[str, int], ...]:
        """The failures, the most frequent first."""
        return tuple(sorted(self.failures.items(), key=lambda one: (-one[1], one[0])))

    def latency(self) -> Latency:
        """Of everything so far."""
        return _latency(self.latencies)

    def slices(self, speed: float) -> tuple[Slice, ...]:
        """The slices in AWS minutes; the last may still grow."""
        return tuple(
            Slice(
                part.begin * speed / 60,
                part.end - part.begin,
                part.rps,
                part.sent,
                part.answered,
                part.failed,
                _latency(part.latencies),
            )
            for part in self.parts
            if part.end > part.begin
        )

    def recent(self) -> tuple[float, float]:
        """Answers and failures a second in the last second or so."""
        parts: list[Part] = []
        for part in reversed(self.parts):
            parts.append(part)
            if self.passed - part.begin >= 1:
                break
        seconds = sum(part.end - part.begin for part in parts) or 1.0
        return sum(part.answered for part in parts) / seconds, sum(part.failed for part in parts) / seconds

    def _part(self, at: float, rps: float) -> Part:
        last = self.parts[-1] if self.parts else None
        # Half a line's time of tolerance, since lines come a little earlier or later.
        if last is None or last.rps != rps or self.passed - last.begin > self._length - LEAST / 2:
            last = Part(self.passed, at, rps)
            self.parts.append(last)
        return last


def is_good(kind: str) -> bool:
    """Whether an answer is what a visitor wants: a status below 400."""
    return kind.isdigit() and int(kind) < 400


def _latency(found: Histogram) -> Latency:
    return Latency(found.percentile(0.5), found.percentile(0.9), found.percentile(0.99), found.longest)
