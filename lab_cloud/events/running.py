"""What a rule or schedule asks of RunTask. Pure.

References
----------
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_EcsParameters.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/CWE_IAM_role.html
"""

import json
from typing import Any

from .outside import Failed, Order

COPIED = {
    "LaunchType": "launchType",
    "PlatformVersion": "platformVersion",
    "Group": "group",
    "CapacityProviderStrategy": "capacityProviderStrategy",
    "EnableECSManagedTags": "enableECSManagedTags",
    "EnableExecuteCommand": "enableExecuteCommand",
    "PropagateTags": "propagateTags",
    "ReferenceId": "referenceId",
    "PlacementConstraints": "placementConstraints",
    "PlacementStrategy": "placementStrategy",
}


def task_params(order: Order) -> dict[str, Any]:
    """The input of RunTask.

    Parameters
    ----------
    order : Order
        The call; its payload, when it was made for the target, is a ``TaskOverride`` as JSON.

    Raises
    ------
    Failed
        ``INVALID_JSON`` when the payload is none.
    """
    given = order.target["EcsParameters"]
    params: dict[str, Any] = {
        "cluster": order.arn,
        "taskDefinition": given["TaskDefinitionArn"],
        "count": given.get("TaskCount") or 1,
        "startedBy": order.started_by[:128],
    }
    params |= {
        theirs: _lower(given[ours]) for ours, theirs in COPIED.items() if given.get(ours) not in (None, "", [], {})
    }
    network = (given.get("NetworkConfiguration") or {}).get("awsvpcConfiguration") or {}
    network = network or (given.get("NetworkConfiguration") or {}).get("AwsvpcConfiguration") or {}
    if network:
        params["networkConfiguration"] = {"awsvpcConfiguration": _lower(network)}
    if given.get("Tags"):
        params["tags"] = [_lower(tag) for tag in given["Tags"]]
    if order.given and order.payload.strip():
        params["overrides"] = overrides(order.payload)
    return params


def overrides(payload: str) -> dict[str, Any]:
    """The overrides that a payload has.

    Raises
    ------
    Failed
        When it is no ``TaskOverride``.
    """
    try:
        found = json.loads(payload)
    except ValueError as error:
        raise Failed("INVALID_JSON", f"The input of an ECS target must be a TaskOverride as JSON: {error}") from error
    if not isinstance(found, dict):
        raise Failed("INVALID_JSON", "The input of an ECS target must be a TaskOverride: a JSON object.")
    return found


def _lower(value: Any) -> Any:
    """Members begin with a small letter in ECS and with a capital here."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _lower(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_lower(each) for each in value]
    return value
