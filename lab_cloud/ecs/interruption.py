"""Take the capacity of a Fargate Spot task away, as AWS does when it needs it back.

AWS has no call for this with Fargate; the learner asks for it with ``python -m lab_cloud interrupt TASK``. What follows
is as "Amazon ECS task termination notices for Fargate Spot" says: SIGTERM and the task's state change come at once,
SIGKILL after ``stopTimeout``; what is left of draining ends after two minutes, which the speed divides.
"""

from typing import Any

from ..delays import Delays
from ..errors import CloudError
from ..world import World
from . import names
from .store import Store
from .task import Task

CODE, REASON = "SpotInterruption", "Your Spot Task was interrupted."


class Interruptions:
    """Interrupts tasks on demand.

    Parameters
    ----------
    store : Store
        What ECS knows.
    world : World
        The lock and the time.
    delays : Delays
        How long the warning is.
    """

    def __init__(self, store: Store, world: World, delays: Delays) -> None:
        self._store = store
        self._world = world
        self._delays = delays

    def interrupt(self, task: str) -> dict[str, Any]:
        """Interrupt one task.

        Parameters
        ----------
        task : str
            Its id or ARN.

        Returns
        -------
        dict
            ``task``, its ARN; ``seconds``, the real seconds of warning that it has.

        Raises
        ------
        CloudError
            When there is no such task, or AWS would never interrupt it.
        """
        found = self._find(task)
        if found.capacity_provider != "FARGATE_SPOT":
            raise CloudError(
                f"The task {found.id} does not run on Fargate Spot, so AWS would not interrupt it.",
                "Run it with capacityProviderStrategy=[{'capacityProvider': 'FARGATE_SPOT', 'weight': 1}].",
            )
        if found.desired == "STOPPED":
            raise CloudError(
                f"The task {found.id} is being stopped already.", "Choose one that runs: ecs.list_tasks()."
            )
        found.ask_to_stop(CODE, REASON, self._world.clock.now())
        for container in found.containers:
            if container.alive and container.handle is not None:
                container.handle.stop()
        self._world.wake()
        return {"task": found.arn, "seconds": self._delays.real("ecs.spot-warning")}

    def _find(self, reference: str) -> Task:
        for region in self._store.regions.values():
            found = region.tasks.get(names.last_part(reference))
            if found is not None:
                return found
        raise CloudError(f"There is no task {reference}.", "Look for it: ecs.list_tasks(cluster=...).")
