"""The columns of tables, and what stands in their cells."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import names

Object = Mapping[str, Any]
Cell = Callable[[Object, float], Any]
NONE = "<none>"


@dataclass(frozen=True)
class Column:
    """One column.

    Parameters
    ----------
    name : str
        Its title.
    cell : callable
        From an object and the time to what stands there.
    wide : bool
        Whether it is shown by ``-o wide`` only.
    type : str
        As the API names it.
    """

    name: str
    cell: Cell
    wide: bool = False
    type: str = "string"


def at(found: Any, path: str, default: Any = "") -> Any:
    """The value at a path of members."""
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return default if found is None else found


def age_of(text: str | None, now: float) -> str:
    """How long ago a time was, as kubectl writes it: ``5s``, ``3m20s``, ``2d``."""
    if not text:
        return "<unknown>"
    seconds = max(int(now - names.epoch(text)), 0)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    return f"{days}d" if days < 730 else f"{days // 365}y"


def _age(found: Object, now: float) -> str:
    return age_of(found["metadata"].get("creationTimestamp"), now)


AGE = Column("Age", _age)


def field(title: str, path: str, default: Any = "", *, wide: bool = False) -> Column:
    """A column of what stands at a path."""
    return Column(title, lambda found, _now: at(found, path, default), wide)


def number(title: str, path: str) -> Column:
    """A column of the number at a path."""
    return Column(title, lambda found, _now: at(found, path, 0), type="integer")


def share(part: str, whole: str) -> Cell:
    """How many of how many."""
    return lambda found, _now: f"{at(found, part, 0)}/{at(found, whole, 0)}"


def joined(values: Sequence[Any]) -> str:
    """Values in one line."""
    return ",".join(map(str, values)) or NONE


def containers(field: str, path: str = "spec.template.spec.containers") -> Cell:
    """One field of all containers."""
    return lambda found, _now: joined([each.get(field, "") for each in at(found, path, ())])


def selector_text(found: Object | None) -> str:
    """A selector in one line."""
    if not found:
        return NONE
    parts = [f"{key}={value}" for key, value in sorted((found.get("matchLabels") or {}).items())]
    for each in found.get("matchExpressions") or ():
        values = f" ({','.join(each.get('values') or ())})" if each.get("values") else ""
        parts.append(f"{each['key']} {each['operator'].lower()}{values}")
    return joined(parts)


def selector(path: str) -> Cell:
    """A selector in one line."""
    return lambda found, _now: selector_text(at(found, path, None))


WORKLOAD_WIDE = (
    Column("Containers", containers("name"), wide=True),
    Column("Images", containers("image"), wide=True),
    Column("Selector", selector("spec.selector"), wide=True),
)
