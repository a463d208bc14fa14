"""Amazon EventBridge Scheduler, as its clients see it."""

from typing import Any

from ..clock import Clock
from ..events.outside import Trust
from ..wire import Call
from .groups_api import GroupOperations
from .reconciler import Schedules
from .schedules_api import ScheduleOperations
from .store import Region, ScheduleStore


class SchedulerApi(GroupOperations, ScheduleOperations):
    """All operations of EventBridge Scheduler.

    Parameters
    ----------
    clock : Clock
        The time, the speed and the lab calendar.
    store : ScheduleStore
        Groups and schedules.
    schedules : Schedules
        What calls their targets.
    trust : Trust
        What says whether Scheduler may assume a role.
    """

    def __init__(self, clock: Clock, store: ScheduleStore, schedules: Schedules, trust: Trust) -> None:
        self._clock = clock
        self._store = store
        self._schedules = schedules
        self._trust = trust
        self._tokens: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {}

    def _region(self, call: Call) -> Region:
        return self._store.region(call.region, self._clock.now())

    def forget(self) -> None:
        """Begin anew, when everything is reset."""
        self._store.regions.clear()
        self._tokens.clear()
