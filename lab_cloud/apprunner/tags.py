"""Tags, as App Runner lists them and as they are kept."""

from collections.abc import Mapping
from typing import Any

from .store import invalid

MOST = 50


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as App Runner lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_dict(tags: list[dict[str, Any]] | None) -> dict[str, str]:
    """The tags of a call, checked.

    Raises
    ------
    AwsError
        ``InvalidRequestException`` for a key that is missing or given twice, or too many tags.
    """
    found: dict[str, str] = {}
    for tag in tags or ():
        key = tag.get("Key", "")
        if not key:
            raise invalid("Tag keys can not be empty.")
        if key in found:
            raise invalid(f"The tag key {key} is given twice.")
        found[key] = tag.get("Value", "")
    check_count(found)
    return found


def check_count(tags: Mapping[str, str]) -> None:
    """Refuse more tags than a resource can have.

    Raises
    ------
    AwsError
        ``InvalidRequestException``.
    """
    if len(tags) > MOST:
        raise invalid(f"A resource has at most {MOST} tags.")
