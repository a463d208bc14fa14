"""What ``valueFrom`` of a container's secrets means. Pure.

Follows https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Wanted:
    """One secret that a container wants.

    Parameters
    ----------
    name : str
        The environment variable, or the option of the log driver.
    source : str
        ``secretsmanager`` or ``ssm``.
    region : str
        Where it lies.
    reference : str
        The secret's ARN, or the parameter's name.
    key, stage, version : str
        The key within a JSON secret, and which version; empty for the whole and the current one.
    """

    name: str
    source: str
    region: str
    reference: str
    key: str = ""
    stage: str = ""
    version: str = ""


def wanted(name: str, value_from: str, region: str) -> Wanted:
    """Read one ``valueFrom``; without a region of its own it means the task's."""
    parts = value_from.split(":")
    if value_from.startswith("arn:") and len(parts) >= 7 and parts[2] == "secretsmanager":
        key, stage, version, *_ = [*parts[7:], "", "", ""]
        return Wanted(name, "secretsmanager", parts[3], ":".join(parts[:7]), key, stage, version)
    if value_from.startswith("arn:") and len(parts) >= 6 and parts[2] == "ssm":
        path = ":".join(parts[5:]).removeprefix("parameter/")
        return Wanted(name, "ssm", parts[3], f"/{path}" if "/" in path else path)
    return Wanted(name, "ssm", region, value_from)


def wanted_by(definition: Mapping[str, Any], region: str) -> Iterator[Wanted]:
    """All secrets of a container: those in its environment, and those of its log driver."""
    for each in (*definition.get("secrets", ()), *definition.get("logConfiguration", {}).get("secretOptions", ())):
        yield wanted(each["name"], each["valueFrom"], region)


def picked(text: str, key: str) -> str:
    """The value of a key of a JSON secret; the whole text without a key.

    Raises
    ------
    KeyError
        It has no such key.
    """
    if not key:
        return text
    try:
        found = json.loads(text)[key]
    except (ValueError, TypeError, KeyError, IndexError):
        raise KeyError(key) from None
    return found if isinstance(found, str) else json.dumps(found)
