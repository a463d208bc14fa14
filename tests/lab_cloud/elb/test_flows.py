"""What a Network Load Balancer carries: bytes, half-closed connections, resets; on both kinds of loop."""

import hashlib
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from lab_cloud.elb.counters import FlowCounters
from lab_cloud.elb.flows import proxy_header
from lab_cloud.elb.health import Outcome
from lab_cloud.elb.model import Stickiness, TargetGroup

from .small_cloud import until
from .stage import ARN, Stage, Talk


@pytest.fixture
def flows(stage: Stage) -> Iterator[Stage]:
    stage.change(flows=FlowCounters())
    yield stage


def count(stage: Stage, name: str) -> int:
    assert stage.door.listening.flows is not None
    return stage.door.listening.flows.snapshot()[name]


def configure(stage: Stage, **fields: object) -> None:
    stage.registry.configure({ARN: TargetGroup(ARN, "web", protocol="TCP", **fields)}, [ARN])  # type: ignore[arg-type]


def echo(talk: Talk) -> None:
    while piece := talk.sock.recv(65536):
        talk.send(piece)


def speaks_first(talk: Talk) -> None:
    talk.send(b"220 ready\r\n")
    talk.send(b"you said " + talk.until(b"\r\n"))


def is_reset(talk: Talk) -> bool:
    try:
        return talk.sock.recv(1) == b"" and False
    except ConnectionResetError:
        return True


def turned_away(stage: Stage) -> bool:
    try:
        with stage.connect() as talk:
            return is_reset(talk)
    except ConnectionResetError:  # before the client has noticed that it was connected
        return True


def test_bytes_go_both_ways_whoever_speaks_first(flows: Stage) -> None:
    flows.backend(speaks_first)
    with flows.connect() as talk:
        assert talk.until(b"\r\n") == b"220 ready\r\n"
        talk.send(b"\x00\xffnot http\r\n")
        assert talk.rest() == b"you said \x00\xffnot http\r\n"
    until(lambda: count(flows, "ActiveFlowCount") == 0)
    assert count(flows, "NewFlowCount") == 1
    assert count(flows, "ProcessedBytes") == 12 + 11 + 21
    assert flows.group.targets["10.0.0.1", 80].in_flight == 0


def test_each_side_may_end_its_half(flows: Stage) -> None:
    def counts(talk: Talk) -> None:
        talk.send(b"%d bytes" % len(talk.rest()))

    flows.backend(counts)
    with flows.connect() as talk:
        talk.send(b"x" * 1000)
        talk.sock.shutdown(socket.SHUT_WR)
        assert talk.rest() == b"1000 bytes"


def test_the_target_may_end_its_half_first(flows: Stage) -> None:
    heard: list[bytes] = []

    def says_goodbye(talk: Talk) -> None:
        talk.send(b"bye")
        talk.sock.shutdown(socket.SHUT_WR)
        heard.append(talk.rest())

    flows.backend(says_goodbye)
    with flows.connect() as talk:
        assert talk.rest() == b"bye"
        talk.send(b"still here")
        talk.sock.shutdown(socket.SHUT_WR)
        until(lambda: heard == [b"still here"])


def test_a_slow_reader_makes_the_writer_wait(flows: Stage) -> None:
    size = 24 * 1024 * 1024
    written: list[int] = []

    def pours(talk: Talk) -> None:
        for _ in range(size // 65536):
            talk.send(b"x" * 65536)
            written.append(65536)

    flows.backend(pours)
    with flows.connect() as talk:
        talk.exactly(1)
        until(lambda: bool(written))
        stalled = until(lambda: sum(written) == _after(0.2, written) and sum(written))
        assert stalled < size  # what is not read lies in the sockets' and our few buffers, not in memory
        assert 1 + len(talk.rest()) == size


def _after(seconds: float, written: list[int]) -> int:
    threading.Event().wait(seconds)
    return sum(written)


def test_much_arrives_whole(flows: Stage) -> None:
    flows.backend(echo)
    data = bytes(range(256)) * 4096 * 8
    with flows.connect() as talk:
        sender = threading.Thread(target=lambda: (talk.send(data), talk.sock.shutdown(socket.SHUT_WR)), daemon=True)
        sender.start()
        assert hashlib.sha256(talk.rest()).digest() == hashlib.sha256(data).digest()
        sender.join(10)


def test_a_group_without_targets_resets(flows: Stage) -> None:
    assert turned_away(flows)
    assert count(flows, "TCP_ELB_Reset_Count") == 1


def test_a_closed_listener_resets(flows: Stage) -> None:
    flows.backend(echo)
    flows.change(refusal="no rule")
    assert turned_away(flows)
    assert count(flows, "NewFlowCount") == 0


def test_a_target_that_refuses_resets_and_is_checked_at_once(flows: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    flows.target(port)
    assert turned_away(flows)
    until(lambda: len(flows.hints) == 1)
    assert count(flows, "TCP_Target_Reset_Count") == 1


def test_resets_are_passed_on_and_counted(flows: Stage) -> None:
    gone = threading.Event()

    def notices(talk: Talk) -> None:
        talk.send(b"hello")
        try:
            talk.rest()
        except ConnectionResetError:
            gone.set()

    flows.backend(notices)
    talk = flows.connect()
    talk.exactly(5)
    talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    talk.close()
    assert gone.wait(10)
    until(lambda: count(flows, "TCP_Client_Reset_Count") == 1)


def test_an_idle_flow_is_given_up(flows: Stage) -> None:
    flows.change(idle_timeout=0.3)
    flows.backend(echo)
    with flows.connect() as talk:
        talk.send(b"x")
        talk.exactly(1)
        assert is_reset(talk)
    assert count(flows, "TCP_ELB_Reset_Count") == 1


def test_a_flow_stays_with_its_target_while_it_drains(flows: Stage) -> None:
    flows.backend(echo)
    with flows.connect() as talk:
        talk.send(b"x")
        talk.exactly(1)
        flows.registry.deregister(ARN, "10.0.0.1")
        assert turned_away(flows)  # nobody is left for a new flow
        talk.send(b"y")
        assert talk.exactly(1) == b"y"


def test_flows_end_with_the_deregistration_where_the_group_says_so(flows: Stage) -> None:
    configure(flows, deregistration_delay=0.0, terminate_on_deregistration=True)
    flows.backend(echo)
    with flows.connect() as talk:
        talk.send(b"x")
        talk.exactly(1)
        flows.registry.deregister(ARN, "10.0.0.1")
        flows.registry.expire(flows.registry._clock.now() + 1)
        assert is_reset(talk)


@pytest.mark.parametrize("terminate", [True, False])
def test_flows_of_an_unhealthy_target(flows: Stage, terminate: bool) -> None:
    configure(flows, terminate_on_unhealthy=terminate)
    flows.backend(echo, "10.0.0.1")
    with flows.connect() as talk:
        talk.send(b"x")
        talk.exactly(1)
        flows.target(None, "10.0.0.2")
        first, second = flows.group.targets.values()
        flows.registry.report(second, Outcome("answered", 200), 0.0)
        for now in (100.0, 200.0, 300.0):
            flows.registry.report(first, Outcome("failed"), now)
        assert first.health.state == "unhealthy"
        if terminate:
            assert is_reset(talk)
        else:
            talk.send(b"y")
            assert talk.exactly(1) == b"y"


def test_new_flows_take_turns_and_sticky_ones_do_not(flows: Stage) -> None:
    for last in (1, 2, 3):
        flows.backend(lambda talk, last=last: talk.send(b"%d" % last), f"10.0.0.{last}")

    def seen() -> list[bytes]:
        return [flows.ask(b"") for _ in range(6)]

    assert sorted(seen()) == [b"1", b"1", b"2", b"2", b"3", b"3"]
    configure(flows, stickiness=Stickiness("source_ip", 0))
    assert len(set(seen())) == 1


def test_the_proxy_protocol_names_the_client(flows: Stage) -> None:
    configure(flows, proxy_protocol=True)
    flows.backend(lambda talk: talk.send(talk.exactly(28 + 5)))
    with flows.connect() as talk:
        talk.send(b"hello")
        assert talk.rest() == proxy_header(talk.sock.getsockname(), ("127.0.0.1", flows.door.port)) + b"hello"


def test_a_proxy_header_byte_by_byte() -> None:
    made = proxy_header(("127.0.0.1", 258), ("10.0.0.1", 80))
    assert made.hex() == "0d0a0d0a000d0a515549540a" + "2111000c" + "7f000001" + "0a000001" + "0102" + "0050"
