"""The program that sends a load: ``python -m lab_helpers.load.sender``, started by `Load`.

It reads its plan, and later orders, as lines of JSON from stdin, and tells what happened as lines of JSON on stdout.
When stdin ends the notebook's kernel has gone, and so does this program.

The loop is open: a request is due when the rate says so, whether or not the earlier ones were answered, and its latency
counts from that moment. A sender that waited for answers would ask a slow server less, and so flatter it ("coordinated
omission").
"""

import asyncio
import contextlib
import json
import os
import ssl
import sys
import threading
from collections import deque
from time import perf_counter as clock  # an event loop's own clock may have a grain of a millisecond
from typing import Any

from lab_helpers.load.connection import Connection, Request
from lab_helpers.load.histogram import Histogram
from lab_helpers.load.plan import Plan

TICK = 0.25  # seconds between two lines
SWEEP = 0.05  # seconds between two looks for requests that have waited too long
EARLY = 0.001  # timers have a grain of a millisecond: a request is sent up to that much before it is due, never after
GRACE = 1.0  # seconds that a stopped load waits for answers that are on their way
CONNECTIONS = 1_000


class Sender:
    """Sends requests at a constant rate over as many connections as that takes.

    Parameters
    ----------
    plan : Plan
        What to send, where, how often and how long.
    connections : int
        How many connections at most. A request for which none is free waits, and that counts as its latency.
    """

    def __init__(self, plan: Plan, connections: int = CONNECTIONS) -> None:
        self._plan = plan
        self._most = connections
        self._message = plan.message.encode("latin-1")
        self._loop = asyncio.get_running_loop()
        self._tls = _tls(plan) if plan.tls else None
        self._idle: list[Connection] = []
        self._held: set[Connection] = set()
        self._waiting: deque[Request] = deque()
        self._under_way: dict[Request, None] = {}  # in the order in which they were due
        self._connecting: set[asyncio.Task[None]] = set()
        self._rps = plan.rps
        self._begin = clock()
        self._end = self._begin + plan.seconds
        self._patience = self._end + plan.timeout + 2 * SWEEP  # until when answers are waited for
        self._base, self._count = self._begin, 0  # the next request is due at base + count / rps
        self._timer: asyncio.TimerHandle | None = None
        self._sent_all = asyncio.Event()
        self._new()

    # -- the clock -----------------------------------------------------------------------------------------------

    def order(self, rps: float | None = None, stop: bool = False) -> None:
        """Change the rate from now on, or send nothing more."""
        now = clock()
        if rps is not None:
            due = self._base + (self._count - 1) / self._rps + 1 / rps if self._count else self._base
            self._rps = rps
            self._base, self._count = max(due, now), 0
        if stop:
            self._end = min(self._end, now)
            self._patience = min(self._patience, now + GRACE)
        self._pump()

    async def run(self) -> None:
        """Send until the time is over, then wait for the answers that are on their way."""
        telling = self._loop.create_task(self._tell_often())
        sweeping = self._loop.create_task(self._sweep_often())
        self._pump()
        await self._sent_all.wait()
        while self._under_way and clock() < self._patience:
            await asyncio.sleep(0.01)
        for task in (telling, sweeping, *self._connecting):
            task.cancel()
        for request in list(self._under_way):
            self._end_request(request)
            self._unfinished += 1
        self._tell(over=True)

    def _pump(self) -> None:
        """Send what is due, and come back when more is."""
        if self._timer is not None:
            self._timer.cancel()
        while True:
            now = clock()
            due = self._base + self._count / self._rps
            if due >= self._end - EARLY / 1000:
                due = self._end
                if now >= due - EARLY:
                    self._sent_all.set()
                    return
            if due > now + EARLY:
                self._timer = self._loop.call_later(max(due - EARLY - now, EARLY), self._pump)
                return
            self._count += 1
            self._due += 1
            self._dispatch(Request(min(due, now)))

    # -- requests ------------------------------------------------------------------------------------------------

    def _dispatch(self, request: Request) -> None:
        self._under_way[request] = None
        if self._idle:
            self._idle.pop().send(request)
            return
        self._waiting.append(request)
        self._grow()

    def _grow(self) -> None:
        """Open one more connection, when more requests wait than connections are being opened."""
        if len(self._connecting) < len(self._waiting) and len(self._held) + len(self._connecting) < self._most:
            task = self._loop.create_task(self._connect())
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    async def _connect(self) -> None:
        """Open one connection for whoever has waited longest."""
        plan = self._plan
        try:
            _, connection = await asyncio.wait_for(
                self._loop.create_connection(
                    lambda: Connection(self, self._message),
                    plan.address,
                    plan.port,
                    ssl=self._tls,
                    server_hostname=plan.host if self._tls else None,
                ),
                plan.timeout,
            )
        except TimeoutError:
            return  # the sweep counts it
        except (OSError, ssl.SSLError) as error:
            request = self._next_waiting()
            if request is not None:
                self._fail(request, _why(error))
            return
        self._held.add(connection)
        self._free(connection)

    def _next_waiting(self) -> Request | None:
        while self._waiting:
            request = self._waiting.popleft()
            if not request.ended:
                return request
        return None

    def _free(self, connection: Connection) -> None:
        request = self._next_waiting()
        if request is not None:
            connection.send(request)
        else:
            self._idle.append(connection)

    def answered(self, connection: Connection, request: Request, status: int) -> None:
        """Count the answer and use the connection again."""
        if not request.ended:
            self._end_request(request)
            self._latencies.add(max(clock() - request.since, 0.0))
            self._count_kind(str(status))
        if connection.open:
            self._free(connection)
        else:
            self._lost(connection)

    def broke(self, connection: Connection, request: Request | None, why: str, *, stale: bool) -> None:
        """Count the failure, or send again what the server cannot have seen: another connection may be as stale."""
        self._lost(connection)
        if request is None or request.ended:
            return
        if stale and self._plan.repeatable:
            self._waiting.appendleft(request)
            self._grow()
        else:
            self._fail(request, why)

    def _lost(self, connection: Connection) -> None:
        self._held.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._grow()

    def _fail(self, request: Request, why: str) -> None:
        self._end_request(request)
        self._count_kind(why)

    def _end_request(self, request: Request) -> None:
        request.ended = True
        del self._under_way[request]

    async def _sweep_often(self) -> None:
        """End what has waited too long. A wait that was cut off counts as long as it was."""
        while True:
            await asyncio.sleep(SWEEP)
            limit = clock() - self._plan.timeout
            for request in list(self._under_way):
                if request.since > limit:
                    break
                self._latencies.add(clock() - request.since)
                self._fail(request, "timeout")
                if request.connection is not None:
                    request.connection.close()
                    self._lost(request.connection)

    # -- telling -------------------------------------------------------------------------------------------------

    def _new(self) -> None:
        self._latencies = Histogram()
        self._kinds: dict[str, int] = {}
        self._due = 0
        self._unfinished = 0

    def _count_kind(self, kind: str) -> None:
        self._kinds[kind] = self._kinds.get(kind, 0) + 1

    async def _tell_often(self) -> None:
        number = 1
        kernel = os.getppid()
        while os.getppid() == kernel:
            await asyncio.sleep(max(self._begin + number * TICK - clock(), 0.0))
            number += 1
            self._tell()
        os._exit(0)  # the kernel has gone, and something that it has forked keeps our stdin open

    def _tell(self, over: bool = False) -> None:
        told: dict[str, Any] = {
            "at": clock() - self._begin,
            "rps": self._rps,
            "due": self._due,
            "kinds": self._kinds,
            "latencies": self._latencies.counts,
            "longest": self._latencies.longest,
            "open": len(self._under_way),
            "connections": len(self._held),
            "unfinished": self._unfinished,
            "sending": clock() < self._end - EARLY,
            "over": over,
        }
        self._new()
        try:
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
        except OSError:  # nobody listens any more
            os._exit(0)


def _why(error: Exception) -> str:
    """A failure to connect in a few words that are the same on every system."""
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionResetError):
        return "connection reset"
    if isinstance(error, ssl.SSLError):
        return "TLS refused"
    if type(error).__name__ == "gaierror":
        return "name not found"
    return "no connection"


def _tls(plan: Plan) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if plan.address.startswith("127.") or plan.address == "::1":
        # The embedded cloud's certificate is its own, and nobody stands between it and us.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _allow_connections() -> int:
    """Raise this process's limit of open files as far as its user may; how many connections that allows."""
    if sys.platform == "win32":
        return 400
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + 100
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(
                resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
            )
            soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return CONNECTIONS if soft == resource.RLIM_INFINITY else max(10, min(CONNECTIONS, soft - 50))


async def _main(plan: Plan) -> None:
    loop = asyncio.get_running_loop()
    sender = Sender(plan, _allow_connections())

    def listen() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lambda order: sender.order(**order), json.loads(line))
        os._exit(0)  # the kernel has gone

    threading.Thread(target=listen, daemon=True).start()
    await sender.run()


def main() -> None:
    """Read the plan and carry it out."""
    line = sys.stdin.readline()
    if not line:
        return
    asyncio.run(_main(Plan.read(line)))
    os._exit(0)  # the thread still reads


if __name__ == "__main__":
    main()
