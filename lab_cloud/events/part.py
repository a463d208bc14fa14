"""EventBridge as a part of the cloud."""

from collections.abc import Sequence
from typing import Any

from ..cloudwatch.part import CloudWatch
from ..core import Core
from ..wire import moto_objects
from .api import EventsApi
from .calling import Calling
from .counters import Counters
from .delivery import Deliveries
from .objects import Objects
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
        self.rights = IamRights(core.authority)
        self.calling = Calling(core.clock, core.dispatcher, self.rights)
        self.deliveries = Deliveries(core.world, self.calling, self.trail)
        self.router = Router(core.clock, self.store, self.deliveries, self.trail, self.counters)
        self.calling.bus = self.router.accept
        timetable = Timetable(core.world, self.store, self.router)
        core.world.add(timetable)
        core.world.add(self.deliveries)
        watch.sampler.add(self.counters)
        core.dispatcher.own("events", EventsApi(core.clock, self.store, self.router, timetable, self.rights))
        moto_objects.watch(Objects(core.clock, self.router, self.trail).happened)
        core.commands["trail"] = self._shown
        core.on_reset += [self.store.regions.clear, self.trail.clear, self.deliveries.clear]

    def wanted(self, region: str) -> bool:
        """Whether an event of AWS's own services could match any rule."""
        return self.router.wanted(region)

    def emit(self, region: str, source: str, kind: str, detail: dict[str, Any], resources: Sequence[str] = ()) -> str:
        """Tell of an event of AWS's own services; its id. Under the world's lock."""
        return self.router.emit(region, source, kind, detail, resources)

    def task(self, task: str, now: float, step: str, **about: Any) -> None:
        """Tell what became of a task, for the record of the event that started it."""
        self.trail.task(task, now, step, **about)

    def _shown(self, since: int = 0, limit: int = 100, match: str = "") -> dict[str, Any]:
        """The paths of events, for the command line and the views; see `Trail.shown`."""
        return self.trail.shown(since, limit, match)
