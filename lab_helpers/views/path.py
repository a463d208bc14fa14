"""The live view of what becomes of events: a widget, and the thread that feeds it."""

from dataclasses import dataclass
from typing import Any, Protocol

from lab_helpers.views.page import script, still, style, with_still
from lab_helpers.views.path_picture import picture
from lab_helpers.views.path_state import GLYPHS, Paths, Stage, in_words, title
from lab_helpers.views.watching import WatchingView


class Reads(Protocol):
    """What feeds a view: something that reads the paths of events."""

    match: str
    pace: float

    def read(self) -> Paths:
        """The picture as it is now."""


class PathView(WatchingView):
    """Which rule an event matched, which target was called, what became of the task, and what it wrote.

    A thread reads, so the view goes on while a cell runs. It ends by itself: after `minutes`, when the kernel ends, or
    when another view of paths is made; the button in the view watches again.

    Parameters
    ----------
    observer
        Reads the paths.
    every
        Seconds between two reads; the observer's own pace when not given.
    minutes
        How long to watch, in real minutes.
    """

    _esm = script("path")
    _css = style("path")

    def __init__(self, observer: Reads, every: float | None = None, minutes: float = 15.0) -> None:
        first = Paths(observer.match, "UNKNOWN")
        # one key for all: each look costs a little, and what an older view shows stays on the page
        super().__init__(observer, first, "paths", "paths of events", every, minutes)

    def snapshot(self) -> "Still":
        """A still copy of the picture as it is now, which needs no kernel to be seen."""
        self._show(self._read())
        return Still(self._current)

    def text(self) -> str:
        """The picture in words."""
        return in_words(self._current)

    def _show(self, paths: Paths) -> None:
        self._current = paths
        told = {
            "heading": paths.heading,
            "status": paths.status,
            "note": paths.note,
            "latest": paths.latest,
            "journeys": [
                {
                    "id": one.id,
                    "title": title(one),
                    "at": one.at,
                    "lanes": [
                        {"id": lane.id, "stages": [_told(n, stage) for n, stage in enumerate(lane.stages)]}
                        for lane in one.lanes
                    ],
                    "steps": [{"id": n, "at": at, "text": text} for n, (at, text) in enumerate(one.steps)],
                }
                for one in paths.journeys
            ],
            "queues": [
                {"id": one.name, "waiting": one.waiting, "flying": one.flying, "words": one.words}
                for one in paths.queues
            ],
            "workers": paths.worker_words,
            "slots": [] if paths.workers is None else [n < paths.workers[1] for n in range(max(paths.workers[1:]))],
        }
        if told != self.state:  # while nothing happens, nothing is sent
            self.state = told

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        note = "<p data-still><em>Live view of events on their way. It moves when this cell has run.</em></p>"
        return with_still(super()._repr_mimebundle_(**kwargs), self.text(), note)


def _told(number: int, stage: Stage) -> dict[str, Any]:
    return {
        "id": number,
        "glyph": GLYPHS[stage.state],
        "state": stage.state,
        "title": stage.title,
        "name": stage.name,
        "after": f"+{stage.after:.2f} s",
        "note": stage.note,
    }


@dataclass(frozen=True)
class Still:
    """A picture as it was."""

    paths: Paths

    def svg(self) -> str:
        """The picture as one SVG element."""
        return picture(self.paths)

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, str]:
        return still(self.svg(), in_words(self.paths))
