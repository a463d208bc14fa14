"""The live view of a service that scales: a widget, and the thread that feeds it."""

import contextlib
import threading
import time
import weakref
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

import anywidget
import traitlets

from lab_helpers.views.scaling_chart import chart
from lab_helpers.views.scaling_observe import WINDOW
from lab_helpers.views.scaling_state import GLYPHS, OUTCOMES, Scaled, in_words, number

HERE = Path(__file__).parent
GIVE_UP_AFTER = 30.0  # seconds without an answer, or without the service, after which watching ends


class Reads(Protocol):
    """What feeds a view: something that reads a service."""

    cluster: str
    service: str
    pace: float

    def read(self) -> Scaled:
        """The service as it is now."""


class ScalingView(anywidget.AnyWidget):  # type: ignore[misc]
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

    _esm = HERE / "scaling.js"
    _css = HERE / "scaling.css"
    state = traitlets.Dict().tag(sync=True)
    watching = traitlets.Bool(False).tag(sync=True)

    _latest: ClassVar["weakref.WeakValueDictionary[tuple[str, str], ScalingView]"] = weakref.WeakValueDictionary()

    def __init__(self, observer: Reads, every: float | None = None, minutes: float = 30.0) -> None:
        super().__init__()
        self._observer = observer
        self._every = observer.pace if every is None else every
        self._seconds = minutes * 60
        self._current = Scaled(observer.service, observer.cluster, "UNKNOWN")
        self._stop = threading.Event()
        self.on_msg(self._asked)
        key = observer.cluster, observer.service
        earlier = self._latest.get(key)
        if earlier is not None:
            earlier.stop()
        self._latest[key] = self
        self._show(self._read())
        self.start()

    def start(self) -> None:
        """Watch (again)."""
        self.stop()
        self._stop = stop = threading.Event()
        self.watching = True
        name = f"chart of {self._observer.service}"
        threading.Thread(target=self._watch, args=(stop,), name=name, daemon=True).start()

    def stop(self) -> None:
        """Stop watching; what was seen last stays on the page."""
        self._stop.set()
        self.watching = False

    def close(self) -> None:
        """Stop watching and take the widget away."""
        self.stop()
        super().close()

    def snapshot(self) -> "Still":
        """A still copy of the chart as it is now, which needs no kernel to be seen."""
        self._show(self._read())
        return Still(self._current)

    def text(self) -> str:
        """The picture in words."""
        return in_words(self._current)

    def _watch(self, stop: threading.Event) -> None:
        end = time.monotonic() + self._seconds
        seen = time.monotonic()
        while not stop.wait(self._every) and time.monotonic() < end:
            found = self._read()
            if stop.is_set():
                return
            if found.status not in {"MISSING", "UNREACHABLE"}:
                seen = time.monotonic()
            elif time.monotonic() - seen > GIVE_UP_AFTER:
                break
            try:
                self._show(found)
            except Exception:  # the page or the kernel has gone: nobody is left to show it to
                break
        if not stop.is_set():
            with contextlib.suppress(Exception):
                self.stop()

    def _read(self) -> Scaled:
        try:
            return self._observer.read()
        except Exception as error:  # any failure to read is shown, and never reaches the learner's cell
            return replace(self._current, status="UNREACHABLE", at=time.time(), problem=_why(error))

    def _show(self, scaled: Scaled) -> None:
        self._current = scaled
        self.state = {
            "name": scaled.service,
            "status": scaled.status,
            "phase": scaled.phase,
            "count": f"{scaled.running} of {scaled.desired} tasks running, {scaled.bounds}",
            "problem": scaled.problem,
            "chart": chart(scaled, WINDOW) if scaled.counts else "",
            "metrics": [
                {
                    "id": one.policy,
                    "name": one.name,
                    "value": "no data yet" if one.latest is None else number(one.latest),
                    "aim": f"{one.aim_word} {number(one.aim)}",
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

    def _asked(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        if content.get("watch"):
            self.start()
        else:
            self.stop()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        note = "<p data-still><em>Live chart of the service. It moves when this cell has run in a notebook.</em></p>"
        return {**(data or {}), "text/plain": self.text(), "text/html": note}, metadata


@dataclass(frozen=True)
class Still:
    """A chart as it was."""

    scaled: Scaled

    def svg(self) -> str:
        """The picture as one SVG element."""
        return chart(self.scaled, WINDOW)

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, str]:
        return {"image/svg+xml": self.svg(), "text/plain": in_words(self.scaled)}


def _why(error: Exception) -> str:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"The cloud does not answer: {first}"
