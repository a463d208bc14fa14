"""Pages of a list: ``maxResults`` and ``nextToken``."""

from collections.abc import Sequence
from typing import Any, TypeVar

from .. import paging
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
    return paging.page(items, params.get("nextToken"), size, "InvalidParameterException")
