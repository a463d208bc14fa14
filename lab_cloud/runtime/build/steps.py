"""What a build tells: each step, and what came out."""

from dataclasses import asdict, dataclass, field
from typing import Any

_WIDTH = 56


@dataclass(frozen=True)
class Step:
    """One instruction that was carried out, or found in the cache.

    Parameters
    ----------
    stage : str
        The stage; empty when there is one only.
    number, total : int
        ``[2/5]``.
    text : str
        The instruction.
    cached : bool
        It was not carried out again.
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
    cached: bool = False
    seconds: float = 0.0
    layer: str = ""
    size: int = 0
    output: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """``[2/5] COPY app/ /app/``."""
        place = f"{self.stage} " if self.stage else ""
        text = " ".join(self.text.split())
        return f"[{place}{self.number}/{self.total}] {text if len(text) <= 90 else text[:89] + '…'}"

    @property
    def result(self) -> str:
        """``CACHED``, or what was built."""
        if self.cached:
            return "CACHED"
        if not self.layer:
            return "done, no new layer"
        return f"built in {self.seconds:.2f} s, layer {self.layer[:19]}, {bytes_text(self.size)}"

    def line(self) -> str:
        """Both on one line."""
        return f"{self.head:<{_WIDTH}} {self.result}"


@dataclass(frozen=True)
class Built:
    """An image that was built.

    Parameters
    ----------
    digest : str
        Of its manifest.
    id : str
        Of its configuration: what ``docker images`` calls the image's id.
    names : tuple of str
        Its full names.
    size : int
        Bytes of manifest, configuration and layers.
    seconds : float
        How long it took.
    steps : tuple of Step
        All steps, in their order.
    warnings : tuple of str
        What the learner should know.
    """

    digest: str
    id: str
    names: tuple[str, ...]
    size: int
    seconds: float
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def json(self) -> dict[str, Any]:
        """For the command line."""
        return asdict(self)


def bytes_text(size: int) -> str:
    """Bytes as people read them, as Docker counts: 1 kB is 1000 bytes."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.3g} {unit}"
