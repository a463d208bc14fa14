"""The other end of ECS Exec: open the session of a command, and read what the command writes.

A session speaks the binary messages of AWS Systems Manager over a WebSocket, on AWS as on the embedded cloud; this is
what the Session Manager plugin of the AWS CLI does (https://github.com/aws/session-manager-plugin), without a keyboard.
"""

import hashlib
import json
import struct
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import ContainerProblem

HEADER = struct.Struct(">I32sIQqQ16s32sII")
HANDSHAKE, HANDSHAKE_ANSWER = 5, 6
HIDDEN = (HANDSHAKE, 7)
"""Kinds of payload that are no output of the command."""
QUIET_SECONDS = 60.0


def read(session: Mapping[str, str], seconds: float = QUIET_SECONDS) -> Iterator[str]:
    """What a command writes, piece by piece, until its session ends.

    Parameters
    ----------
    session : mapping
        ``session`` of ExecuteCommand: ``streamUrl`` and ``tokenValue``.
    seconds : float
        How long to wait for the next piece, in real seconds.

    Raises
    ------
    ContainerProblem
        The session cannot be opened, or nothing comes.
    """
    import websocket

    try:
        socket = websocket.create_connection(session["streamUrl"], timeout=seconds, suppress_origin=True)
    except (OSError, websocket.WebSocketException) as error:
        raise ContainerProblem(f"The session cannot be opened: {error}.", "Run lab.exec again.") from error
    try:
        opening = {"MessageSchemaVersion": "1.0", "RequestId": str(uuid.uuid4()), "TokenValue": session["tokenValue"]}
        socket.send(json.dumps(opening))
        while True:
            data = socket.recv()
            if not data:
                return
            kind, number, sort, mark, payload = _parts(data if isinstance(data, bytes) else data.encode())
            if kind == "channel_closed":
                note = json.loads(payload or b"{}").get("Output", "")
                if note:
                    yield f"{note}\n"
                return
            if kind == "output_stream_data":
                socket.send_binary(_acknowledge(number, mark))
                if sort == HANDSHAKE:
                    socket.send_binary(_message("input_stream_data", 0, _answer(payload), HANDSHAKE_ANSWER))
                elif sort not in HIDDEN:
                    yield payload.decode("utf-8", "replace")
    except websocket.WebSocketTimeoutException:
        raise ContainerProblem(
            f"The command has written nothing for {seconds:g} seconds.", "Run a command that ends, such as ls."
        ) from None
    except (OSError, websocket.WebSocketException, ValueError) as error:
        raise ContainerProblem(f"The session has broken off: {error}.", "Run lab.exec again.") from error
    finally:
        socket.close()


def _parts(data: bytes) -> tuple[str, int, int, bytes, bytes]:
    """Kind, number, sort of the payload, id, and payload of a message."""
    if len(data) < HEADER.size:
        raise ValueError("a message is too short")
    _length, kind, _version, _created, number, _flags, mark, _digest, sort, size = HEADER.unpack_from(data)
    payload = data[HEADER.size : HEADER.size + size]
    return kind.rstrip(b" \0").decode("ascii", "replace"), number, sort, mark, payload


def _message(kind: str, number: int, payload: bytes, sort: int) -> bytes:
    digest = hashlib.sha256(payload).digest()
    now, mark = int(time.time() * 1000), uuid.uuid4().bytes
    name = kind.ljust(32).encode()
    return HEADER.pack(HEADER.size - 4, name, 1, now, number, 0, mark, digest, sort, len(payload)) + payload


def _acknowledge(number: int, mark: bytes) -> bytes:
    told = {
        "AcknowledgedMessageType": "output_stream_data",
        "AcknowledgedMessageId": str(uuid.UUID(bytes=mark[8:] + mark[:8])),
        "AcknowledgedMessageSequenceNumber": number,
        "IsSequentialMessage": True,
    }
    return _message("acknowledge", 0, json.dumps(told).encode(), 0)


def _answer(payload: bytes) -> bytes:
    """Agree to the kind of session that the agent asks for; to nothing else, such as encryption by a key of KMS."""
    asked: dict[str, Any] = json.loads(payload)
    done = [
        {
            "ActionType": each["ActionType"],
            "ActionStatus": 1 if each["ActionType"] == "SessionType" else 3,
            "ActionResult": None,
            "Error": "" if each["ActionType"] == "SessionType" else "not supported",
        }
        for each in asked.get("RequestedClientActions", ())
    ]
    return json.dumps({"ClientVersion": "1.2.0.0", "ProcessedClientActions": done, "Errors": []}).encode()
