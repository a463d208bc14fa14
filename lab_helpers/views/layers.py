"""The live view of images: their layers as stacks, and which layers they share."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import anywidget
import traitlets

from lab_helpers.image_facts import Image
from lab_helpers.views.layers_snapshot import LayersSnapshot
from lab_helpers.views.layers_state import Picture, in_words, picture
from lab_helpers.views.page import script, style, with_still

EVERY = 2.0
"""Seconds between two looks; each look starts a small program."""


class LayersView(anywidget.AnyWidget):  # type: ignore[misc]
    """Some images with their layers, redrawn when one of them is built again, tagged or removed.

    A layer that several of them have carries the same letter, glyph and colour in each. The view ends by itself after
    `minutes`; the button watches again.

    Parameters
    ----------
    read : callable
        Gives all images that are here.
    names : sequence of str
        The images to show, as they were named.
    every : float
        Seconds between two looks.
    minutes : float
        How long to watch.
    """

    _esm = script("layers")
    _css = style("layers")
    state = traitlets.Dict().tag(sync=True)
    watching = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self, read: Callable[[], Sequence[Image]], names: Sequence[str], every: float = EVERY, minutes: float = 10.0
    ) -> None:
        super().__init__()
        self._read = read
        self._names = tuple(names)
        self._every = every
        self._seconds = minutes * 60
        self._picture = Picture()
        self._stop = threading.Event()
        self.on_msg(self._asked)
        self._look()
        self.start()

    def start(self) -> None:
        """Watch (again)."""
        self.stop()
        self._stop = stop = threading.Event()
        self.watching = True
        threading.Thread(target=self._watch, args=(stop,), name="view of layers", daemon=True).start()

    def stop(self) -> None:
        """Stop watching; what was seen last stays on the page."""
        self._stop.set()
        self.watching = False

    def close(self) -> None:
        """Stop watching and take the widget away."""
        self.stop()
        super().close()

    def snapshot(self) -> LayersSnapshot:
        """A still copy of the layers as they are now, which needs no kernel to be seen."""
        self._look()
        return LayersSnapshot(self._picture)

    def text(self) -> str:
        """The picture in words."""
        return in_words(self._picture)

    def _watch(self, stop: threading.Event) -> None:
        end = time.monotonic() + self._seconds
        while not stop.wait(self._every) and time.monotonic() < end:
            try:
                self._look()
            except Exception:  # the page or the kernel has gone: nobody is left to show it to
                break
            if self._picture.problem:
                break
        if not stop.is_set():
            with contextlib.suppress(Exception):
                self.stop()

    def _look(self) -> None:
        try:
            self._picture = picture(self._read(), self._names)
        except Exception as error:  # a failure to read is shown, and never reaches the learner's cell
            self._picture = Picture(self._picture.images, f"The cloud does not answer: {str(error).splitlines()[0]}")
        told = {**asdict(self._picture), "summary": self._picture.summary}
        if told != self.state:
            self.state = told

    def _asked(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        if content.get("watch"):
            self.start()
        else:
            self.stop()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        note = "<p data-still><em>Live view of the layers. It moves when this cell has run in a notebook.</em></p>"
        return with_still(super()._repr_mimebundle_(**kwargs), self.text(), note)
