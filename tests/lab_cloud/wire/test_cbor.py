import contextlib
import datetime
from typing import Any

import pytest
from botocore.parsers import RpcV2CBORParser
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.wire.cbor import BadCbor, decode, encode

plain = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary()
)
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5))


def without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_none(each) for key, each in value.items() if each is not None}
    return [without_none(each) for each in value] if isinstance(value, list) else value


@given(values)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert decode(encode(value)) == without_none(value)


@given(values)
def test_another_reader_understands_it(value: Any) -> None:
    parser = RpcV2CBORParser()
    found = parser.parse_data_item(parser.get_peekable_stream_from_bytes(encode(value)))
    assert found == without_none(value)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(BadCbor):
        decode(data)


def test_times_are_tagged_and_read_as_seconds() -> None:
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    assert encode(moment)[0] == 0xC1
    assert decode(encode(moment)) == moment.timestamp()


@pytest.mark.parametrize(
    ("data", "value"),
    [("9f0102ff", [1, 2]), ("bf6161f6ff", {"a": None}), ("7f61616162ff", "ab"), ("f93c00", 1.0), ("fa3f800000", 1.0)],
)
def test_what_other_writers_may_send(data: str, value: Any) -> None:
    assert decode(bytes.fromhex(data)) == value


@pytest.mark.parametrize(
    "data", ["", "18", "6361", "ff", "0101", "a10102", "81" * 100 + "01", "1c", "f8ff", "bf01ff", "61ff"]
)
def test_what_is_no_cbor(data: str) -> None:
    with pytest.raises(BadCbor):
        decode(bytes.fromhex(data))
