"""What is told of a pod by its agent and by the scheduler."""

from collections.abc import Callable, Mapping
from typing import Any

from ..controllers import events
from ..controllers.client import Client

NORMAL, WARNING = "Normal", "Warning"


class Recorder:
    """Who tells.

    Parameters
    ----------
    client : Client
        The cluster's API.
    component : str
        For example ``kubelet``.
    now : callable
        The time in epoch seconds.
    host : str
        The node, if it is one's.
    """

    def __init__(self, client: Client, component: str, now: Callable[[], float], host: str = "") -> None:
        self._events = events.Recorder(client, component, host)
        self._now = now

    def tell(
        self, about: Mapping[str, Any], reason: str, message: str, kind: str = NORMAL, container: str = ""
    ) -> None:
        """Tell something of an object, or of a container of it (its path); may be called from any thread."""
        self._events.tell(about, reason, message[:1024], self._now(), warning=kind == WARNING, part=container)
