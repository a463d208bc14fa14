"""The live view of a service that scales: a widget, and the thread that feeds it."""

from dataclasses import dataclass
from typing import Any, Protocol

from lab_helpers.views.page import script, still, style, with_still
from lab_helpers.views.scaling_chart import chart
from lab_helpers.views.scaling_observe import WINDOW
from lab_helpers.views.scaling_state import GLYPHS, OUTCOMES, Scaled, in_words, number
from lab_helpers.views.watching import WatchingView


class Reads(Protocol):
    """What feeds a view: something that reads a service."""

    cluster: str
    service: str
    pace: float

    def read(self) -> Scaled:
        """The service as it is now."""


class ScalingView(WatchingView):
    """Metrics against their targets, alarms, wanted and running tasks, and scaling activities of one service.

    A thread reads them through the AWS APIs, so the view goes on while a cell runs. It ends by itself: after `minutes`,
    when the service has gone, when the kernel ends, or when a newer view of the same service is made.

    Parameters
    ----------
    observer
        Reads the service.
    every
        Seconds between two reads; the observer's own pace when not given.
    minutes
        How long to watch, in real minutes. The button in the view watches again.
    """

    _esm = script("scaling")
    _css = style("scaling")

    def __init__(self, observer: Reads, every: float | None = None, minutes: float = 30.0) -> None:
        cluster, service = observer.cluster, observer.service
        first = Scaled(service, cluster, "UNKNOWN")
        super().__init__(observer, first, (cluster, service), f"chart of {service}", every, minutes)

    def snapshot(self) -> "Still":
        """A still copy of the chart as it is now, which needs no kernel to be seen."""
        self._show(self._read())
        return Still(self._current)

    def text(self) -> str:
        """The picture in words."""
        return in_words(self._current)

    def _show(self, scaled: Scaled) -> None:
        self._current = scaled
        self.state = {
            "name": scaled.service,
            "status": scaled.status,
            "phase": scaled.phase,
            "count": scaled.count,
            "happenings": "Scaling activities" if scaled.cluster else "Operations",
            "problem": scaled.problem,
            "chart": chart(scaled, WINDOW) if scaled.counts else "",
            "metrics": [
                {
                    "id": one.policy,
                    "name": one.name,
                    "value": "no data yet" if one.latest is None else number(one.latest),
                    "aim": f"{one.aim_word} {number(one.aim)}",
                    "by": one.by,
                    "above": one.latest is not None and one.latest > one.aim,
                }
                for one in scaled.metrics
            ],
            "alarms": [
                {"id": one.policy + one.name, "rule": one.rule, "policy": one.policy, "state": one.state,
                 "glyph": GLYPHS.get(one.state, "?")}
                for one in scaled.watches
            ],
            "activities": [
                {"id": one.id, "at": one.at, "what": one.what, "why": one.why, "status": one.status,
                 "glyph": OUTCOMES.get(one.status, "?")}
                for one in scaled.happenings
            ],
            "instances": [{"id": name, "tasks": tasks} for name, tasks in scaled.instances],
        }  # fmt: skip

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        note = "<p data-still><em>Live chart of the service. It moves when this cell has run in a notebook.</em></p>"
        return with_still(super()._repr_mimebundle_(**kwargs), self.text(), note)


@dataclass(frozen=True)
class Still:
    """A chart as it was."""

    scaled: Scaled

    def svg(self) -> str:
        """The picture as one SVG element."""
        return chart(self.scaled, WINDOW)

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, str]:
        return still(self.svg(), in_words(self.scaled))
