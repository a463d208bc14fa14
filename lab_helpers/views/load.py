"""The live view of a load: progress, rate, latencies and failures, and two ways to steer it."""

import contextlib
from typing import Any

import anywidget
import traitlets

from lab_helpers.errors import LoadRefused
from lab_helpers.load.load import Load
from lab_helpers.load.plan import MOST
from lab_helpers.load.report import label, time
from lab_helpers.views.load_chart import chart
from lab_helpers.views.page import script, style, with_still


class LoadView(anywidget.AnyWidget):  # type: ignore[misc]
    """A load while it runs, redrawn four times a second by the load's own thread.

    Parameters
    ----------
    load : Load
        What is shown.
    """

    _esm = script("load")
    _css = style("load")
    state = traitlets.Dict().tag(sync=True)

    def __init__(self, load: Load) -> None:
        super().__init__()
        self._load = load
        self._refused = ""
        self.on_msg(self._asked)
        self._show()
        load.listen(self._show)

    def _show(self) -> None:
        report = self._load.report
        answered, failed = self._load.now if self._load.running else (0.0, 0.0)
        latency = report.latency
        self.state = {
            "title": f"{report.method} {report.url}",
            "phase": report.state,
            "running": self._load.running,
            "share": min(report.minutes / report.planned, 1.0) if report.state != "stopped" else 1.0,
            "passed": f"{report.minutes:.1f} of {report.planned:g} {'minutes' if report.speed == 1 else 'AWS minutes'}",
            "rps": self._load.rps,
            "most": MOST,
            "rate": f"{answered + failed:.0f}",
            "counts": [
                ["sent", f"{report.sent:,}"],
                ["answered", f"{report.answered:,}"],
                ["failed", f"{report.failed:,}"],
            ],
            "latencies": [
                ["p50", time(latency.p50)],
                ["p90", time(latency.p90)],
                ["p99", time(latency.p99)],
                ["longest", time(latency.longest)],
            ],
            "failures": [[label(kind), f"{count:,}"] for kind, count in report.failures],
            "problem": self._load.problem or self._refused,
            "summary": report.summary,
            "chart": chart(report.slices, report.span, report.speed),
        }

    def _asked(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        """The page's button and field. They only give orders: nothing here waits, since it would hold up the kernel."""
        self._refused = ""
        if content.get("stop"):
            self._load.ask_to_stop()
        elif "rps" in content:
            try:
                self._load.rps = content["rps"]
            except LoadRefused as error:
                self._refused = str(error)
        with contextlib.suppress(Exception):  # the page has gone
            self._show()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        report = self._load.report
        return with_still(super()._repr_mimebundle_(**kwargs), repr(report), report._repr_html_())
