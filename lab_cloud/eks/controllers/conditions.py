"""Conditions of a status, and their times.

References
----------
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
"""

import calendar
import time
from collections.abc import Iterable, Mapping
from typing import Any

from ..kubernetes import names

Object = Mapping[str, Any]


def condition(kind: str, true: bool | None, reason: str, message: str) -> dict[str, Any]:
    """A condition without its times; None is Unknown."""
    return {"type": kind, "status": "Unknown" if true is None else str(true), "reason": reason, "message": message}


def of(found: Object, kind: str) -> Object:
    """A condition of an object, by its type; empty for none."""
    for each in (found.get("status") or {}).get("conditions") or ():
        if each.get("type") == kind:
            known: Object = each
            return known
    return {}


def seconds(text: str | None) -> float:
    """A time of the API in epoch seconds; 0 for none."""
    return float(calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))) if text else 0.0


def timed(
    found: Object, conditions: Iterable[Object], now: float, field: str = "lastUpdateTime", fresh: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """Conditions with their times: those that the object has, where they say the same.

    Parameters
    ----------
    found : mapping
        The object as it is.
    conditions : iterable of mapping
        The conditions that it should have, without times.
    now : float
        The time in epoch seconds.
    field : str
        The name of the time of the last update, or of the last look.
    fresh : iterable of str
        The types of those that are updated now though they say the same.
    """
    when, made = names.timestamp(now), []
    for each in conditions:
        old = of(found, each["type"])
        same = all(old.get(key) == value for key, value in each.items()) and each["type"] not in fresh
        since = old.get("lastTransitionTime", when) if old.get("status") == each["status"] else when
        made.append({**each, field: old.get(field, when) if same else when, "lastTransitionTime": since})
    return made
