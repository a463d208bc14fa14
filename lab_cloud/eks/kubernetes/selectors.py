"""Label and field selectors.

References
----------
https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .status import bad_request

Matches = Callable[[Mapping[str, Any]], bool]

SET_BASED = re.compile(r"^(?P<key>[^\s!=,()]+)\s+(?P<how>in|notin)\s*\((?P<values>[^()]*)\)$")
EQUALITY = re.compile(r"^(?P<key>[^\s!=,()]+)\s*(?P<how>==|=|!=)\s*(?P<value>[^\s!=,()]*)$")
EXISTS = re.compile(r"^(?P<how>!?)\s*(?P<key>[^\s!=,()]+)$")
BY_NAME = ("metadata.name", "metadata.namespace")
FIELDS: dict[str, tuple[str, ...]] = {
    "Pod": (
        *("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork"),
        *("status.phase", "status.podIP", "status.nominatedNodeName"),
    ),
    "Node": ("spec.unschedulable",),
    "Namespace": ("status.phase",),
    "ReplicaSet": ("status.replicas",),
    "Job": ("status.successful",),
    "Secret": ("type",),
    "Service": ("spec.clusterIP", "spec.type"),
    "Event": (
        *(f"involvedObject.{one}" for one in ("kind", "namespace", "name", "uid", "apiVersion", "fieldPath")),
        *("involvedObject.resourceVersion", "reason", "reportingComponent", "source", "type"),
    ),
}
"""Fields that a selector may name, by kind, beside name and namespace."""


def split(text: str) -> list[str]:
    """The requirements of a selector: a comma in parentheses does not part them."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def labels(text: str) -> Callable[[Mapping[str, str]], bool]:
    """A label selector, as a function of an object's labels.

    Parameters
    ----------
    text : str
        For example ``app=web,tier in (front, back),!old``.

    Raises
    ------
    ApiError
        400, when it cannot be read.
    """
    tests = [_requirement(part) for part in split(text)]
    return lambda found: all(test(found) for test in tests)


def _requirement(part: str) -> Callable[[Mapping[str, str]], bool]:
    if match := SET_BASED.match(part):
        key, values = match["key"], {value.strip() for value in match["values"].split(",")}
        if match["how"] == "in":
            return lambda found: found.get(key) in values
        return lambda found: found.get(key) not in values
    if match := EQUALITY.match(part):
        key, value = match["key"], match["value"]
        if match["how"] == "!=":
            return lambda found: found.get(key) != value
        return lambda found: found.get(key) == value
    if match := EXISTS.match(part):
        key, absent = match["key"], bool(match["how"])
        return lambda found: (key in found) != absent
    raise bad_request(f"unable to parse requirement: {part!r} is not a requirement of a label selector")


def of_spec(selector: Mapping[str, Any] | None) -> Callable[[Mapping[str, str]], bool]:
    """A LabelSelector object (``matchLabels``, ``matchExpressions``), as a function of labels; None matches nothing."""
    if selector is None:
        return lambda _found: False
    equal: Mapping[str, str] = selector.get("matchLabels") or {}
    expressions: Iterable[Mapping[str, Any]] = selector.get("matchExpressions") or ()
    return lambda found: (
        all(found.get(key) == value for key, value in equal.items()) and all(holds(each, found) for each in expressions)
    )


def holds(expression: Mapping[str, Any], found: Mapping[str, str]) -> bool:
    """Whether one expression of a selector (``key``, ``operator``, ``values``) holds of labels."""
    key, operator = expression["key"], expression["operator"]
    values: Sequence[str] = expression.get("values") or ()
    if operator == "In":
        return key in found and found[key] in values
    if operator == "NotIn":
        return found.get(key) not in values
    if operator == "Exists":
        return key in found
    if operator == "DoesNotExist":
        return key not in found
    try:
        have, want = int(found[key]), int(values[0])
    except (KeyError, ValueError, IndexError):
        return False
    return have > want if operator == "Gt" else have < want


def fields(text: str, kind: str) -> Matches:
    """A field selector, as a function of objects.

    Raises
    ------
    ApiError
        400, when it cannot be read, or names a field that objects of this kind cannot be selected by.
    """
    tests = []
    for part in split(text):
        match = re.match(r"^([^=!]+)(==|=|!=)(.*)$", part)
        if match is None:
            raise bad_request(f"invalid selector: {part!r}; can't understand {part!r}")
        path, how, wanted = match.groups()
        unequal = how == "!="
        if path not in BY_NAME and path not in FIELDS.get(kind, ()):
            raise bad_request(f"field label not supported: {path}")
        tests.append((path.split("."), wanted, unequal))
    return lambda found: all((_text(found, path) == wanted) != unequal for path, wanted, unequal in tests)


def _text(found: Any, path: list[str]) -> str:
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    if isinstance(found, bool):
        return str(found).lower()
    return "" if found is None else str(found)


def everything(_found: Mapping[str, Any]) -> bool:
    """No selector at all."""
    return True


def both(label_selector: str, field_selector: str, kind: str) -> Matches:
    """Whether an object is selected."""
    if not label_selector and not field_selector:
        return everything
    by_labels, by_fields = labels(label_selector), fields(field_selector, kind)
    return lambda found: by_labels(found["metadata"].get("labels") or {}) and by_fields(found)
