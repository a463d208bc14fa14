"""Calls the targets of rules and schedules in the services that they name, with the rights that they have.

References
----------
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from ..clock import Clock
from ..errors import AwsError
from ..iam.actions import actions_of
from ..iam.resources import Place, resources_of
from ..wire import ACCOUNT, PARTITION, Call, moto_targets
from ..wire.dispatch import Dispatcher
from . import running
from .event import made
from .outside import Failed, Order
from .router import PRINCIPAL
from .universal import universal_call

GONE = (
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
    "NotFound",
    "ResourceNotFoundException",
    "ClusterNotFoundException",
)
AGAIN = ("InternalFailure", "ServerException", "ThrottlingException", "ServiceUnavailable", "RequestThrottled")


class Rights(Protocol):
    """What is asked of IAM before a target is called."""

    def refusal(self, order: Order, action: str, resource: str, passed: tuple[str, ...] = ()) -> str:
        """Why the call may not be made; empty when it may."""

    def trusted(self, role: str, principal: str) -> bool:
        """Whether a service may assume a role."""


Bus = Callable[[str, str, dict[str, Any], str], Any]


class Calling:
    """What calls targets.

    Parameters
    ----------
    clock : Clock
        The time.
    dispatcher : Dispatcher
        Who answers for ECS.
    rights : Rights
        IAM.
    """

    def __init__(self, clock: Clock, dispatcher: Dispatcher, rights: Rights) -> None:
        self._clock = clock
        self._dispatcher = dispatcher
        self._rights = rights
        self.bus: Bus = lambda region, bus, event, path: None

    def call(self, order: Order) -> dict[str, Any]:
        """Call a target.

        Raises
        ------
        Failed
            When it could not be called.
        """
        kinds = {
            "ecs": self._run,
            "sqs": self._send,
            "sns": self._publish,
            "logs": self._write,
            "events": self._forward,
            "scheduler": self._operate,
        }
        try:
            return kinds[order.arn.split(":")[2]](order)
        except AwsError as error:
            raise failed(error) from error

    def _allow(self, order: Order, action: str, resource: str, passed: tuple[str, ...] = ()) -> None:
        if order.role and not self._rights.trusted(order.role, order.principal):
            raise Failed(
                "NO_PERMISSIONS",
                f"The role {order.role} does not exist, or its trust policy does not let {order.principal} assume it.",
            )
        why = self._rights.refusal(order, action, resource, passed)
        if why:
            raise Failed("NO_PERMISSIONS", why)

    def _run(self, order: Order) -> dict[str, Any]:
        params = running.task_params(order)
        region = order.arn.split(":")[3]
        asked = {"taskDefinition": params["taskDefinition"]}
        found = self._dispatcher.invoke(Call("ecs", "DescribeTaskDefinition", region), asked)["taskDefinition"]
        passed = tuple(found[key] for key in ("taskRoleArn", "executionRoleArn") if found.get(key))
        self._allow(order, "ecs:RunTask", found["taskDefinitionArn"], passed)
        answer = self._dispatcher.invoke(Call("ecs", "RunTask", region), params)
        tasks = [task["taskArn"] for task in answer["tasks"]]
        if answer["failures"] and not tasks:
            reasons = ", ".join(sorted({str(each.get("reason")) for each in answer["failures"]}))
            raise Failed("ERROR_FROM_TARGET", f"RunTask could not place the task: {reasons}", again=True)
        return {"tasks": tasks}

    def _send(self, order: Order) -> dict[str, Any]:
        moto_targets.check(order.arn)
        self._allow(order, "sqs:SendMessage", order.arn)
        group = (order.target.get("SqsParameters") or {}).get("MessageGroupId") or ""
        return {"message": moto_targets.send(order.arn, order.payload, group=group)}

    def _publish(self, order: Order) -> dict[str, Any]:
        moto_targets.check(order.arn)
        self._allow(order, "sns:Publish", order.arn)
        return {"message": moto_targets.publish(order.arn, order.payload)}

    def _write(self, order: Order) -> dict[str, Any]:
        moto_targets.check(order.arn)
        stream = f"{order.arn.removesuffix(':*')}:log-stream:{moto_targets.STREAM}"
        self._allow(order, "logs:PutLogEvents", stream)
        return {"stream": moto_targets.write(order.arn, order.payload, self._clock.now())}

    def _forward(self, order: Order) -> dict[str, Any]:
        region, bus = order.arn.split(":")[3], order.arn.partition(":event-bus/")[2]
        if order.role:
            self._allow(order, "events:PutEvents", order.arn)
        event = dict(order.event) if order.event is not None else self._event(order)
        path = str(event.pop("path", ""))
        return {"rules": self.bus(region, bus, event, path)}

    def _event(self, order: Order) -> dict[str, Any]:
        """The event that a schedule puts on a bus."""
        given = order.target["EventBridgeParameters"]
        try:
            detail = json.loads(order.payload or "{}")
        except ValueError as error:
            raise Failed("INVALID_JSON", f"The input is not JSON: {error}") from error
        return made(order.region, given["Source"], given["DetailType"], detail, self._clock.now())

    def _operate(self, order: Order) -> dict[str, Any]:
        """Any operation of any service that can be called from within."""
        call, params = universal_call(order)
        for resource in resources_of(Place(PARTITION, call.region, ACCOUNT), call.service, call.operation, params):
            for action in actions_of(call.service, call.operation):
                self._allow(order, action, resource)
        self._dispatcher.invoke(call, params)
        return {"operation": f"{call.service}:{call.operation}"}

    def bury(self, order: Order, queue: str, attributes: dict[str, str]) -> None:
        """Put what could not be delivered into a dead-letter queue.

        Raises
        ------
        Failed
            When that cannot be.
        """
        body = order.payload
        if order.event is not None:
            body = json.dumps({key: value for key, value in order.event.items() if key != "path"})
        # a rule's dead letters need the queue's policy, a schedule's the permission of its role
        asking = replace(order, target={"Arn": queue}) if order.principal == PRINCIPAL else order
        why = self._rights.refusal(asking, "sqs:SendMessage", queue)
        if why:
            raise Failed("NO_PERMISSIONS", why)
        try:
            moto_targets.send(queue, body, attributes=attributes)
        except AwsError as error:
            raise failed(error) from error


def failed(error: AwsError) -> Failed:
    """An AWS error as what the dead-letter queue tells."""
    message = f"{error.message} (Error code: {error.code})"
    if error.code in GONE:
        return Failed("NO_RESOURCE", message)
    if error.code in AGAIN or error.status >= 500:
        return Failed("ERROR_FROM_TARGET", message, again=True)
    return Failed("INVALID_PARAMETER", message)
