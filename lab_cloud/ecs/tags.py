"""Tags, as ECS lists them and as they are kept."""

from collections.abc import Mapping
from typing import Any

from ..errors import AwsError

MOST = 50


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as ECS lists them."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def tag_dict(tags: list[dict[str, Any]] | None) -> dict[str, str]:
    """The tags of a call, checked.

    Raises
    ------
    AwsError
        ``InvalidParameterException`` for a key that is missing, given twice, or kept for AWS.
    """
    found: dict[str, str] = {}
    for tag in tags or ():
        key = tag.get("key", "")
        if not key:
            raise _invalid("Tag keys can not be empty.")
        if key.lower().startswith("aws:"):
            raise _invalid(f"The tag key {key} is not valid: keys that begin with aws: are kept for AWS.")
        if key in found:
            raise _invalid(f"The tag key {key} is given twice.")
        found[key] = tag.get("value", "")
    check_count(found)
    return found


def check_count(tags: Mapping[str, str]) -> None:
    """Refuse more tags than a resource can have; those that AWS made itself do not count.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    if sum(not key.startswith("aws:") for key in tags) > MOST:
        raise _invalid(f"A resource has at most {MOST} tags.")


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)
