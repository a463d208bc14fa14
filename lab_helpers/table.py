"""Tables and texts for what the helpers show of images."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, repr=False)
class Table:
    """Rows with a head, as text and in the page.

    Parameters
    ----------
    head : tuple of str
        The names of the columns.
    rows : tuple of tuple of str
        What is in them.
    title : str
        One line above.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""

    def __repr__(self) -> str:
        widths = [max(len(row[place]) for row in (self.head, *self.rows)) for place in range(len(self.head))]
        lines = ["  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
                 for row in (self.head, *self.rows)]  # fmt: skip
        return "\n".join([*([self.title] if self.title else []), *lines])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="text-align:left">{escape(text)}</th>' for text in self.head)
        rows = "".join(
            "<tr>" + "".join(f'<td style="text-align:left">{escape(text)}</td>' for text in row) + "</tr>"
            for row in self.rows
        )
        title = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def size_text(size: int) -> str:
    """Bytes as people read them; 1 kB is 1000 bytes, as Docker counts."""
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} B" if unit == "B" else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} GB"


def line_text(text: str) -> str:
    """A text on one line of moderate length."""
    text = " ".join(text.split())
    return text if len(text) <= 70 else f"{text[:69]}…"


def short(name: str) -> str:
    """A full name as people write it."""
    return name.removeprefix("docker.io/library/").removeprefix("docker.io/")


def names_text(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    return ", ".join(short(name) for name in names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
