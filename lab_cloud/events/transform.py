"""What a target gets of an event: all of it, a constant, a part, or a text made of parts. Pure.

References
----------
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

import json
import re
from typing import Any

VARIABLE = re.compile(r"<([A-Za-z0-9_.\-]+)>")
STEP = re.compile(r"""\.([A-Za-z0-9_\-]+)|\[(\d+)\]|\[['"]([^'"\]]+)['"]\]""")
LOWER = ("aws.events.event", "aws.events.event.json", "aws.events.event.ingestion-time")
OWN = (*LOWER, "aws.events.rule-arn", "aws.events.rule-name")
MOST_VARIABLES = 100


class BadInput(Exception):  # noqa: N818
    """An InputTransformer that cannot be used; the message says why."""


def payload(target: dict[str, Any], event: dict[str, Any], rule_arn: str = "", rule_name: str = "") -> str:
    """The text that a target gets.

    Parameters
    ----------
    target : dict
        The target, as PutTargets had it.
    event : dict
        The event.
    rule_arn, rule_name : str
        Of the rule that matched.
    """
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath"):
        return dumps(find(event, target["InputPath"]))
    transformer = target.get("InputTransformer")
    if not transformer:
        return dumps(event)
    values: dict[str, Any] = {
        name: find(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()
    }
    values |= {
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
        "aws.events.event.ingestion-time": event.get("time", ""),
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_name,
    }
    return fill(transformer["InputTemplate"], values)


def fill(template: str, values: dict[str, Any]) -> str:
    """Put values in the places of their names.

    A name within quotes becomes text; one outside becomes JSON. A value that the event does not have is empty.
    """
    done, end, quoted = [], 0, False
    for found in VARIABLE.finditer(template):
        before = template[end : found.start()]
        done.append(before)
        quoted ^= _quotes(before) % 2 == 1
        end = found.end()
        if found[1] not in values:
            done.append(found[0])
            continue
        value = values[found[1]]
        if quoted:
            done.append(_inside(value))
        else:
            done.append(dumps("" if value is None else value))
    done.append(template[end:])
    return "".join(done)


def _quotes(text: str) -> int:
    return len(re.findall(r'(?<!\\)"', text))


def _inside(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else dumps(value)
    return json.dumps(text, ensure_ascii=False)[1:-1]


def check(transformer: dict[str, Any], target: str) -> None:
    """Whether an InputTransformer can be used.

    Parameters
    ----------
    transformer : dict
        As PutTargets has it.
    target : str
        The target's id, for the message.

    Raises
    ------
    BadInput
        In the words of EventBridge.
    """
    paths = transformer.get("InputPathsMap") or {}
    if len(paths) > MOST_VARIABLES:
        raise BadInput(f"InputPathsMap of target {target} has more than {MOST_VARIABLES} entries.")
    for name, path in paths.items():
        if name.lower().startswith("aws"):
            raise BadInput(f"Invalid InputPathsMap for target {target} : variable {name} may not begin with AWS.")
        check_path(path)
    template = transformer["InputTemplate"]
    for name in VARIABLE.findall(template):
        if name not in paths and name not in OWN:
            raise BadInput(f"InputTemplate for target {target} contains unknown variable <{name}>.")
    tried = fill(template, dict.fromkeys([*paths, *OWN], "x"))
    try:
        json.loads(tried)
    except ValueError as error:
        lines = [line.strip() for line in tried.strip().splitlines()]
        if not all(re.fullmatch(r'"(?:[^"\\]|\\.)*"', line) for line in lines):
            raise BadInput(f"Invalid InputTemplate for target {target} : [{error}].") from None


def check_path(path: str) -> None:
    """Whether a JSON path can be read.

    Raises
    ------
    BadInput
        When it cannot.
    """
    if not path.startswith("$") or "".join(found[0] for found in STEP.finditer(path, 1)) != path[1:]:
        raise BadInput(f"Parameter {path} is not valid. Reason: Invalid JSONPath; it looks like $.detail.state.")


def find(event: Any, path: str) -> Any:
    """What a JSON path such as ``$.detail.containers[0].name`` leads to; None when there is nothing."""
    value = event
    for found in STEP.finditer(path, 1):
        name, number = found[1] or found[3], found[2]
        if number is not None:
            if not isinstance(value, list) or int(number) >= len(value):
                return None
            value = value[int(number)]
        else:
            if not isinstance(value, dict) or name not in value:
                return None
            value = value[name]
    return value


def dumps(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
