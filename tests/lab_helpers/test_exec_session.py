"""What a session of Systems Manager asks of its client, and what cannot be opened."""

import json
import socket

import pytest

from lab_cloud.ecs.exec_messages import Message, decode, encode
from lab_helpers import exec_session
from lab_helpers.errors import ContainerProblem


def test_an_agent_that_asks_first() -> None:
    asked = {"RequestedClientActions": [{"ActionType": "SessionType"}, {"ActionType": "KMSEncryption"}]}
    answer = json.loads(exec_session._answer(json.dumps(asked).encode()))
    assert [(each["ActionType"], each["ActionStatus"]) for each in answer["ProcessedClientActions"]] == [
        ("SessionType", 1),
        ("KMSEncryption", 3),
    ]


def test_what_came_is_acknowledged() -> None:
    kind, number, sort, mark, payload = exec_session._parts(encode(Message("output_stream_data", 7, b"hi"), 1.0))
    assert (kind, number, sort, payload) == ("output_stream_data", 7, 1, b"hi")
    told = decode(exec_session._acknowledge(number, mark))
    assert told.kind == "acknowledge"
    assert json.loads(told.payload)["AcknowledgedMessageSequenceNumber"] == 7


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(ContainerProblem, match="cannot be opened"):
            list(exec_session.read({"streamUrl": url, "tokenValue": "x"}))
