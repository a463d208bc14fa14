"""The messages of a Systems Manager session: what goes over the WebSocket of ECS Exec. Pure.

A message has a header of 116 bytes behind its own length, big-endian, and a payload; the fields are those that the
Session Manager plugin reads (https://github.com/aws/session-manager-plugin, service/clientmessage.go).
"""

import hashlib
import json
import struct
import uuid
from dataclasses import dataclass

HEADER = struct.Struct(">I32sIQqQ16s32sII")
HEADER_LENGTH = HEADER.size - 4
OUTPUT, CLOSED = "output_stream_data", "channel_closed"
TEXT = 1
"""The kind of a payload that is output of the command."""


@dataclass(frozen=True)
class Message:
    """One message.

    Parameters
    ----------
    kind : str
        For example ``output_stream_data``.
    number : int
        Counted from 0 in each direction.
    payload : bytes
        What it carries.
    """

    kind: str
    number: int
    payload: bytes


def encode(message: Message, now: float) -> bytes:
    """A message as it goes over the wire."""
    mark = uuid.uuid4().bytes
    head = HEADER.pack(
        HEADER_LENGTH,
        message.kind.ljust(32).encode(),
        1,
        int(now * 1000),
        message.number,
        0,
        mark[8:] + mark[:8],  # the lower half of the number stands first
        hashlib.sha256(message.payload).digest(),
        TEXT,
        len(message.payload),
    )
    return head + message.payload


def decode(data: bytes) -> Message:
    """Read a message.

    Raises
    ------
    ValueError
        It is none.
    """
    if len(data) < HEADER.size:
        raise ValueError("shorter than a header")
    length, kind, _version, _created, number, _flags, _mark, digest, _kind, size = HEADER.unpack_from(data)
    payload = data[HEADER.size : HEADER.size + size]
    if length != HEADER_LENGTH or len(payload) != size or digest != hashlib.sha256(payload).digest():
        raise ValueError("not a message of a session")
    return Message(kind.rstrip(b" \0").decode("ascii", "replace"), number, payload)


def closing(session: str, text: str, now: float) -> bytes:
    """The payload of the last message."""
    told = {"MessageType": CLOSED, "SessionId": session, "SchemaVersion": 1, "CreatedDate": int(now), "Output": text}
    return json.dumps(told).encode()
