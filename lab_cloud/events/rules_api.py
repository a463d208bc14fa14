"""Operations on rules.

References
----------
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
"""

from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..paging import page
from ..schedule import At, BadSchedule, Schedule, parse
from ..wire import Call
from . import pattern
from .checks import invalid, tag_map
from .store import DEFAULT, Bus, EventStore, Rule, rule_arn
from .timetable import Timetable

MOST_RULES = 300
PAGE = 100


class RuleOperations:
    """Put, enable, disable, describe, list and delete rules."""

    _store: EventStore
    _timetable: Timetable
    _clock: Clock

    def put_rule(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutRule: make a rule, or replace what it says; its targets and tags stay."""
        bus = self._store.region(call.region).find(params.get("EventBusName"))
        name, expression = params["Name"], params.get("ScheduleExpression") or ""
        if not params.get("EventPattern") and not expression:
            raise invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
        read = read_pattern(params["EventPattern"]) if params.get("EventPattern") else None
        schedule = None
        if expression:
            if bus.name != DEFAULT:
                raise invalid("ScheduleExpression is supported only on the default event bus.")
            schedule = self._schedule(expression)
        old = bus.rules.get(name)
        if old is None and len(bus.rules) >= MOST_RULES:
            raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
        made = old or Rule(name, bus.name, rule_arn(call.region, bus.name, name), call.account)
        if old is None:
            made.tags = tag_map(params.get("Tags"))
        made.pattern, made.expression, made.schedule = read, expression, schedule
        made.state, made.role = params.get("State") or "ENABLED", params.get("RoleArn") or ""
        made.description = params.get("Description") or ""
        bus.rules[name] = made
        self._timetable.plan(made)
        return {"RuleArn": made.arn}

    def _schedule(self, expression: str) -> Schedule:
        try:
            # a rate counts AWS seconds, which pass quicker here
            found = parse(expression, None, self._clock.now() * self._clock.speed)
        except BadSchedule as bad:
            raise invalid(f"Parameter ScheduleExpression is not valid. {bad}.") from bad
        if isinstance(found, At):
            raise invalid(
                "Parameter ScheduleExpression is not valid. Rules take rate(...) and cron(...); "
                "at(...) is for EventBridge Scheduler."
            )
        return found

    def _rule(self, call: Call, params: dict[str, Any]) -> tuple[Bus, Rule]:
        bus = self._store.region(call.region).find(params.get("EventBusName"))
        return bus, bus.find(params["Name"])

    def enable_rule(self, call: Call, params: dict[str, Any]) -> None:
        """EnableRule."""
        _bus, rule = self._rule(call, params)
        rule.state = "ENABLED"
        self._timetable.plan(rule)

    def disable_rule(self, call: Call, params: dict[str, Any]) -> None:
        """DisableRule."""
        _bus, rule = self._rule(call, params)
        rule.state = "DISABLED"
        self._timetable.plan(rule)

    def describe_rule(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeRule."""
        _bus, rule = self._rule(call, params)
        return {**rule.describe(), "CreatedBy": rule.created_by}

    def list_rules(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListRules of one bus."""
        bus = self._store.region(call.region).find(params.get("EventBusName"))
        prefix = params.get("NamePrefix", "")
        found = [rule.describe() for name, rule in sorted(bus.rules.items()) if name.startswith(prefix)]
        shown, token = page(found, params.get("NextToken"), params.get("Limit") or PAGE, "ValidationException")
        return {"Rules": shown, "NextToken": token}

    def delete_rule(self, call: Call, params: dict[str, Any]) -> None:
        """DeleteRule; nothing happens when there is none of that name."""
        bus = self._store.region(call.region).find(params.get("EventBusName"))
        rule = bus.rules.get(params["Name"])
        if rule is not None and rule.targets:
            raise invalid("Rule can't be deleted since it has targets.")
        bus.rules.pop(params["Name"], None)


def read_pattern(text: str) -> pattern.Pattern:
    """An event pattern.

    Raises
    ------
    AwsError
        ``InvalidEventPatternException``.
    """
    try:
        return pattern.read(text)
    except pattern.BadPattern as bad:
        message = f"Event pattern is not valid. Reason: {bad}"
        raise AwsError("InvalidEventPatternException", message) from bad
