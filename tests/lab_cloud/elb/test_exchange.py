"""Requests through the proxy, on real sockets: what the target sees, and what the client gets."""

import re
import socket
import struct
import threading

import pytest

from lab_cloud.elb import exchange
from tests.waiting import until

from .stage import ARN, DNS, Stage, Talk, forever

GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def headers(head: bytes) -> dict[bytes, bytes]:
    lines = head.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}


# what the target sees


def test_the_target_sees_a_forwarded_request(stage: Stage) -> None:
    stage.backend(forever)
    with stage.connect() as talk:
        talk.send(
            b"GET /a%%20b?c=d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-Forwarded-For: 9.9.9.9\r\nKeep-Alive: 5\r\n"
            b"X-Custom: Kept\r\nX-Forwarded-Proto: https\r\n\r\n" % stage.door.port
        )
        _head, body = talk.answer()
    assert body.startswith(b"GET /a%20b?c=d HTTP/1.1\r\n")
    seen = headers(body)
    assert seen[b"host"] == DNS
    assert seen[b"x-forwarded-for"] == b"9.9.9.9, 127.0.0.1"
    assert seen[b"x-forwarded-proto"] == b"http"
    assert seen[b"x-forwarded-port"] == b"80"
    assert re.fullmatch(rb"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", seen[b"x-amzn-trace-id"])
    assert b"X-Custom: Kept" in body
    assert b"keep-alive" not in seen


def test_a_host_of_the_clients_own_is_kept(stage: Stage) -> None:
    stage.backend(forever)
    assert b"Host: api.example.com\r\n" in stage.ask(GET.replace(b"Host: x", b"Host: api.example.com"))
    stage.change(preserve_host=True)
    assert b"Host: 127.0.0.1:9\r\n" in stage.ask(GET.replace(b"Host: x", b"Host: 127.0.0.1:9"))


@pytest.mark.parametrize(("mode", "expected"), [("remove", None), ("preserve", b"9.9.9.9")])
def test_forwarded_for_as_the_attribute_says(stage: Stage, mode: str, expected: bytes | None) -> None:
    stage.backend(forever)
    stage.change(forwarded_for=mode)
    answer = stage.ask(GET.replace(b"Host: x", b"Host: x\r\nX-Forwarded-For: 9.9.9.9"))
    assert headers(answer.split(b"\r\n\r\n", 1)[1]).get(b"x-forwarded-for") == expected


def test_an_absolute_target_becomes_a_path(stage: Stage) -> None:
    stage.backend(forever)
    answer = stage.ask(GET.replace(b"GET /", b"GET http://other.example/x?y=1"))
    assert b"\r\n\r\nGET /x?y=1 HTTP/1.1\r\nHost: other.example\r\n" in answer


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_arrives_whole(stage: Stage, chunked: bool) -> None:
    bodies: list[bytes] = []

    def echo(talk: Talk) -> None:
        head = headers(talk.head())
        if b"content-length" in head:
            bodies.append(talk.exactly(int(head[b"content-length"])))
        else:
            bodies.append(read_chunks(talk))
        talk.reply(b"done")

    stage.backend(echo)
    with stage.connect() as talk:
        if chunked:
            talk.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in (b"one ", b"two ", b"three"):
                talk.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            talk.send(b"0\r\nX-Trailer: dropped\r\n\r\n")
        else:
            talk.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\none two three")
        assert talk.answer()[1] == b"done"
    assert bodies == [b"one two three"]


def read_chunks(talk: Talk) -> bytes:
    body = b""
    while size := int(talk.until(b"\r\n"), 16):
        body += talk.exactly(size)
        talk.exactly(2)
    talk.until(b"\r\n")
    return body


def test_expect_100_is_answered_by_the_load_balancer(stage: Stage) -> None:
    def target(talk: Talk) -> None:
        head = talk.head()
        talk.exactly(5)
        talk.reply(head)

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert talk.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        talk.send(b"hello")
        assert b"expect" not in headers(talk.answer()[1])


def test_expect_100_without_a_target_closes_after_the_answer(stage: Stage) -> None:
    answer = stage.ask(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    assert status(answer) == 503
    assert b"connection: close" in answer.lower()


# what the client gets


def test_a_sized_answer_passes_unchanged(stage: Stage) -> None:
    def target(talk: Talk) -> None:
        talk.head()
        talk.reply(b"teapot", b"418 I'm a teapot", b"X-Mine: 1\r\nServer: mine\r\nConnection: keep-alive\r\n")

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(GET.replace(b"close", b"keep-alive"))
        head, body = talk.answer()
    assert head.startswith(b"HTTP/1.1 418 I'm a teapot\r\n")
    assert headers(head)[b"server"] == b"mine"
    assert body == b"teapot"


def test_a_chunked_answer(stage: Stage) -> None:
    def target(talk: Talk) -> None:
        while True:
            talk.head()
            talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n")
            talk.send(b"0\r\nT: 1\r\n\r\n")

    backend = stage.backend(target)
    with stage.connect() as talk:
        for _ in range(2):
            talk.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert headers(talk.head())[b"transfer-encoding"] == b"chunked"
            assert read_chunks(talk) == b"abcdefg"
    old = stage.ask(b"GET / HTTP/1.0\r\n\r\n")
    assert old.endswith(b"\r\n\r\nabcdefg")
    assert b"transfer-encoding" not in old.lower()
    assert backend.connections == 1


def test_an_answer_that_ends_with_the_connection(stage: Stage) -> None:
    def target(talk: Talk) -> None:
        talk.head()
        talk.send(b"HTTP/1.0 200 OK\r\n\r\n")
        talk.send(b"to the end")

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert headers(talk.head())[b"transfer-encoding"] == b"chunked"
        assert read_chunks(talk) == b"to the end"
        talk.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")  # the client's connection stays
        talk.head()
        assert read_chunks(talk) == b"to the end"
    assert stage.ask(b"GET / HTTP/1.0\r\n\r\n").endswith(b"\r\n\r\nto the end")


@pytest.mark.parametrize(
    ("method", "answer", "kept"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"content-length: 1000"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: x\r\n\r\n", b"etag: x"),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n", b"204 no content"),
        (b"HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"200 ok"),
    ],
)
def test_answers_without_a_body_do_not_wait_for_one(stage: Stage, method: bytes, answer: bytes, kept: bytes) -> None:
    def target(talk: Talk) -> None:
        while True:
            talk.head()
            talk.send(answer)

    backend = stage.backend(target)
    with stage.connect() as talk:
        for _ in range(3):
            talk.send(method + b" / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert kept in talk.head().lower()
        assert talk.buffer == b""
    assert backend.connections == 1


def test_informational_answers_of_the_target_are_passed_over(stage: Stage) -> None:
    def target(talk: Talk) -> None:
        talk.head()
        talk.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        talk.reply(b"final")

    stage.backend(target)
    assert stage.ask(GET).endswith(b"final")


def test_a_redirect_to_the_load_balancers_own_name_leads_back_here(stage: Stage) -> None:
    def target(talk: Talk) -> None:
        host = headers(talk.head())[b"host"]
        talk.reply(b"", b"302 Found", b"Location: http://%b/login?x=1\r\n" % host)

    stage.backend(target)
    here = b"127.0.0.1:%d" % stage.door.port
    answer = stage.ask(GET.replace(b"Host: x", b"Host: " + here))
    assert headers(answer)[b"location"] == b"http://" + here + b"/login?x=1"


def test_fixed_response(stage: Stage) -> None:
    stage.fixed(404, b'{"no": 1}', b"application/json")
    answer = stage.ask(GET)
    assert status(answer) == 404
    assert headers(answer)[b"server"] == b"awselb/2.0"
    assert headers(answer)[b"content-type"] == b"application/json"
    assert answer.endswith(b'{"no": 1}')
    assert stage.counters.snapshot()["elb_4xx"] == 1
    assert stage.ask(GET.replace(b"GET", b"HEAD")).endswith(b"\r\n\r\n")


# when targets fail


def test_no_target_is_503(stage: Stage) -> None:
    answer = stage.ask(GET)
    assert status(answer) == 503
    assert b"<h1>503 Service Unavailable</h1>" in answer
    assert headers(answer)[b"server"] == b"awselb/2.0"


def test_a_refused_connection_is_502_and_a_hint_to_check_now(stage: Stage) -> None:
    backend = stage.backend(forever)
    backend.close()
    assert status(stage.ask(GET)) == 502
    assert [target.ip for target in stage.hints] == ["10.0.0.1"]
    assert stage.group.counters.connection_errors == 1
    assert stage.group.targets["10.0.0.1", 80].in_flight == 0


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Big: %b\r\n\r\n" % (b"x" * 100_000),
    ],
)
def test_an_answer_that_is_none_is_502(stage: Stage, said: bytes) -> None:
    def target(talk: Talk) -> None:
        talk.head()
        talk.send(said)

    stage.backend(target)
    assert status(stage.ask(GET)) == 502


def test_an_answer_cut_off_is_cut_off_for_the_client_too(stage: Stage) -> None:
    def target(talk: Talk) -> None:
        talk.head()
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(GET)
        talk.head()
        with pytest.raises((EOFError, ConnectionError)):
            talk.exactly(100)


def test_a_target_that_stays_silent_is_504(stage: Stage) -> None:
    over = threading.Event()
    stage.change(idle_timeout=0.2)
    stage.backend(lambda _talk: over.wait(10) and None)
    assert status(stage.ask(GET)) == 504
    over.set()


def test_an_address_that_leads_nowhere_is_504(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "CONNECT_SECONDS", 0.1)
    stage.target(None)
    assert status(stage.ask(GET)) == 504


def test_a_barrier_is_504(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "CONNECT_SECONDS", 0.1)
    backend = stage.backend(forever)
    stage.registry.set_barriers({(ARN, "10.0.0.1", 80): ("no inbound rule", "no inbound rule")})
    assert status(stage.ask(GET)) == 504
    assert backend.connections == 0


def test_a_request_that_does_not_arrive_is_408(stage: Stage) -> None:
    stage.change(idle_timeout=0.2)
    stage.backend(lambda talk: talk.rest() and None)
    assert status(stage.ask(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")) == 408
    assert status(stage.ask(b"GET / HTTP/1.1\r\nHos")) == 408
    assert stage.ask(b"") == b""


# kept connections to targets


def test_a_connection_to_the_target_is_used_again(stage: Stage) -> None:
    backend = stage.backend(forever)
    for _ in range(3):
        assert status(stage.ask(GET)) == 200
    assert backend.connections == 1


def test_a_kept_connection_that_closes_is_tried_again_on_a_fresh_one(stage: Stage) -> None:
    served: list[bytes] = []

    def target(talk: Talk) -> None:
        served.append(talk.head())
        talk.reply(b"one")
        served.append(talk.head())  # the second request on this connection is dropped without a word

    backend = stage.backend(target)
    assert stage.ask(GET).endswith(b"one")
    assert stage.ask(GET).endswith(b"one")
    assert (backend.connections, len(served)) == (2, 3)


def test_a_post_is_never_sent_twice(stage: Stage) -> None:
    served: list[bytes] = []

    def target(talk: Talk) -> None:
        served.append(talk.head())
        talk.reply(b"one")
        served.append(talk.head())

    stage.backend(target)
    assert stage.ask(GET).endswith(b"one")
    assert status(stage.ask(GET.replace(b"GET", b"POST"))) == 502
    assert len(served) == 2


def test_a_fresh_connection_that_closes_is_not_tried_again(stage: Stage) -> None:
    backend = stage.backend(lambda talk: talk.head() and None)
    assert status(stage.ask(GET)) == 502
    assert backend.connections == 1


def test_a_body_that_was_kept_is_sent_again(stage: Stage) -> None:
    bodies: list[bytes] = []

    def target(talk: Talk) -> None:
        talk.head()
        bodies.append(talk.exactly(5))
        talk.reply(b"one")
        talk.head()
        bodies.append(talk.exactly(5))

    stage.backend(target)
    put = b"PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
    assert stage.ask(put).endswith(b"one")
    assert stage.ask(put).endswith(b"one")
    assert bodies == [b"hello"] * 3


# counting and draining


def test_counts(stage: Stage) -> None:
    stage.backend(forever)
    for _ in range(3):
        stage.ask(GET)
    stage.ask(GET.replace(b"GET", b"TRACE"))
    assert stage.counters.requests == 4
    assert stage.counters.target[2] == 3
    assert stage.counters.balancer[4] == 1
    target = stage.group.targets["10.0.0.1", 80]
    assert target.counters.requests == 3
    assert target.in_flight == 0
    assert len(stage.group.counters.times) == 3
    assert all(0 <= seconds < 10 for _when, seconds in stage.group.counters.times)


def test_a_request_in_flight_finishes_while_its_target_drains(stage: Stage) -> None:
    go, come = threading.Event(), threading.Event()

    def target(talk: Talk) -> None:
        talk.head()
        come.set()
        go.wait(10)
        talk.reply(b"late")

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(GET)
        come.wait(10)
        stage.registry.deregister(ARN, "10.0.0.1")
        assert status(stage.ask(GET)) == 503
        go.set()
        assert talk.rest().endswith(b"late")


def test_requests_take_turns(stage: Stage) -> None:
    for last in (1, 2, 3):
        stage.backend(lambda talk, last=last: talk.head() and talk.reply(b"%d" % last), ip=f"10.0.0.{last}")  # type: ignore[misc]
    answers = [stage.ask(GET)[-1:] for _ in range(6)]
    assert sorted(answers) == [b"1", b"1", b"2", b"2", b"3", b"3"]


def test_a_client_that_breaks_off_frees_the_target(stage: Stage) -> None:
    begun, ended = threading.Event(), threading.Event()

    def target(talk: Talk) -> None:
        talk.head()
        begun.set()
        try:
            talk.rest()
        finally:
            ended.set()

    stage.backend(target)
    with stage.connect() as talk:
        talk.send(GET)
        assert begun.wait(5)
        talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert ended.wait(5)
    until(lambda: stage.group.targets["10.0.0.1", 80].in_flight == 0)
