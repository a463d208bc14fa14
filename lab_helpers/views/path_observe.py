"""Reads what becomes of events: the cloud's record of paths, queues, and the service that works on them."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lab_helpers.views.path_state import Depth, Journey, Paths, journey

SHOWN = 5
"""Journeys in the picture, the newest first."""
NO_RECORD = (
    "Only the embedded cloud keeps a record of each event's way. Here, look at the metrics of the rule "
    "(MatchedEvents, Invocations, FailedInvocations) in CloudWatch."
)
DEPTHS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
Trail = Callable[[str, int], Mapping[str, Any]]


def no_events(_match: str, since: int) -> Mapping[str, Any]:
    """In place of a record, where only queues and workers are of interest."""
    return {"paths": [], "last": since}


class PathObserver:
    """Reads again and again.

    Parameters
    ----------
    clients
        boto3 clients by the names of their services: ``sqs`` and ``ecs``.
    trail
        Asks the cloud for the paths that mention a text and have a step after a number; None where there is no record.
    match
        A rule, a schedule, a target or a task that a path must mention; empty for all.
    queues
        Names of queues.
    service
        ``cluster/service`` of the workers; empty when there is none.

    Attributes
    ----------
    pace
        Seconds between two reads that suit this cloud.
    """

    def __init__(
        self, clients: Mapping[str, Any], trail: Trail | None, match: str, queues: Sequence[str], service: str
    ) -> None:
        self.match = match
        self.queues = tuple(queues)
        self.service = service
        self.pace = 0.5 if trail is not None else 2.0
        self._clients = clients
        self._trail = trail
        self._last = 0
        self._journeys: dict[str, Journey] = {}

    def read(self) -> Paths:
        """The picture as it is now.

        Raises
        ------
        Exception
            When the cloud does not answer, or refuses. A queue or a service that does not exist is left out.
        """
        self._follow()
        newest = sorted(self._journeys.values(), key=lambda one: one.at, reverse=True)[:SHOWN]
        self._journeys = {one.id: one for one in newest}
        return Paths(
            match=self.match,
            status="ACTIVE",
            at=time.time(),
            journeys=tuple(newest),
            queues=tuple(self._depths()),
            workers=self._workers(),
            problem=NO_RECORD if self._trail is None else "",
        )

    def _follow(self) -> None:
        if self._trail is None:
            return
        found = self._trail(self.match, self._last)
        self._last = int(found["last"])
        for raw in found["paths"]:
            self._journeys[raw["id"]] = journey(raw)

    def _depths(self) -> list[Depth]:
        if not self.queues:
            return []
        sqs = self._clients["sqs"]
        depths = []
        for name in self.queues:
            try:
                url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
                found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(DEPTHS))["Attributes"]
            except sqs.exceptions.QueueDoesNotExist:
                continue
            waiting, flying = (int(found[one]) for one in DEPTHS)
            depths.append(Depth(name, waiting, flying))
        return depths

    def _workers(self) -> tuple[str, int, int] | None:
        if not self.service:
            return None
        cluster, _, name = self.service.rpartition("/")
        ecs = self._clients["ecs"]
        try:
            found = ecs.describe_services(cluster=cluster or "default", services=[name])["services"]
        except ecs.exceptions.ClusterNotFoundException:
            return None
        if not found or found[0]["status"] == "INACTIVE":
            return None
        return (name, found[0]["runningCount"], found[0]["desiredCount"])
