"""Real health checks: a request to each target, again and again, on the server's asyncio loop.

A check opens a connection of its own, as AWS does, and is decided by the first line of the answer; the rest is read and
thrown away, so that no target ever sees its connection cut while it still writes.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

import asyncio
from typing import cast

from ..network.addresses import AddressBook
from . import health
from .health import Outcome
from .model import HealthCheck
from .targets import Target, TargetRegistry
from .tls import unverified

PROBES_PER_SECOND = 250
"""Above this many, checks come less often than their interval says, so that they never cost much of a core."""
MISSING_SECONDS = 0.02
LINE_LIMIT = 1024
LINGER_SECONDS = 1.0
RELAY_SECONDS = 0.1
"""How long a connection must last to count for a TCP check, where an engine takes it before the program does."""
REFUSED = Outcome("refused")
TIMEOUT = Outcome("timeout")
FAILED = Outcome("failed")


class Probe(asyncio.Protocol):
    """One check: sends a request, and answers with the status of what comes back."""

    def __init__(self, request: bytes, verdict: "asyncio.Future[Outcome]", *, relayed: bool = False) -> None:
        self._request = request
        self._verdict = verdict
        self._relayed = relayed
        self._line = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask; for a TCP check the connection itself is the answer."""
        self.transport = cast(asyncio.Transport, transport)
        if self._request:
            self.transport.write(self._request)
        elif self._relayed:
            asyncio.get_running_loop().call_later(RELAY_SECONDS, self._decide, Outcome("answered"))
        else:
            self._decide(Outcome("answered"))

    def data_received(self, data: bytes) -> None:
        """Read the first line; for a TCP check any word of the target will do."""
        if self._verdict.done():
            return
        if not self._request:
            self._decide(Outcome("answered"))
            return
        self._line += data
        if b"\n" in self._line or len(self._line) > LINE_LIMIT:
            self._decide(read_status(self._line))

    def connection_lost(self, exc: Exception | None) -> None:
        """A target that hangs up without a word has failed; a relay that does has found nobody who listens."""
        self._decide(REFUSED if self._relayed and not self._line else FAILED)

    def _decide(self, outcome: Outcome) -> None:
        if not self._verdict.done():
            self._verdict.set_result(outcome)


def read_status(line: bytes) -> Outcome:
    """The outcome that an answer's first line means."""
    words = line.split(b"\r\n", 1)[0].split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not (len(words[1]) == 3 and words[1].isdigit()):
        return FAILED
    return Outcome("answered", int(words[1]))


class Prober:
    """Checks every target of the registry.

    Parameters
    ----------
    registry : TargetRegistry
        Whom to check, and where outcomes go.
    book : AddressBook
        Where the targets really listen.
    speed : float
        Divides the intervals.
    """

    def __init__(self, registry: TargetRegistry, book: AddressBook, speed: float) -> None:
        self._registry = registry
        self._book = book
        self._speed = speed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timers: dict[Target, asyncio.TimerHandle] = {}
        self._running: dict[Target, asyncio.Task[None]] = {}
        self._by: dict[Target, HealthCheck] = {}  # the settings of each target's last check

    async def start(self) -> None:
        """Begin to check; on the server's loop."""
        self._loop = asyncio.get_running_loop()
        self._sync()

    def notice(self) -> None:
        """Targets were registered or left: check them at once. From any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._sync)

    def hint(self, target: Target) -> None:
        """A request was refused by this target: check it now; on the loop."""
        timer = self._timers.pop(target, None)
        if timer is not None:
            timer.cancel()
            self._start(target)

    async def stop(self) -> None:
        """Check no more; on the loop."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for task in list(self._running.values()):
            task.cancel()
        self._loop = None

    def _sync(self) -> None:
        wanted = self._registry.checked()
        for target in wanted:
            if target in self._timers and self._by.get(target) != target.group.config.check:
                self._timers.pop(target).cancel()  # its settings have changed: check by the new ones now
            if target not in self._timers and target not in self._running:
                self._start(target)
        for target in set(self._timers) - set(wanted):
            self._timers.pop(target).cancel()
        self._by = {target: self._by[target] for target in wanted}

    def _start(self, target: Target) -> None:
        assert self._loop is not None
        if target.registered is None:
            target.registered = self._loop.time()
        self._by[target] = target.group.config.check
        self._running[target] = self._loop.create_task(self._run(target))

    async def _run(self, target: Target) -> None:
        assert self._loop is not None
        began = self._loop.time()
        check = target.group.config.check
        try:
            outcome = await self._check(target, check)
        except Exception:
            outcome = FAILED
        finally:
            del self._running[target]
        loop = self._loop
        if loop is None:
            return
        now = loop.time()
        self._registry.report(target, outcome, now)
        if target.gone or target.draining:
            return
        interval = self._interval(check)
        registered = target.registered if target.registered is not None else now
        pause = health.pause(target.record, outcome, tries=target.tries, age=now - registered, interval=interval)
        due = max(began + pause, now)
        self._timers[target] = loop.call_at(due, self._due, target)

    def _due(self, target: Target) -> None:
        del self._timers[target]
        check = target.group.config.check
        if not (target.gone or target.draining) and target.group.in_use and check.enabled:
            self._start(target)

    def _interval(self, check: HealthCheck) -> float:
        crowd = len(self._timers) + len(self._running)
        return max(health.real_interval(check, self._speed), crowd / PROBES_PER_SECOND)

    async def _check(self, target: Target, check: HealthCheck) -> Outcome:
        assert self._loop is not None
        deadline = self._loop.time() + check.timeout
        port = await self._way_to(target, deadline)
        if port is None:
            nobody = f"nothing answers at {target.ip}:{target.check_port}"
            return Outcome("timeout", hint=target.check_barrier or nobody)
        verdict: asyncio.Future[Outcome] = self._loop.create_future()
        request = b"" if check.protocol not in ("HTTP", "HTTPS") else request_for(target, check)
        timer = self._loop.call_at(deadline, _give_up, verdict)
        try:
            transport, _probe = await self._loop.create_connection(
                lambda: Probe(request, verdict, relayed=self._book.relayed),
                "127.0.0.1",
                port,
                ssl=unverified() if check.protocol == "HTTPS" else None,
                ssl_handshake_timeout=check.timeout if check.protocol == "HTTPS" else None,
            )
        except OSError:
            timer.cancel()
            return REFUSED
        outcome = TIMEOUT
        try:
            outcome = await verdict
        finally:
            timer.cancel()
            if outcome is TIMEOUT or not request:
                transport.abort()
            else:
                self._loop.call_later(LINGER_SECONDS, transport.abort)
        return outcome

    async def _way_to(self, target: Target, deadline: float) -> int | None:
        # an address that nobody serves, or a security group that lets nothing in, swallows packets: that is a timeout
        assert self._loop is not None
        wait = MISSING_SECONDS
        while True:
            port = None if target.check_barrier else self._book.lookup(target.ip, target.check_port)
            if port is not None:
                return port
            left = deadline - self._loop.time()
            if left <= 0 or target.gone or target.draining:
                return None
            await asyncio.sleep(min(wait, left))
            wait = min(wait * 1.5, 0.25)


def request_for(target: Target, check: HealthCheck) -> bytes:
    """The bytes of a health check, as AWS sends it."""
    name = target.ip.split("/")[-2] if target.ip.startswith("arn:") else target.ip  # a load balancer's name, or address
    host = f"{name}:{target.check_port}"
    return (
        f"GET {check.path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
        "User-Agent: ELB-HealthChecker/2.0\r\nAccept-Encoding: gzip, compressed\r\n\r\n"
    ).encode()


def _give_up(verdict: "asyncio.Future[Outcome]") -> None:
    if not verdict.done():
        verdict.set_result(TIMEOUT)
