"""Pages of a list, as ECR gives them: ``nextToken`` and ``maxResults``."""

import base64
from collections.abc import Sequence
from typing import Any, TypeVar

from ..errors import AwsError

T = TypeVar("T")


def page(items: Sequence[T], params: dict[str, Any], default: int = 100) -> tuple[list[T], str | None]:
    """One page, and the token of the next.

    Parameters
    ----------
    items : sequence
        The whole list, in a stable order.
    params : dict
        The call's input; the model limits ``maxResults`` to 1000.
    default : int
        The size of a page when the call names none.

    Raises
    ------
    AwsError
        ``InvalidParameterException`` for a token that this cloud has not given out.
    """
    size = params.get("maxResults") or default
    start = _start(params.get("nextToken"))
    following = start + size
    token = base64.urlsafe_b64encode(f"from:{following}".encode()).decode() if following < len(items) else None
    return list(items[start:following]), token


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        kind, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if kind != "from":
            raise ValueError(token)
        return int(number)
    except ValueError:
        text = "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'"
        raise AwsError("InvalidParameterException", text) from None
