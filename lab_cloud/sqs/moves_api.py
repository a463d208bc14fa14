"""Move dead letters back to where they came from, or elsewhere.

References
----------
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
"""

import base64
import json
import uuid
from dataclasses import dataclass
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..wire import Call, moto_queues

RUNNING, COMPLETED, CANCELLED, FAILED = "RUNNING", "COMPLETED", "CANCELLED", "FAILED"
KEPT = 10
BATCH = 500
"""Messages in one tick at most; the world's lock is let go in between."""


@dataclass
class Move:
    """One message movement task."""

    id: str
    source: str
    destination: str
    rate: int
    began: float
    to_move: int
    status: str = RUNNING
    moved: int = 0
    reason: str = ""

    @property
    def handle(self) -> str:
        """As CancelMessageMoveTask takes it."""
        text = json.dumps({"taskId": self.id, "sourceArn": self.source})
        return base64.b64encode(text.encode()).decode()

    def describe(self) -> dict[str, Any]:
        """As ListMessageMoveTasks shows it."""
        shown: dict[str, Any] = {
            "Status": self.status,
            "SourceArn": self.source,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "StartedTimestamp": int(self.began * 1000),
        }
        if self.status == RUNNING:
            shown["TaskHandle"] = self.handle
        if self.destination:
            shown["DestinationArn"] = self.destination
        if self.rate:
            shown["MaxNumberOfMessagesPerSecond"] = self.rate
        if self.reason:
            shown["FailureReason"] = self.reason
        return shown


class MoveOperations:
    """Start, list and cancel movement tasks."""

    _clock: Clock
    moves: list[Move]

    def start_message_move_task(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """StartMessageMoveTask."""
        source, destination = params["SourceArn"], params.get("DestinationArn") or ""
        queue = _by_arn(source)
        if not any(other.grave == source for other in moto_queues.every(queue.region)):
            raise AwsError("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
        if destination:
            _by_arn(destination)
        if any(move.source == source and move.status == RUNNING for move in self.moves):
            raise AwsError(
                "UnsupportedOperation",
                "There is already a task running. Only one active task is allowed for a source queue arn at a "
                "given time.",
            )
        now = self._clock.now()
        move = Move(
            str(uuid.uuid4()),
            source,
            destination,
            params.get("MaxNumberOfMessagesPerSecond") or 0,
            now,
            queue.box.count("ready", now),
        )
        self.moves.insert(0, move)
        return {"TaskHandle": move.handle}

    def list_message_move_tasks(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListMessageMoveTasks, newest first."""
        _by_arn(params["SourceArn"])
        most = params.get("MaxResults") or 1
        found = [move.describe() for move in self.moves if move.source == params["SourceArn"]]
        return {"Results": found[: min(most, KEPT)]}

    def cancel_message_move_task(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CancelMessageMoveTask."""
        found = next((move for move in self.moves if move.handle == params["TaskHandle"]), None)
        if found is None:
            raise AwsError("ResourceNotFoundException", "Task does not exist.", status=404)
        if found.status != RUNNING:
            raise AwsError("UnsupportedOperation", "Only active tasks can be cancelled.")
        found.status = CANCELLED
        return {"ApproximateNumberOfMessagesMoved": found.moved}

    def tick(self, now: float) -> None:
        """Move on."""
        for move in self.moves:
            if move.status == RUNNING:
                self._move(move, now)
        del self.moves[100:]

    def _move(self, move: Move, now: float) -> None:
        try:
            source = _by_arn(move.source)
            allowed = BATCH if not move.rate else int((now - move.began) * move.rate) + 1 - move.moved
            for stored in source.box.take(min(max(allowed, 0), BATCH, move.to_move - move.moved), now):
                goal = _by_arn(move.destination or stored.source)
                goal.box.add(stored.again(""), now)
                move.moved += 1
        except AwsError as error:
            move.status, move.reason = FAILED, error.code
            return
        if move.moved >= move.to_move or not source.box.count("ready", now):
            move.status = COMPLETED


def _by_arn(arn: str) -> moto_queues.QueueRecord:
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "sqs":
        raise AwsError("InvalidParameterValue", f"Value {arn} is not the ARN of a queue.")
    try:
        return moto_queues.find(parts[3], parts[5])
    except AwsError as error:
        raise AwsError(
            "ResourceNotFoundException",
            "The resource that you specified for the SourceArn parameter doesn't exist.",
            status=404,
        ) from error
