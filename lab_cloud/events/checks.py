"""What several operations of EventBridge check."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import AwsError


def invalid(message: str) -> AwsError:
    """The error for input that EventBridge does not take."""
    return AwsError("ValidationException", message)


def tag_map(tags: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags by their key.

    Raises
    ------
    AwsError
        ``ValidationException`` for keys that AWS keeps to itself.
    """
    found = {each["Key"]: each["Value"] for each in tags or ()}
    for key in found:
        if key.lower().startswith("aws:"):
            raise invalid(f"Tag key {key} is not valid. Reason: it must not begin with aws:.")
    return found


def key_value(tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """Tags as AWS lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
