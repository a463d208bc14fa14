"""What is shown of images: a build and its steps, an image and its layers."""

from dataclasses import dataclass
from html import escape

from .table import Table, line_text, names_text, short, size_text


@dataclass(frozen=True)
class Step:
    """One instruction of a build.

    Parameters
    ----------
    stage : str
        Its stage; empty when the Dockerfile has one only.
    number, total : int
        Its place.
    text : str
        The instruction.
    cached : bool
        It was found in the build cache.
    seconds : float
        How long it took.
    layer : str
        The digest of the layer that it made; empty when it made none.
    size : int
        The layer's bytes.
    output : tuple of str
        What a RUN has printed.
    """

    stage: str
    number: int
    total: int
    text: str
    cached: bool
    seconds: float
    layer: str
    size: int
    output: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Build:
    """An image that was built.

    Parameters
    ----------
    digest : str
        Of its manifest: the same on every machine for the same input.
    id : str
        Of its configuration: what Docker calls the image's id.
    names : tuple of str
        Its full names.
    size : int
        Its bytes.
    seconds : float
        How long it took.
    steps : tuple of Step
        The instructions, in their order.
    warnings : tuple of str
        What to know about it.
    """

    digest: str
    id: str
    names: tuple[str, ...]
    size: int
    seconds: float
    steps: tuple[Step, ...]
    warnings: tuple[str, ...] = ()

    @property
    def cached(self) -> tuple[bool, ...]:
        """For each step, whether it was found in the build cache."""
        return tuple(step.cached for step in self.steps)

    @property
    def title(self) -> str:
        """What it comes to, in one line."""
        called = f" as {', '.join(short(name) for name in self.names)}" if self.names else ""
        hits = sum(self.cached)
        return f"Built {self.digest[:19]}{called} in {self.seconds:.2f} s; {hits} of {len(self.steps)} steps cached"

    def table(self) -> Table:
        """The steps as a table."""
        rows = tuple(
            (
                f"{step.stage} {step.number}/{step.total}".strip(),
                line_text(step.text),
                "CACHED" if step.cached else f"{step.seconds:.2f} s",
                step.layer[:19] or "-",
                size_text(step.size) if step.layer else "-",
            )
            for step in self.steps
        )
        return Table(("Step", "Instruction", "Result", "Layer", "Size"), rows, self.title)

    def __repr__(self) -> str:
        return "\n".join([repr(self.table()), *(f"Note: {warning}" for warning in self.warnings)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>Note: {escape(warning)}</p>" for warning in self.warnings)
        return self.table()._repr_html_() + notes


@dataclass(frozen=True)
class Layer:
    """One layer of an image.

    Parameters
    ----------
    digest : str
        Of its bytes.
    size : int
        Its bytes.
    created_by : str
        The instruction that made it.
    shared_with : tuple of str
        Other images that have it too.
    """

    digest: str
    size: int
    created_by: str
    shared_with: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Image:
    """An image that is here.

    Parameters
    ----------
    name, digest, id : str
        Its full name, and the digests of its manifest and its configuration.
    size : int
        Its bytes.
    mine : bool
        You have built, loaded or tagged it; otherwise it is one of the course's.
    layers : tuple of Layer
        Lowest first.
    """

    name: str
    digest: str
    id: str
    size: int
    mine: bool
    layers: tuple[Layer, ...]

    def table(self) -> Table:
        """The layers as a table, lowest first."""
        rows = tuple(
            (layer.digest[:19], size_text(layer.size), line_text(layer.created_by), names_text(layer.shared_with))
            for layer in self.layers
        )
        title = f"{short(self.name)}: {len(self.layers)} layers, {size_text(self.size)}"
        return Table(("Layer", "Size", "Created by", "Shared with"), rows, title)

    def __repr__(self) -> str:
        return repr(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


class Listing(tuple[Image, ...]):
    """The images that are here."""

    __slots__ = ()

    def table(self) -> Table:
        """One row for each."""
        rows = tuple(
            (
                short(image.name),
                image.digest[:19],
                size_text(image.size),
                str(len(image.layers)),
                "you" if image.mine else "the course",
            )
            for image in self
        )
        return Table(("Name", "Digest", "Size", "Layers", "From"), rows)

    def __repr__(self) -> str:
        return repr(self.table()) if self else "No images yet. Build one: lab.images.build(folder, tag)"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_() if self else f"<p>{escape(repr(self))}</p>"
