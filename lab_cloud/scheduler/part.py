"""EventBridge Scheduler as a part of the cloud."""

from ..core import Core
from ..events.part import Events
from .api import SchedulerApi
from .reconciler import Schedules
from .store import ScheduleStore


class Scheduler:
    """Schedules, and what calls their targets.

    Parameters
    ----------
    core : Core
        Where it plugs in.
    events : Events
        Whose deliveries call targets.
    """

    def __init__(self, core: Core, events: Events) -> None:
        self.store = ScheduleStore()
        schedules = Schedules(core.world, self.store, events.deliveries, events.trail, events.counters)
        core.world.add(schedules)
        api = SchedulerApi(core.clock, self.store, schedules, events.rights)
        core.dispatcher.own("scheduler", api)
        core.on_reset.append(api.forget)
