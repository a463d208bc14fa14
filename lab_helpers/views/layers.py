"""The live view of images: their layers as stacks, and which layers they share."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lab_helpers.image_facts import Image
from lab_helpers.views.layers_snapshot import LayersSnapshot
from lab_helpers.views.layers_state import Picture, in_words, picture
from lab_helpers.views.page import script, style, with_still
from lab_helpers.views.watching import WatchingView


@dataclass
class Shelf:
    """Reads some images out of all that are here."""

    images: Callable[[], Sequence[Image]]
    names: tuple[str, ...]
    pace: float = 2.0  # each look starts a small program

    def read(self) -> Picture:
        """The images as they are now."""
        return picture(self.images(), self.names)


class LayersView(WatchingView):
    """Some images with their layers, redrawn when one of them is built again, tagged or removed.

    A layer that several of them have carries the same letter, glyph and colour in each.

    Parameters
    ----------
    read : callable
        Gives all images that are here.
    names : sequence of str
        The images to show, as they were named.
    every : float, optional
        Seconds between two looks.
    minutes : float
        How long to watch. The button in the view watches again.
    """

    _esm = script("layers")
    _css = style("layers")

    def __init__(
        self,
        read: Callable[[], Sequence[Image]],
        names: Sequence[str],
        every: float | None = None,
        minutes: float = 10.0,
    ) -> None:
        shelf = Shelf(read, tuple(names))
        super().__init__(shelf, Picture(), shelf.names, "view of layers", every, minutes)

    def snapshot(self) -> LayersSnapshot:
        """A still copy of the layers as they are now, which needs no kernel to be seen."""
        self._show(self._read())
        return LayersSnapshot(self._current)

    def text(self) -> str:
        """The picture in words."""
        return in_words(self._current)

    def _show(self, found: Picture) -> None:
        self._current = found
        told = {**asdict(found), "summary": found.summary}
        # The time of reading changes at every look: leaving it out sends nothing to the page while nothing happens.
        del told["at"]
        if told != self.state:
            self.state = told

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        note = "<p data-still><em>Live view of the layers. It moves when this cell has run in a notebook.</em></p>"
        return with_still(super()._repr_mimebundle_(**kwargs), self.text(), note)
