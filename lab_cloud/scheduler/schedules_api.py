"""Operations on schedules.

References
----------
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import datetime
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..events.checks import invalid
from ..events.outside import Trust
from ..paging import page
from ..schedule import At, BadSchedule, Rate, parse
from ..wire import Call
from . import targets
from .reconciler import Schedules
from .store import Planned, Region, ScheduleStore, schedule_arn

PAGE = 100
PRINCIPAL = "scheduler.amazonaws.com"
NOT_ASSUMED = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."


class ScheduleOperations:
    """Create, update, get, list and delete schedules."""

    _store: ScheduleStore
    _clock: Clock
    _schedules: Schedules
    _trust: Trust
    _tokens: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]]

    def _region(self, call: Call) -> Region:
        raise NotImplementedError

    def create_schedule(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateSchedule."""
        group, name = self._region(call).find(params.get("GroupName")), params["Name"]
        key = (call.region, params.get("ClientToken") or "")
        asked, answer = self._tokens.get(key, ({}, {}))
        if key[1] and asked == params and name in group.schedules:
            return answer
        if name in group.schedules:
            raise AwsError("ConflictException", f"Schedule {name} already exists.")
        made = self._made(call, group.name, params)
        group.schedules[name] = made
        self._schedules.plan(made)
        answer = {"ScheduleArn": made.arn}
        if key[1]:
            self._tokens[key] = (params, answer)
        return answer

    def update_schedule(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateSchedule: what is left out goes back to its default, as on AWS."""
        group = self._region(call).find(params.get("GroupName"))
        old = group.find(params["Name"])
        made = self._made(call, group.name, params)
        made.created = old.created
        group.schedules[made.name] = made
        self._schedules.plan(made)
        return {"ScheduleArn": made.arn}

    def _made(self, call: Call, group: str, params: dict[str, Any]) -> Planned:
        flexible = params["FlexibleTimeWindow"]
        if flexible["Mode"] == "FLEXIBLE" and not flexible.get("MaximumWindowInMinutes"):
            raise invalid("A MaximumWindowInMinutes must be provided when FlexibleTimeWindow Mode is set to FLEXIBLE.")
        if flexible["Mode"] == "OFF" and flexible.get("MaximumWindowInMinutes"):
            raise invalid("A MaximumWindowInMinutes cannot be provided when FlexibleTimeWindow Mode is set to OFF.")
        now, speed = self._clock.now(), self._clock.speed
        start, end = _seconds(params.get("StartDate")), _seconds(params.get("EndDate"))
        if start is not None and end is not None and end <= start:
            raise invalid("The EndDate you specify must come after the StartDate.")
        expression, timezone = params["ScheduleExpression"], params.get("ScheduleExpressionTimezone")
        try:
            # a rate counts AWS seconds, which pass quicker here
            schedule = parse(expression, timezone, (start if start is not None else now) * speed)
        except BadSchedule as bad:
            if "time zone" in str(bad):
                raise invalid(f"The ScheduleExpressionTimezone {timezone} is not valid. {bad}.") from bad
            raise invalid(f"Invalid Schedule Expression {expression}. {bad}.") from bad
        if isinstance(schedule, At) and schedule.moment <= self._clock.calendar():
            raise invalid(
                f"Invalid Schedule Expression {expression}. It is in the past; lab.now() reads the clock that "
                "at(...) and cron(...) go by."
            )
        targets.check(params["Target"])
        if not self._trust.trusted(params["Target"]["RoleArn"], PRINCIPAL):
            raise invalid(NOT_ASSUMED)
        clock = speed if isinstance(schedule, Rate) else 1.0
        return Planned(
            name=params["Name"],
            group=group,
            arn=schedule_arn(call.region, group, params["Name"]),
            settings=params,
            schedule=schedule,
            created=now,
            modified=now,
            start=start * clock if start is not None else None,
            end=end * clock if end is not None else None,
        )

    def get_schedule(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """GetSchedule."""
        return self._region(call).find(params.get("GroupName")).find(params["Name"]).describe()

    def list_schedules(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListSchedules, of one group or of all."""
        region = self._region(call)
        wanted = params.get("GroupName") or params.get("ScheduleGroup")
        groups = [region.find(wanted)] if wanted else [group for _name, group in sorted(region.groups.items())]
        prefix, state = params.get("NamePrefix") or "", params.get("State")
        found = [
            planned.summary()
            for group in groups
            for name, planned in sorted(group.schedules.items())
            if name.startswith(prefix) and state in (None, planned.settings.get("State", "ENABLED"))
        ]
        shown, token = page(found, params.get("NextToken"), params.get("MaxResults") or PAGE, "ValidationException")
        return {"Schedules": shown, "NextToken": token}

    def delete_schedule(self, call: Call, params: dict[str, Any]) -> None:
        """DeleteSchedule."""
        group = self._region(call).find(params.get("GroupName"))
        group.find(params["Name"])
        del group.schedules[params["Name"]]


def _seconds(given: Any) -> float | None:
    if given is None:
        return None
    return float(given.timestamp() if isinstance(given, datetime.datetime) else given)
