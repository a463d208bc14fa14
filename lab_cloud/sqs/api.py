"""The operations of SQS on messages; moto keeps the queues.

References
----------
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
"""

from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..wire import Call, moto_queues
from ..wire.moto_queues import QueueRecord
from .box import FLYING, Box, Stored
from .moves_api import MoveOperations
from .polls import Polls

MOST, LONGEST_WAIT, LONGEST_VISIBILITY = 10, 20, 43_200


class SqsApi(MoveOperations):
    """Receive, delete, hide and purge messages, and move dead letters back.

    Parameters
    ----------
    clock : Clock
        The time; all of SQS's own times are real seconds.
    polls : Polls
        What lets long polls wait.
    """

    def __init__(self, clock: Clock, polls: Polls) -> None:
        self._clock = clock
        self._polls = polls
        self.moves = []

    def receive_message(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ReceiveMessage: at once, or when a message is there or the wait is over."""
        queue = _queue(call, params)
        most = _within(params, "MaxNumberOfMessages", 1, MOST, 1)
        wait = _within(params, "WaitTimeSeconds", 0, LONGEST_WAIT, queue.wait)
        visibility = _within(params, "VisibilityTimeout", 0, LONGEST_VISIBILITY, queue.visibility)
        now = self._clock.now()
        box: Box = queue.box
        found, dead = box.receive(most, now, visibility, deaths=queue.deaths, retention=queue.retention)
        if dead:
            self._bury(queue, dead, now)
        if not found and wait and now < call.arrived + wait:
            raise self._polls.wait(box, call.arrived + wait)
        return {"Messages": [_shown(box, each, params) for each in found]} if found else {}

    def _bury(self, queue: QueueRecord, dead: list[Stored], now: float) -> None:
        """Give what was received too often to the dead-letter queue; nothing is lost when that is gone."""
        region, name = queue.grave.split(":")[3], queue.grave.rpartition(":")[2]
        try:
            grave = moto_queues.find(region, name)
        except AwsError:
            grave = queue
        for each in dead:
            grave.box.add(each.again(queue.arn), now, 0.0 if grave is not queue else float(queue.visibility))

    def delete_message(self, call: Call, params: dict[str, Any]) -> None:
        """DeleteMessage."""
        self._delete(_queue(call, params), params["ReceiptHandle"])

    def _delete(self, queue: QueueRecord, handle: str) -> None:
        stored = self._held(queue, handle)
        if stored is not None:
            queue.box.delete(stored)

    def _held(self, queue: QueueRecord, handle: str) -> Stored | None:
        queue.box.advance(self._clock.now())
        try:
            stored, received = queue.box.find(handle)
        except KeyError:
            message = f'The input receipt handle "{handle}" is not a valid receipt handle.'
            raise AwsError("ReceiptHandleIsInvalid", message) from None
        if stored is not None and queue.fifo and (stored.received != received or stored.state != FLYING):
            raise AwsError(
                "InvalidParameterValue",
                f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
            )
        found: Stored | None = stored
        return found

    def delete_message_batch(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteMessageBatch."""
        queue = _queue(call, params)
        return _each(params["Entries"], lambda entry: self._delete(queue, entry["ReceiptHandle"]))

    def change_message_visibility(self, call: Call, params: dict[str, Any]) -> None:
        """ChangeMessageVisibility."""
        self._hide(_queue(call, params), params)

    def _hide(self, queue: QueueRecord, entry: dict[str, Any]) -> None:
        seconds = _within(entry, "VisibilityTimeout", 0, LONGEST_VISIBILITY, 0)
        stored = self._held(queue, entry["ReceiptHandle"])
        if stored is None or stored.state != FLYING:
            raise AwsError(
                "MessageNotInflight",
                f"Value {entry['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: Message does not "
                "exist or is not available for visibility timeout change.",
            )
        queue.box.postpone(stored, self._clock.now(), seconds)

    def change_message_visibility_batch(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ChangeMessageVisibilityBatch."""
        queue = _queue(call, params)
        return _each(params["Entries"], lambda entry: self._hide(queue, entry))

    def purge_queue(self, call: Call, params: dict[str, Any]) -> None:
        """PurgeQueue."""
        _queue(call, params).box.purge()


def _queue(call: Call, params: dict[str, Any]) -> QueueRecord:
    return moto_queues.find(call.region, params["QueueUrl"].rpartition("/")[2])


def _within(params: dict[str, Any], name: str, least: int, most: int, otherwise: int) -> int:
    value = params.get(name)
    if value is None:
        return otherwise
    if not least <= value <= most:
        raise AwsError(
            "InvalidParameterValue",
            f"Value {value} for parameter {name} is invalid. Reason: Must be between {least} and {most}, if provided.",
        )
    return int(value)


def _each(entries: list[dict[str, Any]], job: Any) -> dict[str, Any]:
    """Do something with each entry of a batch; what fails is told, and stops nothing."""
    ids = [entry["Id"] for entry in entries]
    if not entries:
        raise AwsError(
            "AWS.SimpleQueueService.EmptyBatchRequest",
            "There should be at least one entry in the request.",
        )
    if len(entries) > MOST:
        raise AwsError(
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {MOST}. You have sent {len(entries)}.",
        )
    if len(set(ids)) != len(ids):
        twice = next(one for one in ids if ids.count(one) > 1)
        raise AwsError("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", f"Id {twice} repeated.")
    done, failed = [], []
    for entry in entries:
        try:
            job(entry)
        except AwsError as error:
            failed.append({"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": error.message})
        else:
            done.append({"Id": entry["Id"]})
    return {"Successful": done, "Failed": failed} if failed else {"Successful": done}


def _shown(box: Box, stored: Stored, params: dict[str, Any]) -> dict[str, Any]:
    """A message as ReceiveMessage shows it."""
    attributes = _chosen(stored.attributes, params.get("MessageAttributeNames") or ())
    shown = Stored(stored.id, stored.body, stored.sent, attributes=attributes)
    body, digest = moto_queues.digests(shown)
    message: dict[str, Any] = {
        "MessageId": stored.id,
        "ReceiptHandle": box.handle(stored),
        "MD5OfBody": body,
        "Body": stored.body,
    }
    if attributes:
        message |= {"MessageAttributes": attributes, "MD5OfMessageAttributes": digest}
    wanted = {*(params.get("AttributeNames") or ()), *(params.get("MessageSystemAttributeNames") or ())}
    known = {
        "SenderId": "AIDAIT2UOQQY3AUEKVGXU",
        "SentTimestamp": str(int(stored.sent * 1000)),
        "ApproximateReceiveCount": str(stored.received),
        "ApproximateFirstReceiveTimestamp": str(int(stored.first * 1000)),
        "MessageGroupId": stored.group,
        "MessageDeduplicationId": stored.deduplication,
        "SequenceNumber": stored.sequence,
        "AWSTraceHeader": ((stored.system or {}).get("AWSTraceHeader") or {}).get("StringValue", ""),
        "DeadLetterQueueSourceArn": stored.source,
    }
    system = {name: value for name, value in known.items() if value and (name in wanted or "All" in wanted)}
    if system:
        message["Attributes"] = system
    return message


def _chosen(attributes: dict[str, Any], names: Any) -> dict[str, Any]:
    """Message attributes by name; ``All``, ``.*`` and ``prefix.*`` stand for several."""
    if "All" in names or ".*" in names:
        return attributes
    starts = tuple(name[:-2] for name in names if name.endswith(".*"))
    return {name: value for name, value in attributes.items() if name in names or (starts and name.startswith(starts))}
