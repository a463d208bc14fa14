"""Where a redirect leads: the Location that AWS gives, turned into one that works from here.

On AWS a redirect leads to the load balancer's own name and a port of one of its listeners, for example from
``http://NAME:80/a`` to ``https://NAME:443/a``. Here each listener has a loopback port of its own, and nobody resolves
the load balancer's DNS name. So when a Location names the load balancer (its DNS name, or the loopback address by
which the client came) with the port of one of its listeners, it becomes the loopback address and the loopback port of
that listener: browsers, ``curl -L`` and requests simply follow. Every other Location stays exactly AWS's, also one to
the load balancer's name with a port on which nothing listens, which leads nowhere there too. A client that sends
another ``Host``, say ``api.example.com``, gets that name back with AWS's port.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#redirect-actions
"""

import re

from .messages import LOOPBACK_NAMES
from .model import Redirect

ABSOLUTE = re.compile(rb"(https?)://([^/?#:@\[]+|\[[^]/]*\])(?::(\d{1,5}))?(?=[/?#]|$)", re.IGNORECASE)
STANDARD = {"http": 80, "https": 443}
Neighbours = tuple[tuple[int, str, int], ...]
"""The load balancer's listeners: the port on AWS, the scheme, and the loopback port."""


def location(redirect: Redirect, *, scheme: str, host: str, port: int, path: str, query: str) -> str:
    """The Location as AWS gives it.

    Parameters
    ----------
    redirect : Redirect
        The action.
    scheme : str
        ``http`` or ``https``, by which the request came.
    host : str
        The host that it named, without a port.
    port : int
        The listener's.
    path, query : str
        Of the request, as sent; the path with its slash.
    """
    parts = {"#{protocol}": scheme, "#{host}": host, "#{port}": str(port), "#{path}": path[1:], "#{query}": query}
    to_scheme = _filled(redirect.protocol, parts).lower()
    to_query = _filled(redirect.query, parts)
    address = f"{to_scheme}://{_filled(redirect.host, parts)}:{_filled(redirect.port, parts)}"
    return address + _filled(redirect.path, parts) + (f"?{to_query}" if to_query else "")


def _filled(text: str, parts: dict[str, str]) -> str:
    if "#{" in text:
        for name, value in parts.items():
            text = text.replace(name, value)
    return text


def reachable(target: bytes, own_name: bytes, came_by: bytes, own_port: int, neighbours: Neighbours) -> bytes:
    """A Location as the client can follow it.

    Parameters
    ----------
    target : bytes
        The Location, of a redirect action or of a target's answer.
    own_name : bytes
        The load balancer's DNS name.
    came_by : bytes
        The client's ``Host``; when its port is `own_port`, the client knows this machine by that name.
    own_port : int
        The loopback port by which it came.
    neighbours : tuple
        The load balancer's listeners.
    """
    found = ABSOLUTE.match(target)
    if found is None:
        return target
    scheme, name, port = found[1].lower().decode(), found[2].lower(), found[3]
    here, _, own = came_by.rpartition(b":")
    reached = own == b"%d" % own_port
    if name != own_name.lower() and name not in LOOPBACK_NAMES and not (reached and name == here.lower()):
        return target
    wanted = int(port) if port else STANDARD.get(scheme, 0)
    for listener_port, its_scheme, loopback_port in neighbours:
        if listener_port == wanted and its_scheme == scheme:
            where = here if reached else b"127.0.0.1"
            return b"%b://%b:%d%b" % (scheme.encode(), where, loopback_port, target[found.end() :])
    return target
