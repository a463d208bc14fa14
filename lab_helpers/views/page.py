"""What a widget gives to the page: its script and its style, and what stands there where no kernel is."""

import base64
import re
from html import escape
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


def style(name: str) -> str:
    """The style sheet of a widget, with what all of them share before it.

    Parameters
    ----------
    name : str
        The sheet's name, without its ending.
    """
    return "".join((HERE / f"{each}.css").read_text(encoding="utf-8") for each in ("common", name))


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


def still(svg: str, words: str) -> dict[str, str]:
    """What a notebook is given of a still picture: an image with its name, and all that it shows in words.

    JupyterLab gives an SVG no name when it comes as one, and a screen reader then reads its source.

    Parameters
    ----------
    svg : str
        The picture, with a title.
    words : str
        The same in words.
    """
    title = re.search("<title>(.*?)</title>", svg)
    assert title, "a picture has a title"
    source = base64.b64encode(svg.encode()).decode()
    html = (
        f'<figure data-still style="margin:0"><img alt="{title[1]}; the same in words below"'
        f' src="data:image/svg+xml;base64,{source}">'
        f"<figcaption><details><summary>The picture in words</summary><pre>{escape(words)}</pre></details></figcaption>"
        "</figure>"
    )
    return {"text/html": html, "text/plain": words}
