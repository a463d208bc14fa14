"""Operations on the targets of rules.

References
----------
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

import re
from typing import Any

from ..errors import AwsError
from ..paging import page
from ..wire import Call
from . import transform
from .checks import invalid
from .outside import Trust
from .router import PRINCIPAL
from .store import DEFAULT, EventStore, Rule

MOST_TARGETS = 5
PAGE = 100
ARN = re.compile(r"arn:aws[a-z-]*:([a-z0-9-]+):([a-z0-9-]*):(\d{12})?:(.+)", re.DOTALL)
CALLED = ("ecs", "sqs", "sns", "logs", "events")
"""Services whose targets the cloud calls."""


class TargetOperations:
    """Put, list and remove targets, and list the rules of one."""

    _store: EventStore
    _trust: Trust

    def put_targets(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutTargets: all are taken, or none."""
        bus = self._store.region(call.region).find(params.get("EventBusName"))
        rule = bus.find(params["Rule"])
        given = params["Targets"]
        ids = [target["Id"] for target in given]
        if len(ids) != len(set(ids)):
            raise invalid("Duplicate target ids are not allowed in one request.")
        if len({*rule.targets, *ids}) > MOST_TARGETS:
            raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
        for target in given:
            self._check(target)
        rule.targets |= {target["Id"]: target for target in given}
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def _check(self, target: dict[str, Any]) -> None:
        arn, name = target["Arn"], target["Id"]
        found = ARN.fullmatch(arn)
        if found is None:
            raise invalid(f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")
        service = found[1]
        if service not in CALLED:
            raise invalid(
                f"Parameter {arn} is not valid. Reason: targets of {service} are not part of the embedded cloud; "
                "it calls ECS tasks, SQS queues, SNS topics, log groups and other event buses."
            )
        inputs = [key for key in ("Input", "InputPath", "InputTransformer") if target.get(key) is not None]
        if len(inputs) > 1:
            raise invalid(f"Only one of Input, InputPath, or InputTransformer must be provided for target {name}.")
        try:
            if target.get("InputPath"):
                transform.check_path(target["InputPath"])
            if target.get("InputTransformer"):
                transform.check(target["InputTransformer"], name)
        except transform.BadInput as bad:
            raise invalid(str(bad)) from bad
        if service == "ecs":
            self._check_tasks(target, found[4])
        elif service == "sqs" and arn.endswith(".fifo") and not target.get("SqsParameters", {}).get("MessageGroupId"):
            raise invalid(f"Parameter(s) SqsParameters must be specified for target: {name}.")
        elif service == "events" and not found[4].startswith("event-bus/"):
            raise invalid(f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")
        grave = (target.get("DeadLetterConfig") or {}).get("Arn")
        if grave and (not re.match(r"arn:aws[a-z-]*:sqs:", grave) or grave.endswith(".fifo")):
            raise invalid(f"Parameter {grave} is not valid. Reason: a dead-letter queue is a standard SQS queue.")
        if target.get("RoleArn"):
            why = self._trust.check(target["RoleArn"], PRINCIPAL)
            if why:
                raise invalid(why)

    def _check_tasks(self, target: dict[str, Any], resource: str) -> None:
        name = target["Id"]
        if not target.get("EcsParameters"):
            raise invalid(f"Parameter(s) EcsParameters must be specified for target: {name}.")
        if not target.get("RoleArn"):
            raise invalid(f"RoleArn is required for target {target['Arn']}.")
        if not resource.startswith("cluster/"):
            raise invalid(f"Parameter {target['Arn']} is not valid. Reason: the target's Arn must be a cluster's.")
        if "task-definition/" not in target["EcsParameters"]["TaskDefinitionArn"]:
            raise invalid("Parameter TaskDefinitionArn is not valid. Reason: Provided Arn is not in correct format.")

    def list_targets_by_rule(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListTargetsByRule."""
        rule = self._store.region(call.region).find(params.get("EventBusName")).find(params["Rule"])
        found = [target for _id, target in sorted(rule.targets.items())]
        shown, token = page(found, params.get("NextToken"), params.get("Limit") or PAGE, "ValidationException")
        return {"Targets": shown, "NextToken": token}

    def list_rule_names_by_target(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListRuleNamesByTarget."""
        bus = self._store.region(call.region).find(params.get("EventBusName"))
        arn = params["TargetArn"]
        found = [name for name, rule in sorted(bus.rules.items()) if _has(rule, arn)]
        shown, token = page(found, params.get("NextToken"), params.get("Limit") or PAGE, "ValidationException")
        return {"RuleNames": shown, "NextToken": token}

    def remove_targets(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """RemoveTargets; ids that the rule does not have come back as failed entries."""
        bus = self._store.region(call.region).find(params.get("EventBusName") or DEFAULT)
        rule = bus.find(params["Rule"])
        missing = [name for name in params["Ids"] if rule.targets.pop(name, None) is None]
        failed = [
            {
                "TargetId": name,
                "ErrorCode": "ResourceNotFoundException",
                "ErrorMessage": f"Rule {rule.name} does not have target(s) with id(s) {name}.",
            }
            for name in missing
        ]
        return {"FailedEntryCount": len(failed), "FailedEntries": failed}


def _has(rule: Rule, arn: str) -> bool:
    return any(target["Arn"] == arn for target in rule.targets.values())
