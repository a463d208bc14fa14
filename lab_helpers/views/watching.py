"""A view that reads again and again in a thread of its own, until nobody can or wants to see it."""

import contextlib
import threading
import time
import weakref
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, ClassVar, Protocol

import anywidget
import traitlets

GIVE_UP_AFTER = 30.0  # seconds without an answer, or without what is watched, after which watching ends


class Reads(Protocol):
    """What feeds a view."""

    pace: float

    def read(self) -> Any:
        """What is watched, as it is now: a dataclass with `status`, `at` and `problem`."""


class WatchingView(anywidget.AnyWidget):  # type: ignore[misc]
    """The common part of live views.

    A thread reads through the AWS APIs, so the view goes on while a cell runs, and no cell waits for it. It ends by
    itself: after `minutes`, when what is watched has gone, when the kernel ends, or when a newer view of the same is
    made.

    Parameters
    ----------
    observer
        Reads what is watched.
    first
        What is shown before the first answer.
    key
        What is watched; a newer view of the same ends this one.
    title
        The thread's name.
    every
        Seconds between two reads; the observer's own pace when not given.
    minutes
        How long to watch, in real minutes. The button in the view watches again.
    """

    state = traitlets.Dict().tag(sync=True)
    watching = traitlets.Bool(False).tag(sync=True)

    _latest: ClassVar["weakref.WeakValueDictionary[Hashable, WatchingView]"] = weakref.WeakValueDictionary()

    def __init__(
        self, observer: Reads, first: Any, key: Hashable, title: str, every: float | None, minutes: float
    ) -> None:
        super().__init__()
        self._observer = observer
        self._every = observer.pace if every is None else every
        self._seconds = minutes * 60
        self._current = first
        self._title = title
        self._stop = threading.Event()
        self.on_msg(self._asked)
        mine = (title, key)  # traitlets gives each widget a class of its own
        earlier = self._latest.get(mine)
        if earlier is not None:
            earlier.stop()
        self._latest[mine] = self
        self._show(self._read())
        self.start()

    def start(self) -> None:
        """Watch (again)."""
        self.stop()
        self._stop = stop = threading.Event()
        self.watching = True
        threading.Thread(target=self._watch, args=(stop,), name=self._title, daemon=True).start()

    def stop(self) -> None:
        """Stop watching; what was seen last stays on the page."""
        self._stop.set()
        self.watching = False

    def close(self) -> None:
        """Stop watching and take the widget away."""
        self.stop()
        super().close()

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

    def _read(self) -> Any:
        try:
            return self._observer.read()
        except Exception as error:  # any failure to read is shown, and never reaches the learner's cell
            return replace(self._current, status="UNREACHABLE", at=time.time(), problem=_why(error))

    def _show(self, found: Any) -> None:
        """Put what was read on the page."""
        raise NotImplementedError

    def _asked(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        change: Callable[[], None] = self.start if content.get("watch") else self.stop
        change()


def _why(error: Exception) -> str:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"The cloud does not answer: {first}"
