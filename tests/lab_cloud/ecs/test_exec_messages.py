import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.ecs import exec_messages
from lab_cloud.ecs.exec_messages import Message


@given(st.sampled_from(["output_stream_data", "acknowledge"]), st.integers(0, 2**40), st.binary(max_size=300))
def test_what_is_written_can_be_read(kind: str, number: int, payload: bytes) -> None:
    message = Message(kind, number, payload)
    assert exec_messages.decode(exec_messages.encode(message, 1.5)) == message


def test_the_layout_of_a_message() -> None:
    data = exec_messages.encode(Message("output_stream_data", 3, b"hi"), 1.5)
    assert data[:4] == (116).to_bytes(4)
    assert data[4:36] == b"output_stream_data".ljust(32)
    assert data[40:56] == (1500).to_bytes(8) + (3).to_bytes(8)
    assert data[112:] == (1).to_bytes(4) + (2).to_bytes(4) + b"hi"
    told = json.loads(exec_messages.closing("s", "done", 1.0))
    assert (told["MessageType"], told["Output"]) == ("channel_closed", "done")


@given(st.binary(max_size=200))
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"header|message"):
        exec_messages.decode(data)
