"""Addresses that work: one for code in the notebook, one for the learner's browser."""

import os
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

    def _repr_html_(self) -> str:
        link = escape(self.browser, quote=True)
        return f'<a href="{link}" target="_blank" rel="noopener">{escape(self)}</a>'


def browser_address(local: str) -> str:
    """The address by which a browser reaches a loopback port.

    When Jupyter is on another machine the browser goes through Jupyter's own proxy. ``LAB_PROXY_BASE`` (for example
    ``/user/an/``) or JupyterHub's ``JUPYTERHUB_SERVICE_PREFIX`` says where that is.
    """
    base = os.environ.get("LAB_PROXY_BASE") or os.environ.get("JUPYTERHUB_SERVICE_PREFIX")
    port = urlsplit(local).port
    return f"{base.rstrip('/')}/proxy/{port}" if base and port else local
