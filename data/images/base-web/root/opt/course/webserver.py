"""A small HTTP/1.1 server of the course: a thread for each connection, connections that stay open, an orderly end.

Written for short programs that must start in a few milliseconds, so it imports little. It listens on 127.0.0.1:$PORT
when PORT is set (the course's cloud sets it) and on its own port of every address otherwise (in a real container).
"""

import os
import select
import signal
import socket
import sys
import threading
import time
from contextlib import suppress

REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}
MOST_HEAD = 64 * 1024
MOST_BODY = 16 * 1024 * 1024


class Request:
    """What a client asks."""

    def __init__(self, method, target, headers, *, body, client, local):
        self.method = method
        self.target = target
        self.path, _, self.query = target.partition("?")
        self.headers = headers
        self.body = body
        self.client = client
        self.local = local

    def value(self, name, default=""):
        """The value of a query parameter."""
        from urllib.parse import parse_qs  # seldom needed, so not at the start

        return parse_qs(self.query).get(name, [default])[0]


class Response:
    """What the program answers. `then` is called when the answer has been sent."""

    def __init__(self, body, status=200, kind="text/html; charset=utf-8", headers=(), then=None):
        self.body = body.encode() if isinstance(body, str) else body
        self.status = status
        self.kind = kind
        self.headers = headers
        self.then = then


class BadRequestError(Exception):
    """The client does not speak HTTP as it should."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Server:
    """Answers requests with `app(request) -> Response` until SIGTERM, then finishes what it has begun."""

    def __init__(self, app, port, name="course", signals=("SIGTERM",)):
        self.app = app
        self.name = name
        self.signals = signals
        self.stopping = False
        self.waiting = set()  # connections between two requests
        self.threads = set()
        self.lock = threading.Lock()
        own = os.environ.get("PORT")
        self.address = ("127.0.0.1", int(own)) if own else ("0.0.0.0", port)

    def run(self):
        """Serve until one of the signals, or Ctrl-C."""
        bell, ring = socket.socketpair()  # a signal writes to it and so ends the wait below
        ring.setblocking(False)
        signal.set_wakeup_fd(ring.fileno())
        for name in (*self.signals, "SIGINT"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda number, frame: None)
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(self.address)
        listener.listen(512)
        listener.setblocking(False)
        say(f"listening on {self.address[0]}:{self.address[1]}")
        ready = []
        while bell not in ready:
            ready, _, _ = select.select([listener, bell], [], [])
            self.accept(listener)
        listener.close()
        say("asked to stop: finishing what has begun")
        self.finish()
        say("stopped")

    def accept(self, listener):
        """Talk with everybody who waits to be let in."""
        while True:
            try:
                connection, client = listener.accept()
            except OSError:  # nobody is left, or that client has gone
                return
            connection.setblocking(True)
            thread = threading.Thread(target=self.talk, args=(connection, client), daemon=True)
            with self.lock:
                self.threads.add(thread)
            thread.start()

    def finish(self):
        with self.lock:
            self.stopping = True
            for connection in self.waiting:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)
            threads = list(self.threads)
        for thread in threads:
            thread.join()

    def talk(self, connection, client):
        """One connection, request after request."""
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            local = connection.getsockname()
            rest = b""
            while True:
                request, rest, stays = self.read(connection, rest, client, local)
                if request is None or not self.answer(connection, request, stays):
                    break
        except BadRequestError as error:
            body = f"{error}\n".encode()
            with suppress(OSError):
                connection.sendall(self.head(error.status, "text/plain", len(body), (), False) + body)
                self.linger(connection)
        except OSError:
            pass  # the client has gone
        finally:
            connection.close()
            with self.lock:
                self.waiting.discard(connection)
                self.threads.discard(threading.current_thread())

    def linger(self, connection):
        """Let the client read the answer before the rest of its request is refused."""
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(1.0)
        for _ in range(64):
            if not connection.recv(65536):
                return

    def read(self, connection, rest, client, local):
        """The next request (None at the end), the bytes that came after it, and whether the client wants to go on."""
        if not rest:
            with self.lock:
                if self.stopping:  # only what has come already
                    connection.shutdown(socket.SHUT_RD)
                else:
                    self.waiting.add(connection)
            rest = connection.recv(65536)
            with self.lock:
                self.waiting.discard(connection)
        while b"\r\n\r\n" not in rest:
            if len(rest) > MOST_HEAD:
                raise BadRequestError(431, "the headers are too long")
            more = connection.recv(65536)
            if not more:
                return None, b"", False
            rest += more
        head, _, rest = rest.partition(b"\r\n\r\n")
        if len(head) > MOST_HEAD:
            raise BadRequestError(431, "the headers are too long")
        first, *lines = head.decode("latin-1").split("\r\n")
        words = first.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise BadRequestError(400, "this is not an HTTP/1.1 request")
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise BadRequestError(400, "a header cannot be read")
            headers[name.lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "transfer-encoding" in headers:
            if headers["transfer-encoding"].lower() != "chunked" or "content-length" in headers:
                raise BadRequestError(501, "only chunked bodies are understood")
            body, rest = self.chunks(connection, rest)
        else:
            length = headers.get("content-length", "0")
            if not (length.isascii() and length.isdigit()):
                raise BadRequestError(400, "Content-Length is not a number")
            body, rest = self.exactly(connection, rest, int(length))
        wish = headers.get("connection", "").lower()
        stays = "close" not in wish and (words[2] != "HTTP/1.0" or "keep-alive" in wish)
        request = Request(words[0], words[1], headers, body=body, client=client, local=local)
        return request, rest, stays

    def exactly(self, connection, rest, length):
        if length > MOST_BODY:
            raise BadRequestError(413, "the body is too large")
        while len(rest) < length:
            more = connection.recv(65536)
            if not more:
                raise OSError("the client has gone")
            rest += more
        return rest[:length], rest[length:]

    def chunks(self, connection, rest):
        body = b""
        while True:
            while b"\r\n" not in rest:
                byte, rest = self.exactly(connection, rest, len(rest) + 1)
                rest = byte + rest
            line, _, rest = rest.partition(b"\r\n")
            try:
                size = int(line.split(b";")[0], 16)
            except ValueError:
                raise BadRequestError(400, "a chunk has no size") from None
            if size < 0 or size + len(body) > MOST_BODY:
                raise BadRequestError(413, "the body is too large")
            if size == 0:
                while True:  # trailers, until an empty line
                    while b"\r\n" not in rest:
                        byte, rest = self.exactly(connection, rest, len(rest) + 1)
                        rest = byte + rest
                    line, _, rest = rest.partition(b"\r\n")
                    if not line:
                        return body, rest
            chunk, rest = self.exactly(connection, rest, size + 2)
            body += chunk[:-2]

    def answer(self, connection, request, stays):
        try:
            response = self.app(request)
        except Exception as error:
            say(f"error: {type(error).__name__}: {error}")
            response = Response("the program failed\n", 500, "text/plain")
        stays = stays and not self.stopping
        head = self.head(response.status, response.kind, len(response.body), response.headers, stays)
        connection.sendall(head if request.method == "HEAD" else head + response.body)
        if response.then is not None:
            response.then()
        return stays

    def head(self, status, kind, length, headers, stays):
        lines = [
            f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}",
            f"Server: {self.name}",
            f"Date: {http_date()}",
            f"Content-Type: {kind}",
            f"Content-Length: {length}",
        ]
        lines += [f"{name}: {value}" for name, value in headers]
        if not stays:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def http_date(now=None):
    """A time as HTTP writes it, whatever the language of this machine."""
    moment = time.gmtime(now)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.tm_wday]
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[moment.tm_mon - 1]
    return f"{day}, {moment.tm_mday:02} {month} {moment.tm_year} {time.strftime('%H:%M:%S', moment)} GMT"


def say(line):
    """Write one line to the log."""
    with suppress(OSError):  # nobody reads it any more
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def access_line(request, status, seconds=None):
    """One line for one request."""
    client = request.headers.get("x-forwarded-for", request.client[0])
    took = "" if seconds is None else f" {seconds * 1000:.1f}ms"
    agent = request.headers.get("user-agent", "-")
    return f'{client} "{request.method} {request.target} HTTP/1.1" {status}{took} "{agent}"'


def escape(text):
    """Make a text safe within HTML."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
