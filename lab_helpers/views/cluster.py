"""The live view of a cluster: a widget, and the thread that feeds it."""

from dataclasses import asdict
from typing import Any, Protocol

from lab_helpers.views.page import script, style, with_still
from lab_helpers.views.snapshot import Snapshot
from lab_helpers.views.state import Cluster, in_words
from lab_helpers.views.watching import WatchingView


class Reads(Protocol):
    """What feeds a view: something that reads a cluster."""

    cluster: str
    pace: float

    def read(self) -> Cluster:
        """The cluster as it is now."""


class ClusterView(WatchingView):
    """Services, tasks, targets and events of one cluster, redrawn as they change.

    A thread reads the cluster through the AWS APIs, so the view goes on while a cell runs, and no cell waits for it.
    It ends by itself: after `minutes`, when the cluster has gone, when the kernel ends, or when a newer view of the
    same cluster is made.

    Parameters
    ----------
    observer
        Reads the cluster.
    every
        Seconds between two reads; the observer's own pace when not given.
    minutes
        How long to watch. The button in the view watches again.
    """

    _esm = script("cluster")
    _css = style("cluster")

    def __init__(self, observer: Reads, every: float | None = None, minutes: float = 15.0) -> None:
        name = observer.cluster
        super().__init__(observer, Cluster(name, "UNKNOWN"), name, f"view of {name}", every, minutes)

    def snapshot(self) -> Snapshot:
        """A still copy of the cluster as it is now, which needs no kernel to be seen."""
        self._show(self._read())
        return Snapshot(self._current)

    def text(self) -> str:
        """The picture in words."""
        return in_words(self._current)

    def _show(self, cluster: Cluster) -> None:
        self._current = cluster
        told = asdict(cluster)
        for service, one in zip(cluster.services, told["services"], strict=True):
            one["phase"] = service.phase
        # The time of reading changes at every look: leaving it out sends nothing to the page while nothing happens.
        del told["at"]
        if told != self.state:
            self.state = told

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        note = "<p data-still><em>Live view of the cluster. It moves when this cell has run in a notebook.</em></p>"
        return with_still(super()._repr_mimebundle_(**kwargs), self.text(), note)
