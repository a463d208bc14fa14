"""Universal targets of schedules: any operation of AWS by its name. Pure.

References
----------
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from ..wire import Call, model
from .outside import Failed, Order

UNIVERSAL = re.compile(r"arn:aws[a-z-]*:scheduler:::aws-sdk:([a-z0-9-]+):([A-Za-z0-9]+)")


def operation_of(action: str) -> str:
    """The operation that a universal target names: ``updateService`` is UpdateService."""
    return action[:1].upper() + action[1:]


def universal_call(order: Order) -> tuple[Call, dict[str, Any]]:
    """The call that a universal target stands for.

    Raises
    ------
    Failed
        When the input is no JSON object.
    """
    found = UNIVERSAL.fullmatch(order.arn)
    if found is None:
        raise Failed("INVALID_PARAMETER", f"{order.arn} is not a target.")
    service, operation = found[1], operation_of(found[2])
    try:
        given = json.loads(order.payload or "{}")
    except ValueError as error:
        raise Failed("INVALID_JSON", f"The input is not JSON: {error}") from error
    known = model.load(service)
    shape = known.input_shape(operation)
    params = _spelled(known, shape, given) if shape else {}
    return Call(service, operation, order.region), params


def _spelled(known: model.Model, name: str, value: Any) -> Any:
    """Members as the service spells them; schedules spell all with a capital."""
    shape = known.shape(name)
    if shape["type"] == "structure" and isinstance(value, dict):
        spelled = {member.lower(): member for member in shape["members"]}
        return {
            member: _spelled(known, shape["members"][member]["shape"], each)
            for member, each in _members(value, spelled)
        }
    if shape["type"] == "list" and isinstance(value, list):
        return [_spelled(known, shape["member"]["shape"], each) for each in value]
    if shape["type"] == "map" and isinstance(value, dict):
        return {key: _spelled(known, shape["value"]["shape"], each) for key, each in value.items()}
    return value


def _members(value: dict[str, Any], spelled: dict[str, str]) -> Iterator[tuple[str, Any]]:
    for name, each in value.items():
        member = spelled.get(name.lower())
        if member is None:
            raise Failed("INVALID_PARAMETER", f"The input has no member {name}.")
        yield member, each
