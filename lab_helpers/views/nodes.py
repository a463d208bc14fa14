"""The live view of nodes and pods: a widget, and the thread that feeds it."""

from dataclasses import asdict
from typing import Any, Protocol

from lab_helpers.views.nodes_snapshot import NodesSnapshot
from lab_helpers.views.nodes_state import Nodes, Pod, glyph, in_words, look, steady
from lab_helpers.views.page import script, style, with_still
from lab_helpers.views.watching import WatchingView


class Reads(Protocol):
    """What feeds a view: something that reads a cluster."""

    cluster: str
    namespace: str
    pace: float

    def read(self) -> Nodes:
        """The cluster as it is now."""


class NodesView(WatchingView):
    """Nodes with what they have and what runs on them, pods on their way, Services; redrawn as they change.

    Parameters
    ----------
    observer
        Reads the cluster.
    every
        Seconds between two reads; the observer's own pace when not given.
    minutes
        How long to watch. The button in the view watches again.
    """

    _esm = script("nodes")
    _css = style("nodes")

    def __init__(self, observer: Reads, every: float | None = None, minutes: float = 15.0) -> None:
        first = Nodes(observer.cluster, observer.namespace, "UNKNOWN")
        key = observer.cluster, observer.namespace
        super().__init__(observer, first, key, f"view of nodes of {observer.cluster}", every, minutes)

    def snapshot(self) -> NodesSnapshot:
        """A still copy of the picture as it is now, which needs no kernel to be seen."""
        self._show(self._read())
        return NodesSnapshot(self._current)

    def text(self) -> str:
        """The picture in words."""
        return in_words(self._current)

    def _show(self, found: Nodes) -> None:
        self._current = found
        told = asdict(steady(found))
        for node, one in zip(found.nodes, told["nodes"], strict=True):
            one |= {"state": node.state, "cpu_requested": node.cpu_requested, "memory_requested": node.memory_requested}
            one["pods"] = [_drawn(pod) for pod in node.pods]
        told["waiting"] = [_drawn(pod) for pod in found.waiting]
        if told != self.state:
            self.state = told

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        note = "<p data-still><em>Live view of nodes and pods. It moves when this cell has run in a notebook.</em></p>"
        return with_still(super()._repr_mimebundle_(**kwargs), self.text(), note)


def _drawn(pod: Pod) -> dict[str, Any]:
    return {**asdict(pod), "glyph": glyph(pod.status), "look": look(pod.status)}
