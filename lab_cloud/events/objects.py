"""S3's events: an object came, or went. Only for buckets for which EventBridge is on.

References
----------
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from typing import Any

from ..clock import Clock
from ..wire import ACCOUNT, PARTITION
from ..wire.moto_objects import Happening
from ..wire.principals import caller_of
from .router import Router
from .trail import Trail

WRITTEN = "Object Created"


class Objects:
    """Tells EventBridge of objects.

    Parameters
    ----------
    clock : Clock
        The time.
    router : Router
        Where events go.
    trail : Trail
        Which tasks were started by events, so that what they write is part of the path.
    """

    def __init__(self, clock: Clock, router: Router, trail: Trail) -> None:
        self._clock = clock
        self._router = router
        self._trail = trail

    def happened(self, seen: Happening) -> None:
        """An object came or went; under the world's lock."""
        now = self._clock.now()
        if seen.kind == WRITTEN and seen.call is not None:
            # a task's credentials are a session of its role that is named after the task
            session = caller_of(seen.call.access_key).arn.rpartition("/")[2]
            task = self._trail.followed(session)
            if task:
                self._trail.task(task, now, "object written", object=f"s3://{seen.bucket}/{seen.key}")
        if not seen.told:
            return
        detail: dict[str, Any] = {
            "version": "0",
            "bucket": {"name": seen.bucket},
            "object": {"key": seen.key, "size": seen.size, "etag": seen.etag, "sequencer": seen.sequencer},
            "request-id": seen.call.request_id if seen.call is not None else "",
            "requester": ACCOUNT,
            "source-ip-address": "127.0.0.1",
        }
        if seen.version:
            detail["object"]["version-id"] = seen.version
        if seen.kind == "Object Deleted":
            detail["object"] = {"key": seen.key, "sequencer": seen.sequencer}
            detail["deletion-type"] = "Permanently Deleted"
        if seen.reason:
            detail["reason"] = seen.reason
        self._router.emit(seen.region, "aws.s3", seen.kind, detail, [f"arn:{PARTITION}:s3:::{seen.bucket}"])
