"""What a picture of images is drawn from: plain dataclasses, no widget."""

from collections.abc import Sequence
from dataclasses import dataclass

from lab_helpers.image_facts import Image
from lab_helpers.table import line_text, names_text, short, size_text

GLYPHS = "◆●▲■★✚⬟◗"
"""Marks of shared layers; after the last one they begin again, with another letter."""
COLOURS = 6
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class LayerPart:
    """One layer in a picture.

    Parameters
    ----------
    digest : str
        Its digest.
    size : int
        Its bytes.
    size_text, created_by : str
        As people read them.
    mark : str
        A glyph and a letter, the same wherever this layer is; empty when only one of the images has it.
    colour : int
        The number of its colour; 0 when only one has it.
    share : float
        Its size as a part of the largest layer's.
    also : str
        Which other images have it, also those that are not shown.
    """

    digest: str
    size: int
    size_text: str
    created_by: str
    mark: str
    colour: int
    share: float
    also: str


@dataclass(frozen=True)
class Stack:
    """One image: its layers, the highest first."""

    name: str
    digest: str
    size_text: str
    layers: tuple[LayerPart, ...]
    missing: bool = False


@dataclass(frozen=True)
class Picture:
    """Some images side by side. `status` is UNREACHABLE when nobody answers."""

    images: tuple[Stack, ...] = ()
    problem: str = ""
    status: str = "ACTIVE"
    at: float = 0.0

    @property
    def summary(self) -> str:
        """How many layers there are, and what sharing saves."""
        layers = [layer for image in self.images for layer in image.layers]
        different = {layer.digest: layer.size for layer in layers}
        saved = sum(layer.size for layer in layers) - sum(different.values())
        images = f"{len(self.images)} image{'' if len(self.images) == 1 else 's'}"
        told = f"{images} with {len(layers)} layers"
        if len(different) == len(layers):
            return f"{told}, no two the same."
        return f"{told}, {len(different)} of them different: sharing saves {size_text(saved)}."


def picture(images: Sequence[Image], names: Sequence[str]) -> Picture:
    """The picture of some images.

    Parameters
    ----------
    images : sequence of Image
        All that are here.
    names : sequence of str
        Those to show, in this order.
    """
    here = {image.name: image for image in images}
    shown = [here.get(_full(name)) for name in names]
    holders: dict[str, int] = {}
    for image in shown:
        for digest in {layer.digest for layer in image.layers} if image else ():
            holders[digest] = holders.get(digest, 0) + 1
    largest = max((layer.size for image in shown if image for layer in image.layers), default=1)
    marks: dict[str, int] = {}
    stacks = []
    for name, image in zip(names, shown, strict=True):
        if image is None:
            stacks.append(Stack(short(name), "", "", (), missing=True))
            continue
        parts = []
        for layer in image.layers:
            number = marks.setdefault(layer.digest, len(marks)) if holders[layer.digest] > 1 else None
            parts.append(
                LayerPart(
                    digest=layer.digest,
                    size=layer.size,
                    size_text=size_text(layer.size),
                    created_by=line_text(layer.created_by),
                    mark="" if number is None else f"{GLYPHS[number % len(GLYPHS)]} {LETTERS[number % len(LETTERS)]}",
                    colour=0 if number is None else 1 + number % COLOURS,
                    share=layer.size / max(largest, 1),
                    also=names_text(layer.shared_with) if layer.shared_with else "",
                )
            )
        stacks.append(Stack(short(image.name), image.digest, size_text(image.size), tuple(parts[::-1])))
    return Picture(tuple(stacks))


def in_words(seen: Picture) -> str:
    """The picture as text."""
    lines = [seen.summary]
    for image in seen.images:
        if image.missing:
            lines.append(f"{image.name}: not here")
            continue
        lines.append(f"{image.name}: {len(image.layers)} layers, {image.size_text}, the newest on top")
        lines += [
            f"  {layer.mark or '·':4}{layer.digest[7:19]}  {layer.size_text:>8}  {layer.created_by}"
            for layer in image.layers
        ]
    if seen.problem:
        lines.append(seen.problem)
    return "\n".join(lines)


def _full(name: str) -> str:
    """The full name of an image, as the cloud lists it."""
    first, slash, _ = name.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        name = f"docker.io/{name}" if slash else f"docker.io/library/{name}"
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"
