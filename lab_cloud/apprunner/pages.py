"""Pages of a list: ``MaxResults`` and ``NextToken``."""

from collections.abc import Sequence
from typing import Any

from ..paging import page


def listed(items: Sequence[Any], params: dict[str, Any], member: str, most: int = 100) -> dict[str, Any]:
    """An answer with one page of a list.

    Parameters
    ----------
    items : sequence
        The whole list, in a stable order.
    params : dict
        The call's input.
    member : str
        What the answer calls the list.
    most : int
        The size of a page when the call names none.
    """
    some, token = page(items, params.get("NextToken"), params.get("MaxResults", most), "InvalidRequestException")
    return {member: some, "NextToken": token}
