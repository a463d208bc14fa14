"""EventBridge as a part of the cloud."""

from typing import Any

from ..cloudwatch.part import CloudWatch
from ..core import Core
from .api import EventsApi
from .calling import Calling
from .counters import Counters
from .delivery import Deliveries
from .rights import IamRights
from .router import Router
from .store import EventStore
from .timetable import Timetable
from .trail import Trail


class Events:
    """Buses, rules, and what brings events to their targets.

    Parameters
    ----------
    core : Core
        Where it plugs in; its targets are called before those act who are called.
    watch : CloudWatch
        Where its counts go.
    """

    def __init__(self, core: Core, watch: CloudWatch) -> None:
        self.store, self.trail = EventStore(), Trail()
        self.counters = Counters(core.world.lock)
        self.rights = IamRights()
        self.calling = Calling(core.clock, core.dispatcher, self.rights)
        self.deliveries = Deliveries(core.world, self.calling, self.trail)
        self.router = Router(core.clock, self.store, self.deliveries, self.trail, self.counters)
        self.calling.bus = self.router.accept
        timetable = Timetable(core.world, self.store, self.router)
        core.world.add(timetable)
        core.world.add(self.deliveries)
        watch.sampler.add(self.counters)
        core.dispatcher.own("events", EventsApi(core.clock, self.store, self.router, timetable, self.rights))
        core.commands["trail"] = self._shown
        core.on_reset += [self.store.regions.clear, self.trail.clear, self.deliveries.clear]

    def _shown(self, since: int = 0, limit: int = 100, match: str = "") -> dict[str, Any]:
        """The paths of events, for the command line and the views; see `Trail.shown`."""
        return self.trail.shown(since, limit, match)
