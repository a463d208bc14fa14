"""Names with revisions, as auto scaling and observability configurations have them."""

from collections.abc import Iterable, Mapping
from typing import Any

from .resources import Revision
from .store import Region, quota


def make(
    region: Region, kind: str, name: str, values: Mapping[str, Any], now: float, most: tuple[int, int]
) -> Revision:
    """The next revision of a name.

    Parameters
    ----------
    region : Region
        Where it is kept.
    kind, name : str
        As in its ARN.
    values : mapping
        What its maker chose.
    now : float
        Epoch seconds.
    most : tuple of int
        How many names there can be, and how many active revisions of one.

    Raises
    ------
    AwsError
        ``ServiceQuotaExceededException``.
    """
    known = region.of_kind(kind)
    mine = [one for one in known if one.name == name]
    others = {one.name for one in known} - {name}
    if not mine and len(others) >= most[0]:
        raise quota(f"You have reached the limit of {most[0]} names of this resource ({kind}) in a Region.")
    if len(mine) >= most[1]:
        raise quota(f"You have reached the limit of {most[1]} revisions of {name}. Delete one first.")
    number = max((one.number for one in region.of_kind(kind, inactive=True) if one.name == name), default=0) + 1
    for one in mine:
        one.latest = False
    made = Revision(region.name, kind, name, number, values, now)
    region.revisions[made.arn] = made
    return made


def newest(found: Iterable[Revision]) -> list[Revision]:
    """Those that are the newest of their names."""
    return [one for one in found if one.latest]


def delete(region: Region, ending: Iterable[Revision], now: float) -> None:
    """Make revisions inactive; the newest that is left of a name becomes its latest."""
    for one in ending:
        one.deleted, one.latest = now, False
        left = [other for other in region.of_kind(one.kind) if other.name == one.name]
        for other in left:
            other.latest = other.number == max(each.number for each in left)
