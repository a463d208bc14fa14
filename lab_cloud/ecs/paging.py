"""Pages of a list: ``maxResults`` and ``nextToken``."""

import base64
from collections.abc import Sequence
from typing import Any, TypeVar

from ..errors import AwsError

T = TypeVar("T")


def page(items: Sequence[T], params: dict[str, Any], most: int = 100, default: int = 0) -> tuple[list[T], str | None]:
    """One page, and the token of the next.

    Parameters
    ----------
    items : sequence
        The whole list, in a stable order.
    params : dict
        The call's input.
    most : int
        The largest page.
    default : int
        The page's size when the call names none; the largest when it is 0.

    Raises
    ------
    AwsError
        ``InvalidParameterException`` for a token or size that is not valid.
    """
    size = params.get("maxResults", default or most)
    if not 1 <= size <= most:
        raise AwsError("InvalidParameterException", f"maxResults must be between 1 and {most}.")
    start = _start(params.get("nextToken"))
    found = list(items[start : start + size])
    following = start + size
    token = base64.urlsafe_b64encode(f"from:{following}".encode()).decode() if following < len(items) else None
    return found, token


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        kind, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if kind != "from":
            raise ValueError(token)
        return int(number)
    except ValueError:
        raise AwsError("InvalidParameterException", "Invalid token.") from None
