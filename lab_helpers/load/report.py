"""What came of a load: a dataclass with a text, an HTML form and a table of its slices."""

from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True)
class Latency:
    """How long requests waited for the end of their answers, in seconds from the moment they were due."""

    p50: float
    p90: float
    p99: float
    longest: float

    def __str__(self) -> str:
        if not self.longest:
            return "none measured"
        return f"p50 {time(self.p50)}, p90 {time(self.p90)}, p99 {time(self.p99)}, longest {time(self.longest)}"


@dataclass(frozen=True)
class Slice:
    """A part of a load.

    Parameters
    ----------
    minute : float
        When it began, in AWS minutes from the beginning of the load.
    seconds : float
        How long it was, in real seconds.
    rps : float
        The rate that was asked for.
    sent, answered, failed : int
        Requests that were due in it, and answers and failures that came in it.
    latency : Latency
        Of the answers that came in it.
    """

    minute: float
    seconds: float
    rps: float
    sent: int
    answered: int
    failed: int
    latency: Latency


@dataclass(frozen=True, repr=False)
class Report:
    """What came of a load, so far or in the end.

    Parameters
    ----------
    url, method : str
        What was asked for.
    state : str
        ``starting``, ``sending``, ``finishing``, ``done``, ``stopped`` or ``failed``.
    minutes, planned : float
        AWS minutes that it has lasted, and was to last.
    speed : float
        AWS minutes in a real one.
    rates : tuple of float
        The requests a second that were asked for, one after the other.
    sent : int
        Requests that were due. Each was sent, or failed because it could not be.
    answered : int
        Answers with a status below 400.
    failures : tuple of (str, int)
        What went wrong and how often, the most frequent first: a status of 400 or more, ``timeout``,
        ``connection refused``, ``connection closed without an answer`` and the like.
    unfinished : int
        Requests whose answers nobody waits for any more, because the load was stopped; while it runs, those that are on
        their way. They count neither as answered nor as failed.
    latency : Latency
        Of all answers, whatever their status, and of timeouts, which waited at least so long.
    slices : tuple of Slice
        The parts, in order.
    """

    url: str
    method: str
    state: str
    minutes: float
    planned: float
    speed: float
    rates: tuple[float, ...]
    sent: int
    answered: int
    failures: tuple[tuple[str, int], ...]
    unfinished: int
    latency: Latency
    slices: tuple[Slice, ...]

    @property
    def failed(self) -> int:
        """How many requests failed."""
        return sum(count for _, count in self.failures)

    @property
    def span(self) -> float:
        """The AWS minutes that a chart shows: all that are planned, or those that there were when it is over."""
        return self.minutes if self.state in ("stopped", "failed") else self.planned

    @property
    def summary(self) -> str:
        """The counts in one line, without anything that differs between two runs of the same load."""
        told = f"{_counted(self.sent, 'request')}, {self.answered:,} answered, {self.failed:,} failed"
        return f"{told} ({self.reasons()})" if self.failures else told

    def reasons(self) -> str:
        """What went wrong and how often."""
        return ", ".join(f"{label(kind)}: {count:,}" for kind, count in self.failures)

    def length(self) -> str:
        """How long it lasted, in words."""
        if self.speed == 1:
            return _counted(self.minutes, "minute")
        return f"{_counted(self.minutes, 'AWS minute')} ({self.minutes * 60 / self.speed:.1f} s here)"

    def frame(self) -> Any:
        """One row for each slice, for charts.

        Returns
        -------
        pandas.DataFrame
            ``minute`` (AWS minutes from the beginning), ``rps`` (asked for), ``sent_per_second``,
            ``answered_per_second``, ``failed_per_second``, and ``p50_ms``, ``p90_ms``, ``p99_ms``, ``max_ms``.
        """
        import pandas as pd

        rows = [
            {
                "minute": round(one.minute, 3),
                "rps": one.rps,
                "sent_per_second": one.sent / one.seconds,
                "answered_per_second": one.answered / one.seconds,
                "failed_per_second": one.failed / one.seconds,
                "p50_ms": one.latency.p50 * 1e3,
                "p90_ms": one.latency.p90 * 1e3,
                "p99_ms": one.latency.p99 * 1e3,
                "max_ms": one.latency.longest * 1e3,
            }
            for one in self.slices
        ]
        names = "minute rps sent_per_second answered_per_second failed_per_second p50_ms p90_ms p99_ms max_ms"
        return pd.DataFrame(rows, columns=names.split())

    def rows(self) -> list[tuple[str, str]]:
        """The report line by line: what, and how much."""
        share = f" ({_percent(self.failed / self.sent)})" if self.failed else ""
        found = [
            ("state", self.state),
            ("rate", f"{', then '.join(f'{one:g}' for one in self.rates)} requests a second"),
            ("time", self.length()),
            ("sent", f"{self.sent:,}"),
            ("answered", f"{self.answered:,}"),
            ("failed", f"{self.failed:,}{share}" + (f": {self.reasons()}" if self.failures else "")),
        ]
        if self.unfinished:
            found.append(("not waited for" if self.state == "stopped" else "on their way", f"{self.unfinished:,}"))
        return [*found, ("latency", str(self.latency))]

    def __repr__(self) -> str:
        return "\n".join([f"Load: {self.method} {self.url}", *(f"  {name:9} {value}" for name, value in self.rows())])

    def _repr_html_(self) -> str:
        from lab_helpers.views.load_chart import chart

        head = f"<strong>Load: {escape(self.method)} {escape(self.url)}</strong>"
        cells = "".join(
            f'<tr><th scope="row" style="text-align:left">{escape(name)}</th>'
            f'<td style="text-align:left">{escape(value)}</td></tr>'
            for name, value in self.rows()
        )
        return f"<div>{head}<table>{cells}</table>{chart(self.slices, self.span, self.speed)}</div>"


def label(kind: str) -> str:
    """A kind of failure as a reader knows it: ``503 Service Unavailable``."""
    if kind.isdigit() and int(kind) in HTTPStatus._value2member_map_:
        return f"{kind} {HTTPStatus(int(kind)).phrase}"
    return kind


def time(seconds: float) -> str:
    """A latency with as many digits as say something."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.01 else f"{seconds * 1e3:.1f} ms"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def _counted(number: float, word: str) -> str:
    text = f"{number:,.1f}".removesuffix(".0") if isinstance(number, float) else f"{number:,}"
    return f"{text} {word}{'' if text == '1' else 's'}"
