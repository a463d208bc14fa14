"""Amazon ECS, plugged into what `outside` asks of it."""

from ..ecs.store import Store
from .outside import Capacity


class EcsServices:
    """The services of ECS as scalable resources.

    Parameters
    ----------
    store : Store
        What ECS knows.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def capacity(self, region: str, resource: str) -> Capacity | None:
        """Desired and running tasks of ``service/cluster/name``."""
        _kind, cluster, name = resource.split("/")
        known = self._store.region(region)
        service = known.services.get((cluster, name))
        if service is None or service.status != "ACTIVE":
            return None
        running, _pending = service.counts(known.tasks_of(service))
        return Capacity(service.desired, running, any(each.rollout == "IN_PROGRESS" for each in service.deployments))

    def set_capacity(self, region: str, resource: str, count: int, now: float) -> None:
        """Set the desired count, as UpdateService does."""
        _kind, cluster, name = resource.split("/")
        service = self._store.region(region).services[cluster, name]
        service.desired = count
        service.primary.desired, service.primary.updated_at = count, now
        service.steady = False
