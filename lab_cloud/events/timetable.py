"""Lets scheduled rules act at their time: ``rate(...)`` in AWS seconds, ``cron(...)`` on the lab calendar."""

from ..schedule import Rate
from ..world import World
from .router import Router
from .store import EventStore, Rule


class Timetable:
    """The reconciler of scheduled rules.

    Parameters
    ----------
    world : World
        The time.
    store : EventStore
        The rules.
    router : Router
        What calls their targets.
    """

    def __init__(self, world: World, store: EventStore, router: Router) -> None:
        self._world = world
        self._store = store
        self._router = router

    def plan(self, rule: Rule) -> None:
        """Say when a rule acts next."""
        rule.due = rule.schedule.after(self._clock_of(rule)) if rule.schedule is not None and rule.enabled else None

    def _clock_of(self, rule: Rule) -> float:
        clock = self._world.clock
        return clock.now() * clock.speed if isinstance(rule.schedule, Rate) else clock.calendar()

    def tick(self, now: float) -> None:
        """Let rules act whose time has come; what was missed while the machine slept is done once."""
        speed = self._world.clock.speed
        for region in self._store.regions.values():
            for bus in region.buses.values():
                for rule in bus.rules.values():
                    if rule.due is None:
                        continue
                    seen = self._clock_of(rule)
                    if seen >= rule.due:
                        self._router.fire(region, bus, rule)
                        self.plan(rule)
                    if rule.due is not None:
                        self._world.wake_at(now + (rule.due - seen) / speed)
