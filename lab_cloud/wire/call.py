"""One API call, and the classes that answer calls."""

import re
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
    """

    service: str
    operation: str
    region: str
    access_key: str = ""
    request_id: str = ""
    account: str = field(default=ACCOUNT)


@dataclass(frozen=True)
class Response:
    """What goes back over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes


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
