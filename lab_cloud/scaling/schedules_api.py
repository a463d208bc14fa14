"""Operations on scheduled actions.

References
----------
https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
"""

import uuid
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..schedule import At, BadSchedule, Rate, parse
from ..wire import Call
from .store import ScalingStore, ScheduledAction
from .targets_api import checked, chosen, cut, invalid


class ScheduleOperations:
    """Put, delete and describe scheduled actions."""

    _clock: Clock
    _store: ScalingStore

    def put_scheduled_action(self, call: Call, params: dict[str, Any]) -> None:
        """Make a scheduled action, or replace one; what is left out is replaced by nothing, as on AWS."""
        resource, dimension = checked(params)
        region = self._store.region(call.region)
        target = region.find(resource, dimension)
        key = (resource, dimension, params["ScheduledActionName"])
        old = region.scheduled.get(key)
        expression = params.get("Schedule")
        if expression is None:
            raise invalid("Schedule is required for a scheduled action.")
        change = {
            name: value for name, value in (params.get("ScalableTargetAction") or {}).items() if value is not None
        }
        if not change:
            raise invalid("ScalableTargetAction needs MinCapacity, MaxCapacity or both.")
        least, most = change.get("MinCapacity", target.least), change.get("MaxCapacity", target.most)
        if least > most and len(change) == 2:
            raise invalid("Maximum capacity cannot be less than minimum capacity")
        if min(change.values()) < 0:
            raise invalid("A capacity must not be negative.")
        start, end = (_seconds(params.get(name)) for name in ("StartTime", "EndTime"))
        if start is not None and end is not None and end <= start:
            raise invalid("EndTime must be later than StartTime.")
        schedule = self._read(expression, params.get("Timezone"), start)
        now = self._clock.now()
        where = f"arn:aws:autoscaling:{call.region}:{call.account}:scheduledAction:{uuid.uuid4()}"
        arn = old.arn if old else f"{where}:resource/ecs/{resource}:scheduledActionName/{key[2]}"
        made = ScheduledAction(
            key[2],
            arn,
            resource,
            dimension,
            schedule,
            expression,
            params.get("Timezone") or "",
            change,
            now,
            start,
            end,
        )
        made.due = schedule.after(now * self._clock.speed if isinstance(schedule, Rate) else self._clock.calendar())
        region.scheduled[key] = made

    def _read(self, expression: str, timezone: str | None, start: float | None) -> Any:
        now = self._clock.now()
        try:
            # a rate counts AWS seconds, which pass quicker here
            schedule = parse(expression, timezone, (start or now) * self._clock.speed)
        except BadSchedule as bad:
            raise invalid(f"Invalid schedule: {bad}.") from bad
        if isinstance(schedule, At) and schedule.moment <= self._clock.calendar():
            raise invalid(
                f"Scheduled time {expression} is in the past; lab.now() reads the clock that schedules go by."
            )
        return schedule

    def delete_scheduled_action(self, call: Call, params: dict[str, Any]) -> None:
        """Delete a scheduled action."""
        resource, dimension = checked(params)
        name = params["ScheduledActionName"]
        if self._store.region(call.region).scheduled.pop((resource, dimension, name), None) is None:
            raise AwsError(
                "ObjectNotFoundException",
                f"No scheduled action found for service namespace: ecs, resource ID: {resource}, scalable dimension: "
                f"{dimension}, scheduled action name: {name}",
            )

    def describe_scheduled_actions(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The scheduled actions of a namespace."""
        names = params.get("ScheduledActionNames")
        found = [
            action
            for action in self._store.region(call.region).scheduled.values()
            if chosen(params, action.resource, action.dimension) and (not names or action.name in names)
        ]
        shown, token = cut(found, params, 50)
        return {"ScheduledActions": [action.describe() for action in shown], "NextToken": token}


def _seconds(given: Any) -> float | None:
    if given is None:
        return None
    return float(given.timestamp() if hasattr(given, "timestamp") else given)
