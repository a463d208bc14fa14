"""What a widget gives to the page: its script, and what stands there where no kernel is."""

from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def script(name: str) -> str:
    """The script of a widget, with what all of them share before it.

    The page takes one module for each widget, and a module that it imports would be one more thing to fetch.

    Parameters
    ----------
    name : str
        The script's name, without its ending.
    """
    return "".join((HERE / f"{each}.js").read_text(encoding="utf-8") for each in ("common", name))


def with_still(bundle: Any, text: str, html: str) -> Any:
    """A widget's bundle, with what is shown where it cannot live.

    Parameters
    ----------
    bundle : tuple or mapping
        What the widget itself gives.
    text, html : str
        What stands in its place.
    """
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    return {**(data or {}), "text/plain": text, "text/html": html}, metadata
