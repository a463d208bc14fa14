"""Servers on loopback that answer well, badly, late or not at all."""

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Answer = Callable[["Handler", bytes], bytes | None]


class Handler(socketserver.BaseRequestHandler):
    """Reads requests from a connection and sends what the server's `answer` says; None ends the connection."""

    server: "Server"

    def handle(self) -> None:
        self.server.connections += 1
        read = b""
        with contextlib.suppress(OSError):
            while part := self.request.recv(65536):
                read += part
                while b"\r\n\r\n" in read:
                    head, _, read = read.partition(b"\r\n\r\n")
                    length = next(
                        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if b"Content-Length" in line), 0
                    )
                    while len(read) < length:
                        read += self.request.recv(65536)
                    body, read = read[:length], read[length:]
                    self.server.seen.append((time.monotonic(), head + b"\r\n\r\n" + body))
                    answer = self.server.answer(self, head)
                    if answer is None:
                        return
                    self.request.sendall(answer)


class Server(socketserver.ThreadingTCPServer):
    """A server with a thread for each connection."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 500

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.seen: list[tuple[float, bytes]] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: the client has gone, which is what some tests do."""


@contextlib.contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    with Server(answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def always(answer: bytes | None) -> Answer:
    return lambda _handler, _head: answer


def status(number: int) -> bytes:
    return f"HTTP/1.1 {number} X\r\nContent-Length: 0\r\n\r\n".encode()


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
