"""What an API server gives back: an answer, or what is to be streamed instead."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .requests import Info

MADE = {"content-type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What goes back.

    Parameters
    ----------
    code : int
        The HTTP status.
    body : bytes
        All of it.
    headers : mapping of str to str
        Also those of its type and coding.
    warnings : tuple of str
        One header each.
    """

    code: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: MADE)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Watching:
    """A stream of changes instead of an answer; who serves it begins and ends it."""

    info: Info
    wants: Any


@dataclass(frozen=True)
class LogOptions:
    """What of a container's output is wanted.

    Parameters
    ----------
    container : str
        Its name.
    follow, previous, timestamps : bool
        Whether to go on, to show the run before, to put times in front.
    tail, since, limit : int, optional
        Lines from the end; seconds back; bytes at most.
    """

    container: str
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail: int | None = None
    since: int | None = None
    limit: int | None = None


def as_json(
    body: Mapping[str, Any], code: int = 200, warnings: tuple[str, ...] = (), headers: Mapping[str, str] = MADE
) -> Answer:
    """An answer of JSON."""
    return Answer(code, json.dumps(body, separators=(",", ":")).encode(), headers, warnings)
