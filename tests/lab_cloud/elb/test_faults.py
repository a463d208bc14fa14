"""What must not get through, and what happens when one side misbehaves: on real sockets."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable

import pytest

from tests.waiting import until

from .stage import Stage, Talk, forever
from .test_exchange import headers, status

GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

SMUGGLING = {
    "space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "folded encoding": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "folded header": POST + b"X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "unknown encoding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "encoding behind a control character": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked twice in a line": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked in two lines": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no encoding": POST + b"Transfer-Encoding:\r\n\r\n",
    "bare line feed": POST + b"X-A: b\nX-B: c\r\n\r\n",
    "bare carriage return": POST + b"X-A: b\rX-B: c\r\n\r\n",
    "NUL": POST + b"X-A: b\0c\r\n\r\n",
    "control character": POST + b"X-A: b\x01c\r\nContent-Length: 0\r\n\r\n",
    "space in a name": POST + b"X A: b\r\nContent-Length: 0\r\n\r\n",
    "no name": POST + b": b\r\nContent-Length: 0\r\n\r\n",
    "space before the first header": b"POST / HTTP/1.1\r\n Host: a\r\n\r\n",
    "signed length": POST + b"Content-Length: +5\r\n\r\nhello",
    "two lengths in a line": POST + b"Content-Length: 5, 5\r\n\r\nhello",
    "length with a space": POST + b"Content-Length: 5 5\r\n\r\nhello",
    "hexadecimal length": POST + b"Content-Length: 0x5\r\n\r\nhello",
    "empty length": POST + b"Content-Length:\r\n\r\n",
    "huge length": POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "control character in the URL": b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
    "space in the URL": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "host with a space": b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "two hosts in one": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
}
BAD_CHUNKS = {
    "prefixed size": b"0x5\r\nhello\r\n0\r\n\r\n",
    "negative size": b"-1\r\nhello\r\n0\r\n\r\n",
    "signed size": b"+5\r\nhello\r\n0\r\n\r\n",
    "size with a space": b"5 \r\nhello\r\n0\r\n\r\n",
    "huge size": b"FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
    "line feed after the size": b"5\nhello\r\n0\r\n\r\n",
    "no end of a chunk": b"5\r\nhelloXX0\r\n\r\n",
    "line feed in an extension": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
}
OTHERS = {
    b"GET / HTTP/2.0\r\nHost: a\r\n\r\n": 505,
    b"GET /\r\n\r\n": 505,
    POST + b"Transfer-Encoding: gzip\r\n\r\n": 501,
    POST
    + b"X-Forwarded-For: "
    + b", ".join([b"1.1.1.1"] * 31)
    + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n": 463,
}


@pytest.mark.parametrize("shape", list(SMUGGLING))
def test_smuggling_shapes_are_refused(stage: Stage, shape: str) -> None:
    backend = stage.backend(forever)
    answer = stage.ask(SMUGGLING[shape] + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1
    assert backend.connections == 0


@pytest.mark.parametrize("shape", list(BAD_CHUNKS))
def test_bad_chunks_end_the_request_and_both_connections(stage: Stage, shape: str) -> None:
    come, ended = threading.Event(), threading.Event()
    talks: list[Talk] = []

    def target(talk: Talk) -> None:
        talks.append(talk)
        talk.head()
        come.set()
        try:
            talk.rest()
        finally:
            ended.set()

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(CHUNKED)
        assert come.wait(10)
        talk.send(BAD_CHUNKS[shape] + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = talk.rest()
    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1
    assert ended.wait(10)
    assert len(talks) == 1
    assert b"smuggled" not in talks[0].buffer


@pytest.mark.parametrize(("request_", "expected"), list(OTHERS.items()))
def test_what_a_load_balancer_does_not_do(stage: Stage, request_: bytes, expected: int) -> None:
    backend = stage.backend(forever)
    assert status(stage.ask(request_)) == expected
    assert backend.connections == 0


@pytest.mark.parametrize(
    "request_",
    [
        POST + b"Content-Length:  0  \r\nConnection: close\r\n\r\n",
        POST + b"Transfer-Encoding:\tCHUNKED\r\nConnection: close\r\n\r\n0\r\n\r\n",
        CHUNKED.replace(b"Host", b"Connection: close\r\nHost") + b"5;a=b\r\nhello\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [::1]:80\r\nX-A:\r\nConnection: close\r\n\r\n",
    ],
)
def test_what_only_looks_odd_passes(stage: Stage, request_: bytes) -> None:
    stage.backend(forever)
    assert status(stage.ask(request_)) == 200


@pytest.mark.parametrize(("mode", "expected"), [("monitor", 200), ("defensive", 200), ("strictest", 400)])
def test_an_ambiguous_request_as_the_desync_mode_says(stage: Stage, mode: str, expected: int) -> None:
    backend = stage.backend(forever)
    stage.change(desync=mode)
    with stage.connect() as talk:
        talk.send(b"GET / HTTP/1.1\r\nHost: a\r\nTransfer_Encoding: chunked\r\n\r\n")
        head, _body = talk.answer()
        assert status(head) == expected
        if mode != "monitor":
            assert headers(head)[b"connection"] == b"close"
            assert talk.rest() == b""
    if mode != "strictest":
        assert status(stage.ask(GET)) == 200
        assert backend.connections == (1 if mode == "monitor" else 2)  # the target's connection went with the client's


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX-A: \xff\r\nConnection: close\r\n\r\n", 400),
        (GET, 200),
    ],
)
def test_the_strictest_mode(stage: Stage, request_: bytes, expected: int) -> None:
    stage.backend(forever)
    assert status(stage.ask(request_)) == 200
    stage.change(desync="strictest")
    assert status(stage.ask(request_)) == expected


def test_headers_with_odd_names_are_dropped_when_asked_for(stage: Stage) -> None:
    stage.backend(forever)
    odd = GET.replace(b"Host: x", b"Host: x\r\nX_Odd: 1\r\nX-Plain: 2")
    assert b"X_Odd: 1" in stage.ask(odd)
    stage.change(drop_invalid=True)
    answer = stage.ask(odd)
    assert b"X_Odd" not in answer
    assert b"X-Plain: 2" in answer


def reset(talk: Talk) -> None:
    talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    talk.close()


def silent(talk: Talk) -> None:
    talk.head()


def resets_at_once(talk: Talk) -> None:
    talk.head()
    reset(talk)


def half_a_head(talk: Talk) -> None:
    talk.head()
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Le")


def large_head(talk: Talk) -> None:
    talk.head()
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + b"X-A: %b\r\n" % (b"x" * 1000) * 33 + b"\r\n")


@pytest.mark.parametrize("target", [silent, resets_at_once, half_a_head, large_head])
def test_a_target_that_fails_before_its_answer_is_502(stage: Stage, target: Callable[[Talk], None]) -> None:
    stage.backend(target)
    assert status(stage.ask(GET)) == 502
    assert stage.counters.snapshot()["elb_5xx"] == 1
    assert stage.counters.snapshot()["target_5xx"] == 0


def test_a_target_that_resets_in_the_middle_cuts_the_answer_off(stage: Stage) -> None:
    go = threading.Event()

    def target(talk: Talk) -> None:
        talk.head()
        talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        go.wait(10)
        reset(talk)

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(GET)
        talk.head()
        assert talk.exactly(8) == b"3\r\nabc\r\n"
        go.set()
        with contextlib.suppress(ConnectionError):
            assert b"0\r\n\r\n" not in talk.rest()


def test_a_slow_answer_is_no_failure_as_long_as_bytes_come(stage: Stage) -> None:
    stage.change(idle_timeout=2.0)
    turns = threading.Semaphore(0)

    def target(talk: Talk) -> None:
        talk.head()
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        for letter in b"hello":
            turns.acquire(timeout=10)
            talk.send(bytes([letter]))

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(GET)
        talk.head()
        for letter in b"hello":
            turns.release()
            assert talk.exactly(1) == bytes([letter])


def test_a_client_that_leaves_before_the_answer_is_counted_as_460(stage: Stage) -> None:
    come = threading.Event()

    def target(talk: Talk) -> None:
        talk.head()
        come.set()
        talk.rest()

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(GET)
        assert come.wait(10)
        reset(talk)
    until(lambda: stage.counters.snapshot()["elb_4xx"] == 1)
    assert stage.counters.target == [0] * 6


def test_connections_and_bytes_are_counted(stage: Stage) -> None:
    stage.backend(forever)
    with stage.connect() as talk:
        talk.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        head, body = talk.answer()
        found = stage.counters.snapshot()
        assert (found["connections"], found["active"]) == (1, 1)
        assert found["received"] == len(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert found["sent"] == len(head) + len(body)
    until(lambda: stage.counters.active == 0)
    stage.change(refusal="closed")
    with pytest.raises(ConnectionError), stage.connect() as talk:
        talk.send(GET)
        talk.rest()
        raise ConnectionError
    assert stage.counters.connections == 1


def test_the_response_time_ends_where_the_answer_begins(stage: Stage) -> None:
    go = threading.Event()

    def target(talk: Talk) -> None:
        talk.head()
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
        go.wait(10)
        talk.send(b"b")

    stage.backend(target)
    began = time.perf_counter()
    with stage.connect() as talk:
        talk.send(GET)
        talk.head()
        seen = time.perf_counter()
        until(lambda: time.perf_counter() - seen > 0.3)
        go.set()
        talk.rest()
    until(lambda: stage.group.counters.times)
    ((_when, seconds),) = stage.group.counters.times
    assert 0 < seconds < time.perf_counter() - began - 0.3


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_behind_an_offer_of_another_protocol_is_no_request(stage: Stage, chunked: bool) -> None:
    inner = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    seen: list[bytes] = []

    def target(talk: Talk) -> None:
        while True:
            head = talk.head()
            seen.append(head.split(b" ")[1])
            if b"chunked" in head:
                assert talk.until(b"0\r\n\r\n").startswith(b"%x\r\n%b\r\n" % (len(inner), inner))
            else:
                talk.exactly(int(headers(head).get(b"content-length", b"0")))
            talk.reply()

    stage.backend(target)
    offer = b"POST /one HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    if chunked:
        request = offer + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(inner), inner)
    else:
        request = offer + b"Content-Length: %d\r\n\r\n%b" % (len(inner), inner)
    with stage.connect() as talk:
        talk.send(request + b"GET /two HTTP/1.1\r\nHost: a\r\n\r\n")
        assert [status(talk.answer()[0]) for _ in range(2)] == [200, 200]
    assert seen == [b"/one", b"/two"]
