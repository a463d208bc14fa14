import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.elb import messages
from lab_cloud.elb.messages import BadRequest, host_for_target, read_head, trace_id

NAME = b"demo-1.us-east-1.elb.amazonaws.com"


@pytest.mark.parametrize(
    "headers",
    [
        [(b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")],
        [(b"Transfer-Encoding", b"chunked"), (b"Content-Length", b"5")],
        [(b"Content-Length", b"5"), (b"Content-Length", b"6")],
        [(b"Content-Length", b"5"), (b"content-length", b"5")],
        [(b"Content-Length", b"+5")],
        [(b"Content-Length", b"5, 5")],
        [(b"Transfer-Encoding", b"gzip, chunked")],
        [(b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"chunked")],
        [(b"Transfer-Encoding", b"xchunked")],
        [(b"Host", b"a"), (b"Host", b"b")],
    ],
)
def test_shapes_that_smuggle_requests_are_refused(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(BadRequest):
        read_head(headers)


def test_what_belongs_to_this_hop_stays_here() -> None:
    head = read_head(
        [
            (b"Host", b"a"),
            (b"Connection", b"keep-alive, X-Mine"),
            (b"X-Mine", b"1"),
            (b"Keep-Alive", b"timeout=5"),
            (b"TE", b"trailers"),
            (b"Upgrade", b"h2c"),
            (b"X-Forwarded-Proto", b"https"),
            (b"Accept", b"*/*"),
        ]
    )
    assert head.lines == [b"Accept: */*\r\n"]
    assert head.host == b"a"


def test_forwarded_for_of_several_headers_is_one_list() -> None:
    head = read_head([(b"X-Forwarded-For", b"1.1.1.1"), (b"x-forwarded-for", b"2.2.2.2")])
    assert head.forwarded_for == b"1.1.1.1, 2.2.2.2"


def test_trace_id() -> None:
    assert re.fullmatch(rb"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", trace_id(b""))
    assert re.fullmatch(rb"Self=1-[0-9a-f]{8}-[0-9a-f]{24};Root=1-5-6", trace_id(b"Root=1-5-6"))


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        (b"127.0.0.1:41000", 80, NAME),
        (b"localhost:41000", 8080, NAME + b":8080"),
        (b"api.example.com", 80, b"api.example.com"),
        (b"api.example.com:41000", 80, b"api.example.com"),
        (b"api.example.com", 8080, b"api.example.com:8080"),
        (b"api.example.com:41000", 8080, b"api.example.com:8080"),
        (b"[::1]:41000", 80, NAME),
    ],
)
def test_the_target_sees_the_host_that_it_would_see_on_aws(host: bytes, port: int, expected: bytes) -> None:
    assert host_for_target(host, port, NAME, 41000) == expected


def test_generated_answers() -> None:
    answer = messages.answer(503, b"text/html", messages.page(503, "No target."), keep_alive=True)
    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\nServer: awselb/2.0\r\n")
    assert b"No target." in answer
    assert messages.answer(200, b"text/plain", b"hi", keep_alive=False, head_only=True).endswith(b"\r\n\r\n")
    assert b"Content-Length" not in messages.answer(204, b"text/plain", b"", keep_alive=True)


names = st.sampled_from([*messages.MEANING, b"Accept", b"X-Mine", b"Connection"])
values = st.sampled_from([b"close", b"keep-alive, x-mine", b"chunked", b"12", b"Root=1-2-3", b"100-continue", b""])


@given(st.lists(st.tuples(names, values), max_size=20))
def test_no_hop_header_is_ever_passed_on(headers: list[tuple[bytes, bytes]]) -> None:
    try:
        head = read_head(headers)
    except BadRequest:
        return
    passed = [line.partition(b":")[0].lower() for line in head.lines]
    assert not set(passed) & messages.HOP_BY_HOP
    assert not (head.chunked and head.length is not None)
