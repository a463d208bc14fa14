"""Operations on event buses.

References
----------
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
"""

import datetime
import json
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..paging import page
from ..wire import Call
from .checks import invalid, key_value, tag_map
from .store import DEFAULT, Bus, EventStore, bus_arn

MOST_BUSES = 100
LONGEST_POLICY = 10_240
KEPT = ("Description", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")
PAGE = 100


class BusOperations:
    """Create, update, describe, list and delete buses, and say who may put events on them."""

    _store: EventStore
    _clock: Clock

    def create_event_bus(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateEventBus."""
        region, name = self._store.region(call.region), params["Name"]
        if name in region.buses:
            raise AwsError("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
        if "/" in name or params.get("EventSourceName"):
            raise invalid("Event bus name must not contain '/'. Buses of partners are not part of the embedded cloud.")
        if len(region.buses) >= MOST_BUSES:
            raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
        now = self._clock.now()
        made = region.buses[name] = Bus(name, bus_arn(call.region, name), now, now)
        made.settings = {key: params[key] for key in KEPT if params.get(key)}
        made.tags = tag_map(params.get("Tags"))
        return {"EventBusArn": made.arn, **made.settings}

    def update_event_bus(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateEventBus."""
        bus = self._store.region(call.region).find(params.get("Name"))
        bus.settings |= {key: params[key] for key in KEPT if key in params}
        bus.modified = self._clock.now()
        return {"Arn": bus.arn, "Name": bus.name, **bus.settings}

    def describe_event_bus(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeEventBus; the default one when none is named."""
        return _shown(self._store.region(call.region).find(params.get("Name")))

    def list_event_buses(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListEventBuses."""
        prefix = params.get("NamePrefix", "")
        found = [bus for name, bus in sorted(self._store.region(call.region).buses.items()) if name.startswith(prefix)]
        shown, token = page(found, params.get("NextToken"), params.get("Limit") or PAGE, "ValidationException")
        return {"EventBuses": [_listed(bus) for bus in shown], "NextToken": token}

    def delete_event_bus(self, call: Call, params: dict[str, Any]) -> None:
        """DeleteEventBus; nothing happens when there is none of that name."""
        region, name = self._store.region(call.region), params["Name"]
        if name == DEFAULT:
            raise invalid("Cannot delete event bus default.")
        bus = region.buses.get(name)
        if bus is not None and bus.rules:
            raise invalid("Event bus can't be deleted since it has rules.")
        region.buses.pop(name, None)

    def put_permission(self, call: Call, params: dict[str, Any]) -> None:
        """PutPermission: one statement, or the whole policy."""
        bus = self._store.region(call.region).find(params.get("EventBusName"))
        if params.get("Policy"):
            bus.policy = _policy(params["Policy"])
            return
        sid, principal = params.get("StatementId"), params.get("Principal")
        if not sid or not principal or not params.get("Action"):
            raise invalid("Parameter(s) Action, Principal and StatementId, or Policy, must be specified.")
        if params["Action"] != "events:PutEvents":
            raise invalid("Provided value in parameter 'action' is not supported.")
        if principal != "*" and not (principal.isdigit() and len(principal) == 12):
            raise invalid(f"Parameter Principal is not valid: {principal} is not an account, nor *.")
        who = principal if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"}
        statement = {"Sid": sid, "Effect": "Allow", "Principal": who, "Action": params["Action"], "Resource": bus.arn}
        condition = params.get("Condition")
        if condition:
            statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
        statements = [each for each in (bus.policy or {}).get("Statement", []) if each.get("Sid") != sid]
        made = {"Version": "2012-10-17", "Statement": [*statements, statement]}
        if len(json.dumps(made)) > LONGEST_POLICY:
            raise AwsError("PolicyLengthExceededException", "The policy of the event bus is too long.")
        bus.policy = made

    def remove_permission(self, call: Call, params: dict[str, Any]) -> None:
        """RemovePermission: one statement, or all."""
        bus = self._store.region(call.region).find(params.get("EventBusName"))
        if params.get("RemoveAllPermissions"):
            bus.policy = None
            return
        statements = (bus.policy or {}).get("Statement", [])
        left = [each for each in statements if each.get("Sid") != params.get("StatementId")]
        if len(left) == len(statements):
            raise AwsError("ResourceNotFoundException", "Statement with the provided id does not exist.")
        bus.policy = {"Version": "2012-10-17", "Statement": left} if left else None

    def list_tags_for_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListTagsForResource, of a bus or a rule."""
        return {"Tags": key_value(self._tags(call, params["ResourceARN"]))}

    def tag_resource(self, call: Call, params: dict[str, Any]) -> None:
        """TagResource."""
        tags = self._tags(call, params["ResourceARN"])
        added = tag_map(params["Tags"])
        if len(tags | added) > 50:
            raise AwsError("LimitExceededException", "A resource has at most 50 tags.")
        tags.update(added)

    def untag_resource(self, call: Call, params: dict[str, Any]) -> None:
        """UntagResource."""
        tags = self._tags(call, params["ResourceARN"])
        for key in params["TagKeys"]:
            tags.pop(key, None)

    def _tags(self, call: Call, arn: str) -> dict[str, str]:
        for bus in self._store.region(call.region).buses.values():
            if bus.arn == arn:
                return bus.tags
            for rule in bus.rules.values():
                if rule.arn == arn:
                    return rule.tags
        if ":rule/" in arn:
            bus_part, _, name = arn.partition(":rule/")[2].rpartition("/")
            message = f"Rule {name} does not exist on EventBus {bus_part or DEFAULT}."
            raise AwsError("ResourceNotFoundException", message)
        raise AwsError("ResourceNotFoundException", f"{arn} does not exist.")


def _policy(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise invalid(f"Parameter Policy is not valid JSON: {error}.") from error
    if not isinstance(found, dict) or not found.get("Statement"):
        raise invalid("Parameter Policy is not valid. Reason: it has no Statement.")
    if len(text) > LONGEST_POLICY:
        raise AwsError("PolicyLengthExceededException", "The policy of the event bus is too long.")
    return found


def _listed(bus: Bus) -> dict[str, Any]:
    shown: dict[str, Any] = {"Name": bus.name, "Arn": bus.arn, "Description": bus.settings.get("Description")}
    if bus.policy:
        shown["Policy"] = json.dumps(bus.policy)
    if bus.created:
        shown["CreationTime"] = datetime.datetime.fromtimestamp(bus.created, datetime.UTC)
        shown["LastModifiedTime"] = datetime.datetime.fromtimestamp(bus.modified, datetime.UTC)
    return shown


def _shown(bus: Bus) -> dict[str, Any]:
    return {**_listed(bus), **bus.settings}
