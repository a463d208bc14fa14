"""WebSocket through the load balancer: real handshakes, bytes both ways, and every way in which one can end."""

import base64
import hashlib
import socket
import threading

import pytest
import websocket

from tests.waiting import until

from .stage import ARN, Stage, Talk, forever
from .test_exchange import headers, status

OFFER = (
    b"GET /chat HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
TAKEN = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
MEGABYTE = b"x" * 1_000_000


def accept(talk: Talk, more: bytes = b"") -> bytes:
    """Take the offer as RFC 6455 says; returns the request's head."""
    head = talk.head()
    if b"sec-websocket-key" not in headers(head):  # a health check
        talk.reply()
        raise EOFError
    key = headers(head)[b"sec-websocket-key"] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    proof = base64.b64encode(hashlib.sha1(key).digest())
    talk.send(TAKEN + b"Sec-WebSocket-Accept: %b\r\n\r\n%b" % (proof, more))
    return head


def echo(talk: Talk) -> None:
    accept(talk)
    while data := talk.sock.recv(65536):
        talk.send(data)


def frames(talk: Talk) -> None:
    """An echo server for small text frames, which unmasks what it gets and answers a close with a close."""
    accept(talk)
    while True:
        first, second = talk.exactly(2)
        mask = talk.exactly(4)
        data = bytes(byte ^ mask[place % 4] for place, byte in enumerate(talk.exactly(second & 127)))
        talk.send(bytes([first, len(data)]) + data)
        if first & 15 == 8:
            return


def test_a_client_library_talks_and_closes(stage: Stage) -> None:
    stage.backend(frames)
    client = websocket.create_connection(f"ws://127.0.0.1:{stage.door.port}/chat", timeout=10)
    for number in range(5):
        client.send(f"message {number}")
        assert client.recv() == f"message {number}"
    client.close()
    until(lambda: not stage.plane.clients)
    assert stage.counters.target[1] == 1


def test_the_target_sees_the_offer_and_the_client_the_answer(stage: Stage) -> None:
    seen: list[bytes] = []

    def target(talk: Talk) -> None:
        seen.append(accept(talk, b"hello"))
        talk.rest()

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(OFFER)
        head = talk.head()
        assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        assert headers(head)[b"sec-websocket-accept"] == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert headers(head)[b"upgrade"] == b"websocket"
        assert talk.exactly(5) == b"hello"
    found = headers(until(lambda: seen)[0])
    assert (found[b"connection"], found[b"upgrade"]) == (b"Upgrade", b"websocket")
    assert found[b"x-forwarded-for"] == b"127.0.0.1"


def test_what_follows_the_offer_at_once_arrives(stage: Stage) -> None:
    stage.backend(echo)
    with stage.connect() as talk:
        talk.send(OFFER + b"early")
        talk.head()
        talk.send(b"later")
        assert talk.exactly(10) == b"earlylater"


def test_a_hundred_at_the_same_time(stage: Stage) -> None:
    backend = stage.backend(echo)
    talks = [stage.connect() for _ in range(100)]
    for talk in talks:
        talk.send(OFFER)
    for talk in talks:
        assert status(talk.head()) == 101
    for turn in range(3):
        for number, talk in enumerate(talks):
            talk.send(b"%d-%d" % (turn, number))
        for number, talk in enumerate(talks):
            assert talk.exactly(len(b"%d-%d" % (turn, number))) == b"%d-%d" % (turn, number)
    assert backend.connections == 100
    for talk in talks:
        talk.close()
    until(lambda: not stage.plane.clients)


def test_an_offer_that_is_not_taken_is_an_ordinary_request(stage: Stage) -> None:
    stage.backend(forever)
    with stage.connect() as talk:
        talk.send(OFFER + b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
        assert talk.answer()[1].startswith(b"GET /chat")
        assert talk.answer()[1].startswith(b"GET /next")
    stage.fixed(404, b"none")
    with stage.connect() as talk:
        talk.send(OFFER + OFFER)
        assert [talk.answer()[1] for _ in range(2)] == [b"none", b"none"]


def test_an_offer_waits_for_its_turn(stage: Stage) -> None:
    def target(talk: Talk) -> None:
        if b"upgrade: websocket" in (head := talk.head()).lower():
            talk.send(TAKEN + b"\r\n")
            talk.send(talk.exactly(4))
        else:
            talk.reply(head)

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(b"GET /first HTTP/1.1\r\nHost: x\r\n\r\n" + OFFER + b"ping")
        assert talk.answer()[1].startswith(b"GET /first")
        assert status(talk.head()) == 101
        assert talk.exactly(4) == b"ping"


def test_bytes_stream_both_ways_with_back_pressure(stage: Stage) -> None:
    sent = [0]

    def target(talk: Talk) -> None:
        accept(talk)
        for _ in range(60):
            talk.send(MEGABYTE)
            sent[0] += 1
        talk.rest()

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(OFFER)
        talk.head()
        settled = [-1]

        def stands_still() -> bool:
            before, settled[0] = settled[0], sent[0]
            return before == sent[0]

        until(stands_still, every=0.3)
        assert sent[0] < 50
        total = len(talk.buffer)
        while total < 60 * len(MEGABYTE):
            total += len(talk.sock.recv(1 << 20))
        assert total == 60 * len(MEGABYTE)


def test_a_target_that_reads_slowly_makes_the_client_wait(stage: Stage) -> None:
    go = threading.Event()
    total = [0]

    def target(talk: Talk) -> None:
        accept(talk)
        go.wait(30)
        while piece := talk.sock.recv(1 << 20):
            total[0] += len(piece)

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(OFFER)
        talk.head()
        talk.sock.settimeout(0.5)
        sent = 0
        with pytest.raises(TimeoutError):
            for _ in range(60):
                sent += talk.sock.send(MEGABYTE)
        assert sent < 50 * len(MEGABYTE)
        go.set()
    until(lambda: total[0] == sent)


@pytest.mark.parametrize("how", ["end", "reset"])
def test_a_target_that_closes_ends_it_for_the_client(stage: Stage, how: str) -> None:
    def target(talk: Talk) -> None:
        accept(talk, b"last words")
        if how == "reset":
            talk.exactly(1)
            talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(OFFER)
        talk.head()
        assert talk.exactly(10) == b"last words"
        if how == "reset":
            talk.send(b"x")
        assert talk.rest() == b""
    until(lambda: not stage.plane.clients)


def test_a_client_that_has_said_all_still_hears(stage: Stage) -> None:
    def target(talk: Talk) -> None:
        accept(talk)
        talk.send(talk.rest() + b" and bye")

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(OFFER)
        talk.head()
        talk.send(b"hello")
        talk.sock.shutdown(socket.SHUT_WR)
        assert talk.rest() == b"hello and bye"


def test_a_client_that_says_all_before_the_answer_still_hears(stage: Stage) -> None:
    go = threading.Event()

    def target(talk: Talk) -> None:
        go.wait(10)
        accept(talk)
        talk.send(talk.rest() + b" and bye")

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(OFFER + b"early")
        talk.sock.shutdown(socket.SHUT_WR)
        go.set()
        talk.head()
        assert talk.rest() == b"early and bye"


@pytest.mark.parametrize(
    "odd",
    [
        OFFER.replace(b"GET", b"POST"),
        OFFER.replace(b"HTTP/1.1", b"HTTP/1.0"),
        OFFER.replace(b", Upgrade", b""),
        OFFER.replace(b"\r\n\r\n", b"\r\nContent-Length: 4\r\n\r\nbody"),
        OFFER.replace(b": websocket", b": websocket, h2c"),
    ],
)
def test_what_is_no_offer_is_an_ordinary_request(stage: Stage, odd: bytes) -> None:
    seen: list[bytes] = []

    def target(talk: Talk) -> None:
        while True:
            head = talk.head()
            talk.exactly(int(headers(head).get(b"content-length", b"0")))
            seen.append(head)
            talk.reply()

    stage.backend(target)
    first, last = odd[:-2], odd[-2:]  # in two pieces
    with stage.connect() as talk:
        talk.send(first)
        talk.send(last + b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
        assert [status(talk.answer()[0]) for _ in range(2)] == [200, 200]
    assert [head.split(b" ")[1] for head in seen] == [b"/chat", b"/next"]
    assert b"upgrade" not in headers(seen[0])


def test_silence_ends_after_the_idle_timeout(stage: Stage) -> None:
    ended = threading.Event()

    def target(talk: Talk) -> None:
        accept(talk)
        assert talk.rest() == b""
        ended.set()

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(OFFER)
        talk.head()
        stage.change(idle_timeout=0.2)
        assert talk.rest() == b""
    assert ended.wait(10)


def test_a_listener_that_goes_ends_it(stage: Stage) -> None:
    stage.backend(echo)
    with stage.connect() as talk:
        talk.send(OFFER)
        talk.head()
        stage.plane.close(stage.door)
        assert talk.rest() == b""


def test_an_open_one_does_not_keep_a_target_and_ends_when_that_is_gone(stage: Stage) -> None:
    stage.backend(echo)
    with stage.connect() as talk:
        talk.send(OFFER)
        talk.head()
        target = stage.group.targets["10.0.0.1", 80]
        until(lambda: target.in_flight == 0)
        stage.registry.deregister(ARN, "10.0.0.1")
        talk.send(b"still")
        assert talk.exactly(5) == b"still"
        assert target.drain_until is not None
        assert stage.registry.expire(target.drain_until)
        assert talk.rest() == b""
