"""The live view of a cluster: a widget, and the thread that feeds it."""

import contextlib
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

import anywidget
import traitlets

from lab_helpers.views.snapshot import Snapshot
from lab_helpers.views.state import Cluster, in_words

HERE = Path(__file__).parent
GIVE_UP_AFTER = 30.0  # seconds without an answer, or without the cluster, after which watching ends


class Reads(Protocol):
    """What feeds a view: something that reads a cluster."""

    cluster: str
    pace: float

    def read(self) -> Cluster:
        """The cluster as it is now."""


class ClusterView(anywidget.AnyWidget):  # type: ignore[misc]
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

    _esm = HERE / "cluster.js"
    _css = HERE / "cluster.css"
    state = traitlets.Dict().tag(sync=True)
    watching = traitlets.Bool(False).tag(sync=True)

    _latest: ClassVar["weakref.WeakValueDictionary[str, ClusterView]"] = weakref.WeakValueDictionary()

    def __init__(self, observer: Reads, every: float | None = None, minutes: float = 15.0) -> None:
        super().__init__()
        self._observer = observer
        self._every = observer.pace if every is None else every
        self._seconds = minutes * 60
        self._current = Cluster(observer.cluster, "UNKNOWN")
        self._stop = threading.Event()
        self.on_msg(self._asked)
        earlier = self._latest.get(observer.cluster)
        if earlier is not None:
            earlier.stop()
        self._latest[observer.cluster] = self
        self._show(self._read())
        self.start()

    def start(self) -> None:
        """Watch (again)."""
        self.stop()
        self._stop = stop = threading.Event()
        self.watching = True
        name = f"view of {self._observer.cluster}"
        threading.Thread(target=self._watch, args=(stop,), name=name, daemon=True).start()

    def stop(self) -> None:
        """Stop watching; what was seen last stays on the page."""
        self._stop.set()
        self.watching = False

    def close(self) -> None:
        """Stop watching and take the widget away."""
        self.stop()
        super().close()

    def snapshot(self) -> Snapshot:
        """A still copy of the cluster as it is now, which needs no kernel to be seen."""
        self._show(self._read())
        return Snapshot(self._current)

    def text(self) -> str:
        """The picture in words."""
        return in_words(self._current)

    def _watch(self, stop: threading.Event) -> None:
        end = time.monotonic() + self._seconds
        seen = time.monotonic()
        while not stop.wait(self._every) and time.monotonic() < end:
            cluster = self._read()
            if stop.is_set():
                return
            if cluster.status not in {"MISSING", "UNREACHABLE"}:
                seen = time.monotonic()
            elif time.monotonic() - seen > GIVE_UP_AFTER:
                break
            try:
                self._show(cluster)
            except Exception:  # the page or the kernel has gone: nobody is left to show it to
                break
        if not stop.is_set():
            with contextlib.suppress(Exception):
                self.stop()

    def _read(self) -> Cluster:
        try:
            return self._observer.read()
        except Exception as error:  # any failure to read is shown, and never reaches the learner's cell
            return replace(self._current, status="UNREACHABLE", at=time.time(), problem=_why(error))

    def _show(self, cluster: Cluster) -> None:
        self._current = cluster
        told = asdict(cluster)
        for service, one in zip(cluster.services, told["services"], strict=True):
            one["phase"] = service.phase
        # The time of reading changes at every look: leaving it out sends nothing to the page while nothing happens.
        del told["at"]
        if told != self.state:
            self.state = told

    def _asked(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        change: Callable[[], None] = self.start if content.get("watch") else self.stop
        change()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        note = "<p data-still><em>Live view of the cluster. It moves when this cell has run in a notebook.</em></p>"
        return {**(data or {}), "text/plain": self.text(), "text/html": note}, metadata


def _why(error: Exception) -> str:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"The cloud does not answer: {first}"
