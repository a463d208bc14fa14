"""Schedules of CronJobs: five fields, as in a crontab.

References
----------
https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
"""

import re

from ... import schedule

MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class Cron:
    """A schedule.

    Parameters
    ----------
    text : str
        For example ``*/5 * * * *``.
    zone : str, optional
        The name of a time zone.

    Raises
    ------
    BadSchedule
        When it is none.
    """

    def __init__(self, text: str, zone: str | None = None) -> None:
        fields = MACROS.get(text.strip(), text).split()
        if len(fields) != 5:
            raise schedule.BadSchedule(f"expected exactly 5 fields, found {len(fields)}: {fields}")
        minute, hour, day, month, weekday = (each.replace("?", "*").upper() for each in fields)
        weekday = re.sub(r"(?<![/\dA-Z])(\d)(?!\d)", lambda found: str(int(found[1]) % 7 + 1), weekday)
        days = []
        # of the two kinds of days one is enough, unless one of them is left open
        if weekday == "*" or day != "*":
            days.append((day, "?"))
        if weekday != "*":
            days.append(("?", weekday))
        self._schedules = [
            schedule.parse(f"cron({minute} {hour} {first} {month} {second} *)", zone) for first, second in days
        ]

    def after(self, now: float) -> float | None:
        """The next moment after a time (epoch seconds); None when there is none."""
        found = (each.after(now) for each in self._schedules)
        return min((each for each in found if each is not None), default=None)
