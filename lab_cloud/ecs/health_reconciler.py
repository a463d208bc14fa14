"""Asks containers how they are, when it is due."""

from ..world import World
from .container_health import Check, check_of, step
from .store import Store
from .task import Container, Task


class HealthChecks:
    """Asks each container that has a health check, when it is due.

    Parameters
    ----------
    store : Store
        What ECS knows.
    world : World
        The time, and the workers that run the commands.
    """

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world

    def tick(self, now: float) -> None:
        """Begin the checks that are due."""
        for region in self._store.regions.values():
            for task in region.tasks.values():
                for container in task.containers:
                    if not container.alive or container.asking or not container.checked:
                        continue
                    if now >= container.health.due:
                        self._begin(task, container)
                    else:
                        self._world.wake_at(container.health.due)

    def _begin(self, task: Task, container: Container) -> None:
        check = check_of(container.definition, self._world.clock.speed)
        handle = container.handle
        if check is None or handle is None:
            return
        container.asking = True

        def ask() -> None:
            try:
                passed = handle.exec(check.argv, check.timeout).code == 0
            except Exception:
                passed = False  # the container ended meanwhile, or has no such command
            self._world.post(lambda: self._told(task, container, check, passed))

        self._world.work(ask)

    def _told(self, task: Task, container: Container, check: Check, passed: bool) -> None:
        container.asking = False
        if not container.alive:
            return
        now = self._world.clock.now()
        before = container.health.status
        container.health = step(container.health, passed, check, now, container.started_at or now)
        if container.health.status != before:
            task.version += 1
            self._world.wake()
