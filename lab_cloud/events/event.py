"""An event on its way."""

import datetime
import uuid
from collections.abc import Sequence
from typing import Any

from ..wire.call import ACCOUNT

Event = dict[str, Any]


def made(
    region: str,
    source: str,
    kind: str,
    detail: dict[str, Any],
    now: float,
    resources: Sequence[str] = (),
) -> Event:
    """An event as rules see it and targets get it.

    Parameters
    ----------
    region : str
        Where it happened.
    source : str
        For example ``aws.ecs``.
    kind : str
        Its ``detail-type``.
    detail : dict
        What happened.
    now : float
        Epoch seconds.
    resources : sequence of str
        ARNs.
    """
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": second(now),
        "region": region,
        "resources": list(resources),
        "detail": detail,
    }


def subject(event: Event) -> str:
    """What an event is about in a word, for the record: the object's key, or the state that something entered."""
    detail: dict[str, Any] = event["detail"]
    thing = detail.get("object")
    if isinstance(thing, dict):
        return str(thing.get("key", ""))
    return next((str(detail[name]) for name in ("lastStatus", "eventName") if isinstance(detail.get(name), str)), "")


def second(moment: float) -> str:
    """A moment as events show it: 2026-11-25T18:00:00Z."""
    return f"{datetime.datetime.fromtimestamp(moment, datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"


def millisecond(moment: float) -> str:
    """A moment to the millisecond: 2026-11-25T18:00:00.123Z."""
    shown = datetime.datetime.fromtimestamp(moment, datetime.UTC)
    return f"{shown:%Y-%m-%dT%H:%M:%S}.{shown.microsecond // 1000:03d}Z"
