"""Addresses that work: one for code in the notebook, one for the learner's browser."""

import os
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit


class Url(str):
    """The address of something that answers HTTP; text for code, a link for the page.

    Parameters
    ----------
    local : str
        The address that works from the notebook's Python.
    browser : str, optional
        The address that works from the learner's browser, when that is another one.
    """

    browser: str

    def __new__(cls, local: str, browser: str = "") -> "Url":  # noqa: D102
        made = super().__new__(cls, local)
        made.browser = browser or local
        return made

    def at(self, path: str) -> "Url":
        """The address of a path below this one."""
        tail = f"/{path.lstrip('/')}"
        return Url(f"{self.rstrip('/')}{tail}", f"{self.browser.rstrip('/')}{tail}")

    def frame(self, height: int = 320) -> "Frame":
        """The page itself, inside the notebook.

        Parameters
        ----------
        height : int
            In pixels.
        """
        return Frame(self, height)

    def _repr_html_(self) -> str:
        link = escape(self.browser, quote=True)
        shown = f'<a href="{link}" target="_blank" rel="noopener">{link}</a>'
        if self.browser == self:
            return shown
        return f"{shown} <small>(for Python in this notebook it is <code>{escape(self)}</code>)</small>"


@dataclass(frozen=True)
class Frame:
    """A page inside the notebook. Its scripts run, but cannot reach the notebook or its cookies.

    Parameters
    ----------
    url : Url
        Its address.
    height : int
        In pixels.
    """

    url: Url
    height: int

    def __repr__(self) -> str:
        return f"The page at {self.url}; a notebook shows it here."

    def _repr_html_(self) -> str:
        link = escape(self.url.browser, quote=True)
        return (
            f'<iframe src="{link}" title="The page at {escape(self.url, quote=True)}" sandbox="allow-scripts"'
            f' style="width:100%;height:{self.height}px;border:1px solid var(--jp-border-color2,#d0d7de);'
            f'border-radius:6px;background:#fff"></iframe>'
        )


def browser_address(local: str) -> str:
    """The address by which a browser reaches a loopback port.

    When Jupyter is on another machine the browser goes through Jupyter's own proxy. ``LAB_PROXY_BASE`` (for example
    ``/user/an/``) or JupyterHub's ``JUPYTERHUB_SERVICE_PREFIX`` says where that is.
    """
    base = os.environ.get("LAB_PROXY_BASE") or os.environ.get("JUPYTERHUB_SERVICE_PREFIX")
    port = urlsplit(local).port
    return f"{base.rstrip('/')}/proxy/{port}" if base and port else local
