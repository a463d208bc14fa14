"""A data plane on a loop of its own, and backends that do exactly what a test tells them."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from types import TracebackType
from typing import Any

from lab_cloud.clock import Clock
from lab_cloud.elb.counters import Counters
from lab_cloud.elb.listening import Fixed, Forward, Listening
from lab_cloud.elb.model import TargetGroup
from lab_cloud.elb.plane import DataPlane, Door, Ports
from lab_cloud.elb.targets import Target, TargetRegistry
from lab_cloud.network.addresses import AddressBook

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/1"
DNS = b"demo-1.us-east-1.elb.amazonaws.com"


class LoopThread:
    """An asyncio loop in a thread, as the server has one."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.loop = loop or asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def spawn(self, start: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.loop.call_soon_threadsafe(lambda: self.loop.create_task(start()))

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def close(self) -> None:
        self.run(self._settle())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()

    async def _settle(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(10):  # connections close a few turns of the loop after they are told to
            await asyncio.sleep(0)


class Stage:
    """One listener with one target group."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None, speed: float = 60.0) -> None:
        self.thread = LoopThread(loop)
        self.registry = TargetRegistry(Clock(speed))
        self.registry.configure({ARN: TargetGroup(ARN, "web")}, [ARN])
        self.book = AddressBook()
        self.hints: list[Target] = []
        self.plane = DataPlane(self.book, self.thread.spawn, self.hints.append)
        self.group = self.registry.group(ARN)
        self.counters = Counters()
        listening = Listening("demo", DNS, 80, Forward(((self.group, 1),)), self.counters)
        self.door = Door("us-east-1/demo/80", Ports(None).bind("demo"), listening)
        self.plane.open(self.door)
        self._backends: list[Backend] = []

    def change(self, **fields: Any) -> None:
        self.door.listening = replace(self.door.listening, **fields)

    def fixed(self, status: int, body: bytes = b"fixed", content_type: bytes = b"text/plain") -> None:
        self.change(action=Fixed(status, content_type, body))

    def target(self, loopback_port: int | None, ip: str = "10.0.0.1") -> None:
        self.registry.register(ARN, ip, 80)
        if loopback_port is not None:
            self.book.add(ip, 80, loopback_port)

    def backend(self, script: "Callable[[Talk], None]", ip: str = "10.0.0.1") -> "Backend":
        made = Backend(script)
        self._backends.append(made)
        self.target(made.port, ip)
        return made

    def connect(self) -> "Talk":
        sock = socket.create_connection(("127.0.0.1", self.door.port), timeout=10)
        return Talk(sock)

    def ask(self, request: bytes) -> bytes:
        """Send bytes on a new connection, and read until it is closed."""
        with self.connect() as talk:
            talk.send(request)
            return talk.rest()

    def __enter__(self) -> "Stage":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.thread.run(self.plane.stop())
        for backend in self._backends:
            backend.close()
        self.thread.close()


class Talk:
    """A blocking connection with a buffer."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sock.settimeout(10)
        self.buffer = b""

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def until(self, mark: bytes) -> bytes:
        """Read up to and including a mark."""
        while mark not in self.buffer:
            piece = self.sock.recv(65536)
            if not piece:
                raise EOFError(self.buffer)
            self.buffer += piece
        found, _, self.buffer = self.buffer.partition(mark)
        return found + mark

    def exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            piece = self.sock.recv(65536)
            if not piece:
                raise EOFError(self.buffer)
            self.buffer += piece
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def rest(self) -> bytes:
        """Read until the other side closes."""
        while piece := self.sock.recv(65536):
            self.buffer += piece
        found, self.buffer = self.buffer, b""
        return found

    def head(self) -> bytes:
        return self.until(b"\r\n\r\n")

    def answer(self) -> tuple[bytes, bytes]:
        """A head and a body of its Content-Length."""
        head = self.head()
        length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return head, self.exactly(int(length[0].split(b":")[1])) if length else b""

    def reply(self, body: bytes = b"ok", status: bytes = b"200 OK", headers: bytes = b"") -> None:
        """Answer as a target does."""
        self.send(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n%b\r\n%b" % (status, len(body), headers, body))

    def close(self) -> None:
        self.sock.close()

    def __enter__(self) -> "Talk":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Backend:
    """A target: a script is run for each connection, in a thread; it ends where the client ends."""

    def __init__(self, script: Callable[[Talk], None]) -> None:
        self._script = script
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.sock.getsockname()[1]
        self.connections = 0
        self._talks: list[Talk] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                sock, _address = self.sock.accept()
            except OSError:
                return
            self.connections += 1
            talk = Talk(sock)
            self._talks.append(talk)
            threading.Thread(target=self._run, args=(talk,), daemon=True).start()

    def _run(self, talk: Talk) -> None:
        with contextlib.suppress(EOFError, OSError), talk:
            self._script(talk)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        for talk in self._talks:
            with contextlib.suppress(OSError):
                talk.sock.shutdown(socket.SHUT_RDWR)
            talk.close()


def forever(talk: Talk) -> None:
    """Answer each request with its own head as the body."""
    while True:
        talk.reply(talk.head())
