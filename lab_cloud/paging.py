"""Pages of a list, with a token that says where the next one begins."""

import base64
from collections.abc import Sequence
from typing import TypeVar

from .errors import AwsError

T = TypeVar("T")


def page(items: Sequence[T], token: str | None, size: int, code: str) -> tuple[list[T], str | None]:
    """One page, and the token of the next.

    Parameters
    ----------
    items : sequence
        The whole list, in a stable order.
    token : str or None
        What the page before gave.
    size : int
        The most items of a page.
    code : str
        AWS's code for a token that is not valid.

    Raises
    ------
    AwsError
        When the token is not one of ours.
    """
    start = _start(token, code)
    following = start + size
    more = base64.urlsafe_b64encode(f"from:{following}".encode()).decode() if following < len(items) else None
    return list(items[start:following]), more


def _start(token: str | None, code: str) -> int:
    if not token:
        return 0
    try:
        kind, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if kind != "from":
            raise ValueError(token)
        return int(number)
    except ValueError:
        raise AwsError(code, "Invalid token.") from None
