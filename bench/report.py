"""How figures are printed: medians, with the goal and whether it was reached."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

import psutil


@dataclass
class Report:
    """The figures of one run."""

    missed: list[str] = field(default_factory=list)

    def section(self, title: str) -> None:
        """Begin a group of figures; with what else the machine does, without which no figure of seconds says much."""
        busy, processors = psutil.getloadavg()[0], psutil.cpu_count()
        print(f"\n{title} (load {busy:.1f} on {processors} processors)", flush=True)

    def figure(
        self, name: str, values: Sequence[float], unit: str, *, most: float | None = None, least: float | None = None
    ) -> float:
        """Print one figure's median, smallest and largest value, and hold it against its goal."""
        median = statistics.median(values)
        goal = ""
        if most is not None or least is not None:
            reached = (most is None or median <= most) and (least is None or median >= least)
            word = f"<= {most:g}" if most is not None else f">= {least:g}"
            goal = f"goal {word} {unit}: {'reached' if reached else 'MISSED'}"
            if not reached:
                self.missed.append(name)
        span = f"({min(values):.3g} to {max(values):.3g}, n={len(values)})"
        print(f"  {name:<58} {median:>9.3g} {unit:<5} {span:<28} {goal}", flush=True)
        return median

    def ratio(self, name: str, ours: float, theirs: float) -> None:
        """Print how many times ours another's figure is."""
        print(f"  {name:<58} {theirs / ours:>9.2f} x", flush=True)

    def note(self, text: str) -> None:
        """Print a remark."""
        print(f"  {text}", flush=True)
