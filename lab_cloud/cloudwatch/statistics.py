"""What a statistic means: Average, Sum, Minimum, Maximum, SampleCount, percentiles and trimmed means. Pure.

References
----------
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

import re
from bisect import bisect_left
from itertools import accumulate

from .metric import Sample

SIMPLE = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100(?:\.0+)?)")
_SHORT = re.compile(r"(tm|wm|tc|ts)(\d{1,2}(?:\.\d{1,10})?|100)")
_RANGE = re.compile(r"(TM|WM|TC|TS|PR)\(\s*([\d.]*%?)\s*:\s*([\d.]*%?)\s*\)")


def known(statistic: str) -> bool:
    """Whether CloudWatch has a statistic of this name."""
    if statistic in SIMPLE or statistic == "IQM":
        return True
    return any(pattern.fullmatch(statistic) for pattern in (_PERCENTILE, _SHORT, _RANGE))


def value(sample: Sample, statistic: str) -> float | None:
    """A statistic of some values.

    Parameters
    ----------
    sample : Sample
        The values; not empty.
    statistic : str
        Its name, as `known` accepts it.

    Returns
    -------
    float or None
        None when single values would be needed and only a statistic set is known, as on AWS.
    """
    simple = {
        "SampleCount": sample.count,
        "Sum": sample.total,
        "Minimum": sample.least,
        "Maximum": sample.most,
        "Average": sample.total / sample.count,
    }
    if statistic in simple:
        return simple[statistic]
    single = sample.least == sample.most
    values = sample.values or ({sample.least: sample.count} if single else {})
    if not values:
        return None
    percentile = _PERCENTILE.fullmatch(statistic)
    if percentile:
        return _percentile(values, float(percentile[1]))
    return _part(values, *_bounds(statistic, values))


def _percentile(values: dict[float, float], rank: float) -> float:
    ordered = sorted(values)
    sums = list(accumulate(values[one] for one in ordered))
    place = bisect_left(sums, rank / 100 * sums[-1] - 1e-9)
    return ordered[min(place, len(ordered) - 1)]


def _bounds(statistic: str, values: dict[float, float]) -> tuple[str, float, float]:
    """What to make of the values, and between which two."""
    if statistic == "IQM":
        return "TM", _percentile(values, 25), _percentile(values, 75)
    short = _SHORT.fullmatch(statistic)
    if short:
        return short[1].upper(), min(values), _percentile(values, float(short[2]))
    ranged = _RANGE.fullmatch(statistic)
    assert ranged is not None
    low, high = min(values), max(values)
    if ranged[2]:
        low = _percentile(values, float(ranged[2][:-1])) if ranged[2].endswith("%") else float(ranged[2])
    if ranged[3]:
        high = _percentile(values, float(ranged[3][:-1])) if ranged[3].endswith("%") else float(ranged[3])
    return ranged[1], low, high


def _part(values: dict[float, float], kind: str, low: float, high: float) -> float | None:
    inside = {one: count for one, count in values.items() if low <= one <= high}
    count = sum(inside.values())
    if kind == "TC":
        return count
    if kind == "PR":
        return 100 * count / sum(values.values())
    if kind == "TS":
        return sum(one * times for one, times in inside.items())
    if kind == "WM":  # winsorized: what lies outside counts as the nearest bound
        total = sum(values.values())
        return sum(min(max(one, low), high) * times for one, times in values.items()) / total
    return sum(one * times for one, times in inside.items()) / count if count else None
