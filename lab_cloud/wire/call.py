"""One API call, and the classes that answer calls."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

ACCOUNT = "123456789012"
PARTITION = "aws"


class _Forward:
    """See `FORWARD`."""


FORWARD: Final = _Forward()
"""An override returns this to let moto answer the call after all."""

Answer = dict[str, Any] | _Forward | None
Handler = Callable[["Call", dict[str, Any]], Answer]


@dataclass(frozen=True)
class Call:
    """Who calls what.

    Parameters
    ----------
    service : str
        botocore's name of the service, for example ``ecs``.
    operation : str
        The operation's name, for example ``RunTask``.
    region : str
        The region that the signature is for.
    access_key : str
        The key that signed.
    request_id : str
        The id that the answer carries.
    account : str
        The account; the embedded cloud has one.
    arrived : float
        When it came, in epoch seconds.
    """

    service: str
    operation: str
    region: str
    access_key: str = ""
    request_id: str = ""
    account: str = field(default=ACCOUNT)
    arrived: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Response:
    """What goes back over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes


class Postponed(Exception):  # noqa: N818
    """Raised by a method that answers later: its call is made again when it rings, and at a moment at the latest.

    Nothing is held meanwhile, neither the world's lock nor a thread.

    Parameters
    ----------
    until : float
        The moment, in epoch seconds.
    """

    def __init__(self, until: float) -> None:
        super().__init__("later")
        self.until = until
        self.rung = False
        self._lock = threading.Lock()
        self._listener: Callable[[], None] | None = None

    def listen(self, listener: Callable[[], None]) -> None:
        """Call this when it rings, or now when it has rung."""
        with self._lock:
            self._listener = listener
            if self.rung:
                listener()

    def ring(self) -> None:
        """Let the call be made again. May be called from any thread."""
        with self._lock:
            self.rung = True
            if self._listener is not None:
                self._listener()


def snake_case(operation: str) -> str:
    """The method's name of an operation, as boto3 spells it.

    >>> snake_case("DescribeTaskDefinition")
    'describe_task_definition'
    """
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", operation)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", spaced).lower()


def handler_of(api: object, operation: str) -> Handler | None:
    """The method of a service's class that answers an operation, or None."""
    found: Handler | None = getattr(api, snake_case(operation), None)
    return found
