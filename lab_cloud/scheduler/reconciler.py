"""Calls targets at their time: ``rate(...)`` in AWS seconds, ``cron(...)`` and ``at(...)`` on the lab calendar."""

import datetime
import random
import uuid

from ..events.counters import Counters
from ..events.delivery import Deliveries, Delivery
from ..events.outside import Order
from ..events.retry import Policy
from ..events.trail import Trail
from ..schedule import Rate
from ..world import World
from .store import Planned, ScheduleStore

PRINCIPAL = "scheduler.amazonaws.com"
NAMESPACE = "AWS/Scheduler"
COUNTED = {
    # what a delivery counts: what Scheduler calls it
    "Invocations": "InvocationAttemptCount",
    "RetryInvocationAttempts": "InvocationAttemptCount",
    "FailedInvocations": "InvocationDroppedCount",
    "InvocationsSentToDlq": "InvocationsSentToDeadLetterCount",
    "InvocationsFailedToBeSentToDlq": "InvocationsFailedToBeSentToDeadLetterCount",
}


class Schedules:
    """The reconciler of schedules.

    Parameters
    ----------
    world : World
        The time.
    store : ScheduleStore
        The schedules.
    deliveries : Deliveries
        What calls their targets.
    trail : Trail
        Where it is written down.
    counters : Counters
        What CloudWatch gets.
    """

    def __init__(
        self, world: World, store: ScheduleStore, deliveries: Deliveries, trail: Trail, counters: Counters
    ) -> None:
        self._world = world
        self._store = store
        self._deliveries = deliveries
        self._trail = trail
        self._counters = counters

    def clock_of(self, planned: Planned) -> float:
        """What the clock shows that a schedule goes by."""
        clock = self._world.clock
        return clock.now() * clock.speed if planned.by_rate else clock.calendar()

    def plan(self, planned: Planned) -> None:
        """Say when a schedule acts first."""
        now = self.clock_of(planned)
        begins = max(now, planned.start) if planned.start is not None else now
        if isinstance(planned.schedule, Rate) and (planned.start is None or planned.start >= now):
            self._next(planned, planned.schedule.start)  # the first call is at the start itself
        else:
            self._next(planned, planned.schedule.after(begins - 0.001))

    def _next(self, planned: Planned, due: float | None) -> None:
        if due is not None and planned.end is not None and due > planned.end:
            due = None
        planned.due = due
        planned.fires = None if due is None else due + random.random() * planned.window  # noqa: S311 - no secret

    def tick(self, now: float) -> None:
        """Call the targets whose time has come; what was missed while the machine slept is done once."""
        speed = self._world.clock.speed
        for region in self._store.regions.values():
            for group in region.groups.values():
                for planned in list(group.schedules.values()):
                    if planned.fires is None or not planned.enabled:
                        continue
                    seen = self.clock_of(planned)
                    if seen >= planned.fires:
                        self._fire(region.name, planned, now)
                        assert planned.due is not None
                        self._next(planned, planned.schedule.after(max(planned.due, seen - planned.window)))
                        if planned.fires is None and planned.settings.get("ActionAfterCompletion") == "DELETE":
                            del group.schedules[planned.name]
                    if planned.fires is not None:
                        self._world.wake_at(now + (planned.fires - seen) / speed)

    def _fire(self, region: str, planned: Planned, now: float) -> None:
        assert planned.due is not None
        target, execution = planned.settings["Target"], str(uuid.uuid4())
        # a rate's moments are AWS seconds, told as real time
        told = planned.due / self._world.clock.speed if planned.by_rate else planned.due
        moment = f"{datetime.datetime.fromtimestamp(told, datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
        words = {
            "<aws.scheduler.schedule-arn>": planned.arn,
            "<aws.scheduler.scheduled-time>": moment,
            "<aws.scheduler.execution-id>": execution,
        }
        payload = str(target.get("Input") or "")
        for word, value in words.items():
            payload = payload.replace(word, value)
        self._trail.begin(execution, region, f"schedule {planned.name}", now, "schedule fired", schedule=planned.arn)

        def count(name: str) -> None:
            if name in COUNTED:
                self._counters.add(region, NAMESPACE, COUNTED[name], {"ScheduleGroup": planned.group})

        order = Order(
            principal=PRINCIPAL,
            source_arn=planned.arn,
            region=region,
            target=target,
            payload=payload,
            started_by=f"chronos-schedule/{planned.name}",
            given=bool(payload),
        )
        self._deliveries.add(
            Delivery(
                order=order,
                path=execution,
                policy=Policy.of(target.get("RetryPolicy")),
                grave=(target.get("DeadLetterConfig") or {}).get("Arn") or "",
                words={"SCHEDULE_ARN": planned.arn, "SCHEDULED_TIME": moment, "IS_PAYLOAD_TRUNCATED": "false"},
                count=count,
                began=now,
                name=planned.name,
            )
        )
