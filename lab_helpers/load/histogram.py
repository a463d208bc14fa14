"""Latencies in little room: counts in buckets that are at most 1.6 % wide, which can be added up and sent as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field

BITS = 7  # significant bits that a bucket keeps


def bucket(seconds: float) -> int:
    """The number of the bucket in which a latency is counted."""
    micros = max(int(seconds * 1e6), 0)
    shift = max(micros.bit_length() - BITS, 0)
    return (shift << BITS) | (micros >> shift)


def middle(number: int) -> float:
    """Seconds in the middle of a bucket."""
    shift, kept = number >> BITS, number & ((1 << BITS) - 1)
    return ((kept << shift) + ((1 << shift) - 1) / 2) / 1e6


@dataclass
class Histogram:
    """How often each latency was seen.

    Parameters
    ----------
    counts : dict of int to int
        By number of bucket.
    longest : float
        The longest latency in seconds, exactly.
    """

    counts: dict[int, int] = field(default_factory=dict)
    longest: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one latency."""
        number = bucket(seconds)
        self.counts[number] = self.counts.get(number, 0) + 1
        self.longest = max(self.longest, seconds)

    def merge(self, counts: Mapping[int, int], longest: float) -> None:
        """Add what another one has counted."""
        for number, count in counts.items():
            self.counts[number] = self.counts.get(number, 0) + count
        self.longest = max(self.longest, longest)

    def percentile(self, share: float) -> float:
        """The latency in seconds that this share (0 to 1) of the requests did not exceed; 0 when there were none."""
        total = sum(self.counts.values())
        if not total:
            return 0.0
        wanted, seen = share * total, 0
        for number in sorted(self.counts):
            seen += self.counts[number]
            if seen >= wanted:
                return min(middle(number), self.longest)
        return self.longest
