"""Clients: several requests on a connection, bad requests, large bodies, and how a listener ends."""

import socket
import threading
from collections.abc import Callable, Iterator

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.waiting import until

from .stage import Stage, Talk, forever
from .test_exchange import headers, status

GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
MEGABYTE = b"x" * 1_000_000


def test_pipelined_requests_are_answered_in_order(stage: Stage) -> None:
    stage.backend(forever)
    with stage.connect() as talk:
        talk.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(50)))
        for number in range(50):
            assert talk.answer()[1].startswith(b"GET /%d HTTP" % number)


def test_an_old_connection_takes_one_more_request(stage: Stage) -> None:
    stage.backend(forever)
    with stage.connect() as talk:
        talk.send(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert headers(talk.answer()[0])[b"connection"] == b"keep-alive"
        stage.change(keep_alive=0.0)
        talk.send(b"GET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        head, body = talk.answer()
        assert headers(head)[b"connection"] == b"close"
        assert body.startswith(b"GET /2 HTTP")
        assert talk.rest() == b""


def test_thousands_of_pipelined_requests_without_a_target(stage: Stage) -> None:
    with stage.connect() as talk:
        sender = threading.Thread(target=talk.send, args=(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 5000,))
        sender.start()
        for _ in range(5000):
            assert status(talk.answer()[0]) == 503
        sender.join()


def test_a_pipelined_body_waits_for_its_turn(stage: Stage) -> None:
    def target(talk: Talk) -> None:
        while True:
            head = talk.head()
            talk.reply(talk.exactly(int(headers(head).get(b"content-length", b"0"))))

    stage.backend(target)
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
    with stage.connect() as talk:
        talk.send(post + b"abc" + post + b"def" + post + b"ghi")
        assert [talk.answer()[1] for _ in range(3)] == [b"abc", b"def", b"ghi"]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded: 2\r\n\r\n", 400),
        (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405),
        (b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n" % (b"x" * 20_000), 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: %b\r\n\r\n" % (b"x" * 20_000), 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n%b\r\n" % (b"X: %b\r\n" % (b"x" * 1000) * 100), 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: %b" % (b"x" * 200_000), 400),
    ],
)
def test_bad_requests_are_turned_down_and_reach_no_target(stage: Stage, request_: bytes, expected: int) -> None:
    backend = stage.backend(lambda talk: talk.rest() and None)
    answer = stage.ask(request_)
    assert status(answer) == expected
    assert b"server: awselb/2.0" in answer.lower()
    assert answer.count(b"HTTP/1.1 ") == 1
    assert backend.connections == 0 or b"xyz" in request_  # a body may turn out bad only after its head has passed


def test_no_second_request_hides_in_the_body_of_a_refused_one(stage: Stage) -> None:
    seen: list[bytes] = []

    def target(talk: Talk) -> None:
        while True:
            seen.append(talk.head())
            talk.reply()

    stage.backend(target)
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = stage.ask(
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%b"
        % (5 + len(smuggled), smuggled)
    )
    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1
    assert seen == []


def test_a_bad_request_behind_good_ones_waits_for_their_answers(stage: Stage) -> None:
    stage.backend(forever)
    answer = stage.ask(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\nbroken\r\n\r\n")
    assert b"GET /1 HTTP" in answer
    assert b"GET /2 HTTP" in answer
    assert b"400 Bad Request" in answer[answer.index(b"GET /2") :]


def test_a_bad_chunk_in_the_middle_of_a_body(stage: Stage) -> None:
    ended = threading.Event()

    def target(talk: Talk) -> None:
        try:
            talk.rest()
        finally:
            ended.set()

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        until(lambda: stage.group.targets["10.0.0.1", 80].in_flight == 1)
        talk.send(b"zz\r\n")
        assert status(talk.rest()) == 400
    assert ended.wait(10)


def test_an_answer_before_the_body_has_come_is_passed_on_and_the_rest_thrown_away(stage: Stage) -> None:
    def target(talk: Talk) -> None:
        talk.head()
        talk.reply(b"too large", b"413 Too Large")
        talk.rest()

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
        assert talk.answer()[1] == b"too large"
        talk.send(b"0123456789")
        stage.fixed(200, b"next")
        talk.send(GET)
        assert talk.answer()[1] == b"next"


def test_an_offer_to_upgrade_is_not_taken(stage: Stage) -> None:
    stage.backend(forever)
    with stage.connect() as talk:
        talk.send(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
        assert b"upgrade" not in headers(talk.answer()[1])
        talk.send(b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        assert talk.answer()[1].startswith(b"GET /b")


def test_an_old_client_may_keep_its_connection(stage: Stage) -> None:
    stage.backend(forever)
    with stage.connect() as talk:
        for _ in range(2):
            talk.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            head, _body = talk.answer()
            assert headers(head)[b"connection"] == b"keep-alive"


def test_a_client_that_has_said_all_still_gets_its_answer(stage: Stage) -> None:
    go = threading.Event()

    def target(talk: Talk) -> None:
        talk.head()
        go.wait(10)
        talk.reply(b"answer")

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: stage.group.targets["10.0.0.1", 80].in_flight == 1)
        talk.sock.shutdown(socket.SHUT_WR)
        go.set()
        assert talk.rest().endswith(b"answer")


def test_a_closed_door_resets(stage: Stage) -> None:
    stage.change(refusal="no inbound rule")
    with pytest.raises(ConnectionError), stage.connect() as talk:
        talk.send(GET)
        talk.rest()
        raise ConnectionError  # a client may see the end before the reset
    stage.change(refusal="")
    assert status(stage.ask(GET)) == 503


# large bodies


def flat(work: Callable[[], None]) -> float:
    """How much memory, in MB, this process needed more while it did something."""
    process, peak, over = psutil.Process(), [0.0], threading.Event()
    before = process.memory_info().rss

    def watch() -> None:
        while not over.wait(0.01):
            peak[0] = max(peak[0], (process.memory_info().rss - before) / 1e6)

    watcher = threading.Thread(target=watch)
    watcher.start()
    work()
    over.set()
    watcher.join()
    return peak[0]


def test_a_large_answer_streams_with_flat_memory(stage: Stage) -> None:
    def target(talk: Talk) -> None:
        talk.head()
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (200 * len(MEGABYTE)))
        for _ in range(200):
            talk.send(MEGABYTE)

    stage.backend(target)

    def read() -> None:
        with stage.connect() as talk:
            talk.send(GET)
            talk.head()
            total = len(talk.buffer)
            while piece := talk.sock.recv(1 << 20):
                total += len(piece)
            assert total == 200 * len(MEGABYTE)

    assert flat(read) < 40


def test_a_large_request_streams_with_flat_memory(stage: Stage) -> None:
    received = [0]

    def target(talk: Talk) -> None:
        talk.head()
        received[0] = len(talk.buffer)
        while received[0] < 200 * len(MEGABYTE):
            received[0] += len(talk.sock.recv(1 << 20))
        talk.reply()

    stage.backend(target)

    def send() -> None:
        with stage.connect() as talk:
            talk.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (200 * len(MEGABYTE)))
            for _ in range(200):
                talk.send(MEGABYTE)
            talk.answer()

    assert flat(send) < 40
    assert received[0] == 200 * len(MEGABYTE)


def test_a_slow_client_makes_the_target_wait(stage: Stage) -> None:
    sent = [0]

    def target(talk: Talk) -> None:
        talk.head()
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (100 * len(MEGABYTE)))
        for _ in range(100):
            talk.send(MEGABYTE)
            sent[0] += 1

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(GET)
        talk.head()
        settled = [-1]

        def stands_still() -> bool:
            before, settled[0] = settled[0], sent[0]
            return before == sent[0]

        until(stands_still, every=0.3)
        assert sent[0] < 60
        total = len(talk.buffer)
        while piece := talk.sock.recv(1 << 20):
            total += len(piece)
        assert total == 100 * len(MEGABYTE)


# however the bytes come


REQUESTS = (
    b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
    b"POST /4 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\nbody",
    b"GET /5 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
)


BODIES = (b"", b"hello", b"hello!", b"body", b"")


def says_what_it_got(talk: Talk) -> None:
    while True:
        head = talk.head()
        body = b""
        if b"transfer-encoding: chunked" in head.lower():
            while size := int(talk.until(b"\r\n"), 16):
                body += talk.exactly(size + 2)[:-2]
            talk.until(b"\r\n")
        else:
            body = talk.exactly(int(headers(head).get(b"content-length", b"0")))
        talk.reply(head.split(b" ")[1] + b" " + body)


@pytest.fixture(scope="module")
def lasting() -> Iterator[Stage]:
    with Stage() as made:
        made.backend(says_what_it_got)
        yield made


@given(
    st.lists(st.sampled_from(range(len(REQUESTS))), min_size=1, max_size=5), st.lists(st.integers(1, 60), max_size=9)
)
@settings(max_examples=40, deadline=None)
def test_requests_are_the_same_however_their_bytes_are_cut(lasting: Stage, order: list[int], cuts: list[int]) -> None:
    stream = b"".join(REQUESTS[number] for number in order)
    with lasting.connect() as talk:
        talk.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for cut in cuts:
            talk.send(stream[:cut])
            stream = stream[cut:]
        talk.send(stream)
        seen = [talk.answer()[1] for _ in order]
    assert seen == [b"/%d %b" % (number + 1, BODIES[number]) for number in order]
