"""Amazon EventBridge, as its clients see it."""

from typing import ClassVar

from ..clock import Clock
from .buses_api import BusOperations
from .entries_api import EntryOperations
from .outside import Trust
from .refused import REFUSED
from .router import Router
from .rules_api import RuleOperations
from .store import EventStore
from .targets_api import TargetOperations
from .timetable import Timetable


class EventsApi(BusOperations, RuleOperations, TargetOperations, EntryOperations):
    """The operations on buses, rules, targets and events; `refused` says why others are not here.

    Parameters
    ----------
    clock : Clock
        The time, the speed and the lab calendar.
    store : EventStore
        Buses and rules.
    router : Router
        Where events go.
    timetable : Timetable
        What lets scheduled rules act.
    trust : Trust
        What says whether EventBridge may assume a role.
    """

    refused: ClassVar[dict[str, str]] = REFUSED

    def __init__(self, clock: Clock, store: EventStore, router: Router, timetable: Timetable, trust: Trust) -> None:
        self._clock = clock
        self._store = store
        self._router = router
        self._timetable = timetable
        self._trust = trust
