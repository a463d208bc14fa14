"""Operations on scheduled actions of groups; their times are those of the lab calendar.

References
----------
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutScheduledUpdateGroupAction.html
"""

import datetime
import uuid
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..schedule import At, BadSchedule, parse
from ..wire import Call
from .checks import invalid
from .groups_api import cut
from .scheduled import ScheduledChange
from .store import GroupStore

SIZES = ("MinSize", "MaxSize", "DesiredCapacity")


class ScheduleOperations:
    """Put, delete and describe scheduled actions."""

    _clock: Clock
    _store: GroupStore

    def put_scheduled_update_group_action(self, call: Call, params: dict[str, Any]) -> None:
        """Make a scheduled action, or replace one."""
        region = self._store.region(call.region)
        group = region.find(params["AutoScalingGroupName"])
        self._put(call, group.name, params)

    def batch_put_scheduled_update_group_action(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Make several; those that are refused come back with why."""
        group, failed = self._store.region(call.region).find(params["AutoScalingGroupName"]), []
        for one in params["ScheduledUpdateGroupActions"]:
            try:
                self._put(call, group.name, one)
            except AwsError as error:
                failed.append(
                    {
                        "ScheduledActionName": one["ScheduledActionName"],
                        "ErrorCode": error.code,
                        "ErrorMessage": error.message,
                    }
                )
        return {"FailedScheduledUpdateGroupActions": failed}

    def _put(self, call: Call, group: str, params: dict[str, Any]) -> None:
        region, name, today = self._store.region(call.region), params["ScheduledActionName"], self._clock.calendar()
        change = {key: params[key] for key in SIZES if params.get(key) is not None}
        if not change:
            raise invalid("At least one of MinSize, MaxSize and DesiredCapacity is required.")
        if change.get("MinSize", 0) > change.get("MaxSize", 10**9):
            raise invalid("Min value must be less than or equal to max value.")
        start, end = (_seconds(params.get(key)) for key in ("StartTime", "EndTime"))
        start = _seconds(params.get("Time")) if start is None else start
        if start is not None and start < today:
            raise invalid("Given start time is in the past")
        if start is not None and end is not None and end <= start:
            raise invalid("End time must be later than start time.")
        recurrence = params.get("Recurrence") or ""
        if not recurrence and start is None:
            raise invalid("Either a start time or a recurrence is required.")
        schedule = At(start) if not recurrence and start is not None else _cron(recurrence, params.get("TimeZone"))
        where = f"arn:aws:autoscaling:{call.region}:{call.account}:scheduledUpdateGroupAction:{uuid.uuid4()}"
        made = ScheduledChange(
            name,
            f"{where}:autoScalingGroupName/{group}:scheduledActionName/{name}",
            group,
            schedule,
            change,
            recurrence,
            params.get("TimeZone") or "",
            start,
            end,
        )
        made.due = schedule.after(max(today, (start or 0.0) - 1))
        region.scheduled[group, name] = made

    def delete_scheduled_action(self, call: Call, params: dict[str, Any]) -> None:
        """Delete a scheduled action."""
        region = self._store.region(call.region)
        group = region.find(params["AutoScalingGroupName"])
        if region.scheduled.pop((group.name, params["ScheduledActionName"]), None) is None:
            raise invalid("Scheduled action name not found")

    def batch_delete_scheduled_action(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Delete several."""
        region = self._store.region(call.region)
        group, failed = region.find(params["AutoScalingGroupName"]), []
        for name in params["ScheduledActionNames"]:
            if region.scheduled.pop((group.name, name), None) is None:
                text = "Scheduled action name not found"
                failed.append({"ScheduledActionName": name, "ErrorCode": "ValidationError", "ErrorMessage": text})
        return {"FailedScheduledActions": failed}

    def describe_scheduled_actions(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The scheduled actions that have not happened, or recur."""
        group, names = params.get("AutoScalingGroupName"), params.get("ScheduledActionNames")
        found = [
            one
            for one in self._store.region(call.region).scheduled.values()
            if group in (None, "", one.group) and (not names or one.name in names)
        ]
        shown, token = cut(found, params, 50, 100)
        return {"ScheduledUpdateGroupActions": [one.describe() for one in shown], "NextToken": token}


def _seconds(value: Any) -> float | None:
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, datetime.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=datetime.UTC)).timestamp()
    raise invalid(f"{value!r} is not a time.")


def _cron(text: str, zone: str | None) -> Any:
    """A recurrence: cron's five fields, without a year; both days may be given, and either counts on Unix."""
    fields = text.split()
    if len(fields) != 5:
        raise invalid(f"Given recurrence string:{text} is invalid: it has five fields, as in '30 8 * * 1-5'.")
    minute, hour, day, month, weekday = fields
    if weekday == "*":
        weekday = "?"
    elif day == "*":
        day = "?"
        weekday = _unix_days(weekday)
    else:
        raise invalid(f"Given recurrence string:{text} names days of the month and of the week. The embedded cloud "
                      "reads one of them: put * for the other.")  # fmt: skip
    try:
        return parse(f"cron({minute} {hour} {day} {month} {weekday} *)", zone)
    except BadSchedule as bad:
        raise invalid(f"Given recurrence string:{text} is invalid: {bad}") from bad


def _unix_days(text: str) -> str:
    """Days of the week count from 0 (Sunday) here, and from 1 in AWS's own cron expressions."""
    return "".join(str(int(letter) % 7 + 1) if letter.isdigit() else letter for letter in text.partition("/")[0]) + (
        "/" + text.partition("/")[2] if "/" in text else ""
    )
