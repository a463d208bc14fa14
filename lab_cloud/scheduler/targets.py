"""The targets that schedules may have: templates for ECS, SQS, SNS and EventBridge, and any operation by its name.

References
----------
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
"""

import json
from typing import Any

from ..events.checks import invalid
from ..events.targets_api import ARN
from ..events.universal import UNIVERSAL, operation_of
from ..wire import model
from ..wire.dispatch import READING

TEMPLATES = ("ecs", "sqs", "sns", "events")
PARAMETERS = {"ecs": "EcsParameters", "events": "EventBridgeParameters"}


def check(target: dict[str, Any]) -> None:
    """Refuse a target that cannot be called.

    Raises
    ------
    AwsError
        ``ValidationException``.
    """
    arn = target["Arn"]
    universal = UNIVERSAL.fullmatch(arn)
    if universal is not None:
        _check_universal(universal[1], universal[2])
        _check_json(target, arn)
    else:
        _check_template(target, arn)
    grave = (target.get("DeadLetterConfig") or {}).get("Arn")
    if grave and grave.endswith(".fifo"):
        raise invalid("A dead-letter queue must be a standard SQS queue.")


def _check_template(target: dict[str, Any], arn: str) -> None:
    found = ARN.fullmatch(arn)
    if found is None:
        raise invalid(f"Provided Arn is not in correct format: {arn}.")
    service = found[1]
    if service not in TEMPLATES:
        raise invalid(
            f"{arn} is not a supported target of the embedded cloud; use an ECS cluster, an SQS queue, an SNS topic, "
            "an event bus, or arn:aws:scheduler:::aws-sdk:service:operation."
        )
    needed = PARAMETERS.get(service)
    if needed and not target.get(needed):
        raise invalid(f"{needed} must be provided for the target {arn}.")
    if service == "sqs" and arn.endswith(".fifo") and not (target.get("SqsParameters") or {}).get("MessageGroupId"):
        raise invalid("MessageGroupId must be provided for a FIFO queue.")
    if service == "events":
        if target["EventBridgeParameters"]["Source"].startswith("aws."):
            raise invalid("EventBridgeParameters.Source must not begin with aws.")
        _check_json(target, arn)
    if service == "ecs" and target.get("Input"):
        _check_json(target, arn)


def _check_json(target: dict[str, Any], arn: str) -> None:
    try:
        fine = isinstance(json.loads(target.get("Input") or "{}"), dict)
    except ValueError:
        fine = False
    if not fine:
        raise invalid(f"Input must be a JSON object for the target {arn}.")


def _check_universal(service: str, action: str) -> None:
    try:
        known = model.load(service)
    except KeyError:
        raise invalid(f"There is no AWS service {service}.") from None
    operation = operation_of(action)
    if operation not in known.raw["operations"]:
        raise invalid(f"{action} is not an operation of {service}.")
    if operation.startswith(READING):
        raise invalid(f"{action} only reads; schedules do not call such operations.")
