"""What is the same for every cloud that is not the embedded one: real time, and no interruption on demand."""

from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any

from .errors import BackendError, NotFound


class Elsewhere:
    """Part of the backends `Endpoint` and `Aws`."""

    def interrupt(self, task: str) -> str:
        """Nobody can ask AWS for this."""
        raise BackendError(
            "Only the embedded cloud interrupts a Spot task when it is asked to.",
            "Stop the task instead: ecs.stop_task(cluster=..., task=...). A service replaces it in the same way.",
        )

    def hurried(self, _skipped: list[float]) -> AbstractContextManager[None]:
        """Nobody can hurry AWS."""
        return nullcontext()

    def now(self) -> datetime:
        """Real time."""
        return datetime.now(UTC)


def dns_name(elbv2: Any, name: str) -> str:
    """The DNS name of a load balancer that is given by its name or its DNS name.

    Raises
    ------
    NotFound
        When there is none of that name.
    """
    import botocore.exceptions

    if "." in name:
        return name
    try:
        return str(elbv2.describe_load_balancers(Names=[name])["LoadBalancers"][0]["DNSName"])
    except botocore.exceptions.ClientError as error:
        raise NotFound(
            f"There is no load balancer {name}.",
            "Run the cell that makes it, or lab.start(), which brings what the lab needs.",
        ) from error
