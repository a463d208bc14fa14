"""The live pictures that a `Lab` can show."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backends import Backend


class Pictures:
    """What `Lab` shows of the account while cells run."""

    if TYPE_CHECKING:

        def client(self, service: str) -> Any:
            """A boto3 client."""

        def _cloud(self) -> Backend: ...

    def view(self, cluster: str) -> Any:
        """A live picture of a cluster.

        Parameters
        ----------
        cluster : str
            The cluster's name.
        """
        from .views.cluster import ClusterView
        from .views.observe import Observer

        return ClusterView(Observer(self.client("ecs"), self.client("elbv2"), cluster))

    def chart(self, cluster: str, service: str = "") -> Any:
        """A live chart of how a service scales: metrics, targets, alarms, tasks and scaling activities.

        Parameters
        ----------
        cluster, service : str
            Their names. One name alone is that of an App Runner service: the chart then shows its concurrency, its
            active instances and its operations.

        Returns
        -------
        ScalingView
            Shows itself live; ``snapshot()`` is a still copy and ``text()`` the same in words.
        """
        from .views.runner_observe import RunnerObserver
        from .views.scaling import ScalingView
        from .views.scaling_observe import ScalingObserver

        if not service:
            clients = {name: self.client(name) for name in ("apprunner", "cloudwatch")}
            return ScalingView(RunnerObserver(clients, cluster, self._cloud().speed))
        clients = {name: self.client(name) for name in ("ecs", "application-autoscaling", "cloudwatch")}
        return ScalingView(ScalingObserver(clients, cluster, service, self._cloud().speed))

    def path(self, match: str = "", queues: Sequence[str] = (), service: str = "") -> Any:
        """A live picture of events on their way: rule matched, target called, task started, object written.

        Parameters
        ----------
        match : str
            Only events that mention this: the name of a rule, a schedule, a target or a task. When it is empty, all;
            or none, where queues or a service are asked for.
        queues : sequence of str
            Names of queues whose depth is shown too.
        service : str
            ``cluster/service`` of the workers on a queue; how many of them run is shown too.

        Returns
        -------
        PathView
            Shows itself live; ``snapshot()`` is a still copy and ``text()`` the same in words. A newer view ends the
            watching of an older one.
        """
        from .backends import Embedded
        from .cloud import trail
        from .views.path import PathView
        from .views.path_observe import PathObserver, Trail, no_events

        clients = {name: self.client(name) for name in ("sqs", "ecs")}
        record: Trail | None = trail if isinstance(self._cloud(), Embedded) else None
        if not match and (queues or service):
            record = no_events
        return PathView(PathObserver(clients, record, match, queues, service))
