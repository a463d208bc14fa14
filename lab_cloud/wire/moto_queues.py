"""moto's SQS keeps the queues: their attributes, policies and tags. Their messages lie in boxes of ours.

moto's own lists are searched from end to end by each call, and its long poll waits while it holds the world's lock.
"""

import functools
import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import AwsError
from . import moto_load
from .call import ACCOUNT

NO_QUEUE = "The specified queue does not exist."
_state: dict[str, Any] = {"box": None, "stored": None, "patched": False}


@dataclass(frozen=True)
class QueueRecord:
    """A queue, as far as its messages need it.

    Parameters
    ----------
    visibility, wait, retention : float
        Seconds, as its attributes say.
    deaths : int
        ``maxReceiveCount``; 0 when it has no dead-letter queue.
    grave : str
        The ARN of its dead-letter queue; empty when it has none.
    box : Box
        Its messages.
    """

    region: str
    name: str
    arn: str
    fifo: bool
    visibility: int
    wait: int
    retention: float
    deaths: int
    grave: str
    box: Any


def use(box: Callable[[bool], Any], stored: Callable[..., Any]) -> None:
    """Let queues keep their messages so."""
    _state["box"], _state["stored"] = box, stored


def prepare() -> None:
    """Before a call to SQS: see that moto's queues keep their messages in boxes."""
    if _state["patched"] or _state["box"] is None:
        return
    moto_load.load()
    models: Any = importlib.import_module("moto.sqs.models")
    # asked for each attribute at each message
    models.camelcase_to_underscores = functools.cache(models.camelcase_to_underscores)
    queue = models.Queue
    queue.add_message = _add
    queue.approximate_number_of_messages = property(lambda self: _box(self).count("ready", time.time()))
    queue.approximate_number_of_messages_delayed = property(lambda self: _box(self).count("delayed", time.time()))
    queue.approximate_number_of_messages_not_visible = property(lambda self: _box(self).count("flying", time.time()))
    _state["patched"] = True


def _box(queue: Any) -> Any:
    found = queue.__dict__.get("lab_box")
    if found is None:
        found = queue.__dict__["lab_box"] = _state["box"](bool(queue.fifo_queue))
    return found


def _add(queue: Any, message: Any) -> None:
    now = time.time()
    stored = _state["stored"](
        id=message.id,
        body=message.body,
        sent=(message.sent_timestamp or now * 1000) / 1000,
        group=message.group_id or "",
        deduplication=message.deduplication_id or "",
        sequence=f"{time.time_ns():020d}" if queue.fifo_queue else "",
        attributes=message.message_attributes,
        system=message.system_attributes,
    )
    if queue.fifo_queue:
        message.sequence_number = stored.sequence
    _box(queue).add(stored, now, max(message.delayed_until / 1000 - now, 0.0) if message.delayed_until else 0.0)


def find(region: str, name: str) -> QueueRecord:
    """A queue by its name; under the world's lock.

    Raises
    ------
    AwsError
        ``AWS.SimpleQueueService.NonExistentQueue``.
    """
    prepare()
    models = importlib.import_module("moto.sqs.models")
    queue = models.sqs_backends[ACCOUNT][region].queues.get(name)
    if queue is None:
        raise AwsError("AWS.SimpleQueueService.NonExistentQueue", NO_QUEUE)
    return _record(region, queue)


def every(region: str) -> list[QueueRecord]:
    """All queues of a region."""
    prepare()
    models = importlib.import_module("moto.sqs.models")
    return [_record(region, queue) for queue in models.sqs_backends[ACCOUNT][region].queues.values()]


def _record(region: str, queue: Any) -> QueueRecord:
    redrive = queue.redrive_policy or {}
    return QueueRecord(
        region=region,
        name=str(queue.name),
        arn=str(queue.queue_arn),
        fifo=bool(queue.fifo_queue),
        visibility=int(queue.visibility_timeout),
        wait=int(queue.receive_message_wait_time_seconds),
        retention=float(queue.message_retention_period),
        deaths=int(redrive.get("maxReceiveCount", 0)),
        grave=str(redrive.get("deadLetterTargetArn", "")),
        box=_box(queue),
    )


def digests(stored: Any) -> tuple[str, str]:
    """The MD5 of a message's body, and of its attributes; the latter is empty when it has none."""
    models: Any = importlib.import_module("moto.sqs.models")
    message = models.Message(stored.id, stored.body)
    message.message_attributes = stored.attributes
    return str(message.body_md5), str(message.attribute_md5) if stored.attributes else ""
