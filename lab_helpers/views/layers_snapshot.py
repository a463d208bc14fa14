"""The still copy of a view of layers: one SVG without script or style sheet."""

from dataclasses import dataclass
from html import escape
from typing import Any

from lab_helpers.views.layers_state import Picture, Stack, in_words
from lab_helpers.views.page import still

WIDTH, ROW, COLUMN, GAP = 760, 50, 350, 20
COLOURS = ("#8c959f", "#0072b2", "#009e73", "#d55e00", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe-Ito; the first is for layers that only one image has."""


@dataclass(frozen=True)
class LayersSnapshot:
    """A picture of images as they were."""

    picture: Picture

    def svg(self) -> str:
        """The picture as one SVG element."""
        parts, height, row = [], 46, 0
        for place, image in enumerate(self.picture.images):
            parts.append(f'<g transform="translate({20 + place % 2 * (COLUMN + GAP)} {height})">{_stack(image)}</g>')
            row = max(row, 58 + ROW * max(len(image.layers), 1))
            if place % 2 or place == len(self.picture.images) - 1:
                height, row = height + row, 0
        words = escape(in_words(self.picture))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
            f' role="img" font-family="system-ui, sans-serif" font-size="13">'
            f"<title>Layers of images</title><desc>{words}</desc>"
            f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="10" fill="#ffffff" stroke="#d0d7de"/>'
            f"{_text(20, 28, self.picture.summary, fill='#57606a')}{''.join(parts)}</svg>"
        )

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, str]:
        return still(self.svg(), in_words(self.picture))


def _stack(image: Stack) -> str:
    about = "not here" if image.missing else f"{len(image.layers)} layers, {image.size_text}"
    out = [_text(0, 18, image.name, size=14, weight=600), _text(0, 36, about, size=12, fill="#57606a")]
    for number, layer in enumerate(image.layers):
        y, colour = 46 + number * ROW, COLOURS[layer.colour]
        dash = "" if layer.mark else ' stroke-dasharray="5 4"'
        out.append(
            f'<rect x="1" y="{y}" width="{COLUMN - 2}" height="{ROW - 6}" rx="7" fill="#fff" stroke="{colour}"'
            f' stroke-width="2"{dash}/>'
        )
        out.append(_text(12, y + 18, layer.mark or "own", size=12, weight=600))
        out.append(_text(50, y + 18, layer.created_by[:44], size=12))
        out.append(_text(50, y + 34, layer.digest[7:19], size=11, fill="#57606a"))
        out.append(_text(COLUMN - 12, y + 34, layer.size_text, size=11, anchor="end", fill="#57606a"))
        bar = max(layer.share, 0.02) * 120
        out.append(f'<rect x="140" y="{y + 27}" width="{bar:.0f}" height="7" rx="2" fill="{colour}"/>')
    return "".join(out)


def _text(
    x: float, y: float, words: str, *, size: int = 13, weight: int = 400, anchor: str = "start", fill: str = "#1f2328"
) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="{fill}">'
        f"{escape(words)}</text>"
    )
