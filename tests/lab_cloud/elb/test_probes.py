import threading
from collections.abc import Iterator

import pytest

from lab_cloud.clock import Clock
from lab_cloud.elb.health import TargetHealth
from lab_cloud.elb.model import HealthCheck, TargetGroup
from lab_cloud.elb.probes import Prober, read_status
from lab_cloud.elb.targets import TargetRegistry
from lab_cloud.network.addresses import AddressBook
from tests.waiting import until

from .stage import ARN, Backend, LoopThread, Talk

SPEED = 60.0


class Checks:
    def __init__(self) -> None:
        self.thread = LoopThread()
        self.registry = TargetRegistry(Clock(SPEED))
        self.book = AddressBook()
        self.prober = Prober(self.registry, self.book, SPEED)
        self.registry.on_register = self.prober.notice
        self.thread.run(self.prober.start())
        self.backends: list[Backend] = []

    def use(self, check: HealthCheck) -> None:
        self.registry.configure({ARN: TargetGroup(ARN, "web", check=check)}, [ARN])

    def target(self, backend: Backend | None, port: int = 80) -> None:
        if backend is not None:
            self.backends.append(backend)
            self.book.add("10.0.0.1", port, backend.port)
        self.registry.register(ARN, "10.0.0.1", 80)

    def health(self) -> TargetHealth:
        found = self.registry.health(ARN, "10.0.0.1", 80)
        assert found is not None
        return found

    def reaches(self, state: str) -> TargetHealth:
        until(lambda: self.health().state == state, seconds=10)
        return self.health()

    def close(self) -> None:
        self.thread.run(self.prober.stop())
        for backend in self.backends:
            backend.close()
        self.thread.close()


@pytest.fixture
def checks() -> Iterator[Checks]:
    made = Checks()
    yield made
    made.close()


class Switch:
    """A target whose status a test turns."""

    def __init__(self, status: bytes = b"200 OK") -> None:
        self.status = status
        self.heads: list[bytes] = []

    def __call__(self, talk: Talk) -> None:
        self.heads.append(talk.head())
        talk.reply(b"x" * 100_000, self.status, b"Connection: close\r\n")


def test_a_target_is_asked_as_aws_asks(checks: Checks) -> None:
    switch = Switch()
    checks.use(HealthCheck(path="/health?deep=1"))
    checks.target(Backend(switch))
    checks.reaches("healthy")
    lines = switch.heads[0].decode().split("\r\n")
    assert lines[0] == "GET /health?deep=1 HTTP/1.1"
    assert "User-Agent: ELB-HealthChecker/2.0" in lines
    assert "Host: 10.0.0.1:80" in lines


def test_a_wrong_code_makes_it_unhealthy_and_the_right_one_healthy_again(checks: Checks) -> None:
    switch = Switch()
    checks.use(HealthCheck(interval=5, healthy_threshold=2))
    checks.target(Backend(switch))
    checks.reaches("healthy")
    switch.status = b"503 Busy"
    assert checks.reaches("unhealthy").reason == "Target.ResponseCodeMismatch"
    assert checks.health().description == "Health checks failed with these codes: [503]"
    switch.status = b"200 OK"
    checks.reaches("healthy")


def test_matcher_and_a_port_of_its_own(checks: Checks) -> None:
    checks.use(HealthCheck(matcher="200,302", port="9000"))
    checks.target(Backend(Switch(b"302 Found")), port=9000)
    checks.reaches("healthy")


def test_a_port_that_opens_late_is_found_soon(checks: Checks) -> None:
    backend = Backend(Switch())
    port = backend.port
    backend.close()
    checks.use(HealthCheck())
    checks.book.add("10.0.0.1", 80, port)
    checks.target(None)
    until(lambda: checks.registry.group(ARN).targets["10.0.0.1", 80].tries > 2)
    assert checks.health().state == "initial"
    opened = Backend(Switch())
    checks.backends.append(opened)
    checks.book.add("10.0.0.1", 80, opened.port)
    checks.reaches("healthy")


def test_a_target_that_closes_its_port_fails(checks: Checks) -> None:
    backend = Backend(Switch())
    checks.use(HealthCheck(interval=5))
    checks.target(backend)
    checks.reaches("healthy")
    backend.close()
    assert checks.reaches("unhealthy").reason == "Target.FailedHealthChecks"


def test_a_target_that_says_nothing_times_out(checks: Checks) -> None:
    silent = threading.Event()
    checks.use(HealthCheck(interval=5, timeout=0.1))
    checks.target(Backend(lambda _talk: silent.wait(10) and None))
    assert checks.reaches("unhealthy") == TargetHealth("unhealthy", "Target.Timeout", "Request timed out")
    silent.set()


def test_a_barrier_is_a_timeout_and_says_why(checks: Checks) -> None:
    checks.use(HealthCheck(timeout=0.1, interval=5))
    checks.registry.group(ARN)
    checks.target(Backend(Switch()))
    reason = "Security group sg-1 (web) has no inbound rule"
    checks.registry.set_barriers({(ARN, "10.0.0.1", 80): ("", reason)})
    health = checks.reaches("unhealthy")
    assert health.reason == "Target.Timeout"
    assert reason in (health.description or "")
    checks.registry.set_barriers({})
    checks.reaches("healthy")


def test_an_address_that_nobody_serves_is_a_timeout(checks: Checks) -> None:
    checks.use(HealthCheck(timeout=0.1, interval=5))
    checks.target(None)
    assert checks.reaches("unhealthy").reason == "Target.Timeout"


def test_an_answer_that_is_not_http_fails(checks: Checks) -> None:
    def nonsense(talk: Talk) -> None:
        talk.head()
        talk.send(b"SSH-2.0-OpenSSH\r\n")

    checks.use(HealthCheck(interval=5))
    checks.target(Backend(nonsense))
    assert checks.reaches("unhealthy").reason == "Target.FailedHealthChecks"


def test_a_tcp_check_needs_only_the_connection(checks: Checks) -> None:
    checks.use(HealthCheck(protocol="TCP"))
    checks.target(Backend(lambda talk: talk.rest() and None))
    checks.reaches("healthy")


@pytest.mark.parametrize("protocol", ["TCP", "HTTP"])
def test_a_relay_that_hangs_up_is_no_target_that_listens(checks: Checks, protocol: str) -> None:
    checks.book.relayed = True
    open_at_last = threading.Event()
    relay = Backend(lambda talk: open_at_last.is_set() and talk.rest() and None)
    checks.use(HealthCheck(protocol=protocol, interval=5))
    checks.target(relay)
    until(lambda: relay.connections > 5)
    assert checks.health().state == "initial"  # as of a target that refuses: it may still be starting
    open_at_last.set()
    if protocol == "TCP":
        checks.reaches("healthy")


def test_a_target_that_left_is_asked_no_more(checks: Checks) -> None:
    switch = Switch()
    checks.use(HealthCheck(interval=5))
    checks.target(Backend(switch))
    checks.reaches("healthy")
    checks.registry.deregister(ARN, "10.0.0.1")
    until(lambda: not checks.prober._running)
    asked = len(switch.heads)
    checks.registry.register(ARN, "10.0.0.2", 80)
    other = Switch()
    backend = Backend(other)
    checks.backends.append(backend)
    checks.book.add("10.0.0.2", 80, backend.port)
    until(lambda: len(other.heads) > 2)
    assert len(switch.heads) == asked


@pytest.mark.parametrize(
    ("line", "kind", "code"),
    [
        (b"HTTP/1.1 200 OK\r\n", "answered", 200),
        (b"HTTP/1.0 404 Not Found\r\nX: y", "answered", 404),
        (b"HTTP/1.1 204\r\n", "answered", 204),
        (b"HTTP/2 200\r\n", "failed", 0),
        (b"hello\r\n", "failed", 0),
        (b"HTTP/1.1 abc\r\n", "failed", 0),
        (b"\r\n", "failed", 0),
    ],
)
def test_status_line(line: bytes, kind: str, code: int) -> None:
    outcome = read_status(line)
    assert (outcome.kind, outcome.code) == (kind, code)
