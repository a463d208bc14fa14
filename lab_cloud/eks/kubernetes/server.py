"""The API server's port: HTTPS on loopback, on the cloud's asyncio loop.

Requests are answered on threads; a watch is a stream on the loop, fed by the threads that write.
"""

import asyncio
import contextlib
import json
import logging
import random
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from . import executing, reading, status
from .answers import Answer, LogOptions, Watching
from .api import ApiServer
from .reading import Change, Watch
from .requests import Request

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answered = Callable[[Request, int], None]
Spawn = Callable[[Callable[[], Coroutine[Any, Any, None]]], None]

MOST_BYTES = 3 * 1024 * 1024
"""The longest body that a real API server takes."""
HOSTS = ("127.0.0.1", "localhost")
SHORTEST_WATCH = 1800.0
BOOKMARK_SECONDS = 60.0
THREADS = 4


class Application:
    """The ASGI application of one cluster.

    Parameters
    ----------
    api : ApiServer
        Who answers.
    threads : ThreadPoolExecutor
        Where.
    """

    def __init__(self, api: ApiServer, threads: ThreadPoolExecutor) -> None:
        self._api = api
        self._threads = threads
        self.answered: Answered | None = None

    def _answer(self, request: Request) -> Answer | Watching | LogOptions:
        found = self._api.answer(request)
        if self.answered is not None and isinstance(found, Answer):
            self.answered(request, found.code)
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] not in ("http", "websocket"):
            raise RuntimeError(f"unexpected ASGI scope {scope['type']}")
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["type"] == "websocket":
            await self._socket(scope, headers, receive, send)
            return
        host = headers.get("host", "").rpartition(":")[0]
        if host not in HOSTS or "origin" in headers:
            error = status.ApiError(403, "Forbidden", "Only programs on this machine may call this API server.")
            await _send(send, Answer(403, json.dumps(error.status()).encode()))
            return
        body = await _body(receive)
        if body is None:
            error = status.ApiError(413, "RequestEntityTooLarge", f"limit is {MOST_BYTES}")
            await _send(send, Answer(413, json.dumps(error.status()).encode()))
            return
        request = Request(scope["method"], _path(scope), scope["query_string"].decode("latin-1"), headers, body)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, request)
        if isinstance(found, Watching):
            await self._watch(found, receive, send)
        elif isinstance(found, LogOptions):
            await self._log(request, found, receive, send)
        else:
            await _send(send, found, without_body=request.method == "HEAD")

    async def _socket(self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> None:
        host = headers.get("host", "")
        own = ("", f"https://{host}", f"http://{host}")  # programs name the server itself, web pages their own
        if host.rpartition(":")[0] not in HOSTS or headers.get("origin", "") not in own:
            await send({"type": "websocket.close"})
            return
        request = Request("GET", _path(scope), scope["query_string"].decode("latin-1"), headers)
        await executing.serve(self._api, request, scope["subprotocols"], receive, send)

    async def _watch(self, found: Watching, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        changes: asyncio.Queue[Change] = asyncio.Queue()

        def deliver(change: Change) -> None:
            loop.call_soon_threadsafe(changes.put_nowait, change)

        try:
            watch = Watch(self._api.store, found.info, deliver)
            seconds = found.info.number("timeoutSeconds")
            watch.begin()
        except status.ApiError as error:
            await _send(send, Answer(error.code, json.dumps(error.status()).encode()))
            return
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await _start(send, {"content-type": "application/json"})
            ends = loop.time() + (seconds if seconds else SHORTEST_WATCH * (1 + random.random()))  # noqa: S311
            await self._tell(watch, found, changes, gone, ends, send)
        finally:
            gone.cancel()
            watch.end()
        with contextlib.suppress(OSError):
            await send({"type": "http.response.body", "body": b""})

    async def _tell(
        self,
        watch: Watch,
        found: Watching,
        changes: asyncio.Queue[Change],
        gone: asyncio.Future[None],
        ends: float,
        send: Send,
    ) -> None:
        loop = asyncio.get_running_loop()
        bookmarks = found.info.flag("allowWatchBookmarks")
        while not gone.done():
            left = ends - loop.time()
            if left <= 0:
                return
            getting = asyncio.ensure_future(changes.get())
            await asyncio.wait(
                (getting, gone), timeout=min(left, BOOKMARK_SECONDS), return_when=asyncio.FIRST_COMPLETED
            )
            if getting.done():
                lines = [reading.told(getting.result(), found.info, found.wants, self._api.now())]
                while not changes.empty():
                    lines.append(reading.told(changes.get_nowait(), found.info, found.wants, self._api.now()))
                await send({"type": "http.response.body", "body": b"".join(lines), "more_body": True})
                continue
            getting.cancel()
            if bookmarks and not gone.done():
                line = reading.told(watch.bookmark(), found.info, found.wants, self._api.now())
                await send({"type": "http.response.body", "body": line, "more_body": True})

    async def _log(self, request: Request, options: LogOptions, receive: Receive, send: Send) -> None:
        assert self._api.logs is not None
        try:
            pieces = self._api.logs.read(self._api.pod_of_logs(request), options)
            first = await anext(pieces, b"")
        except status.ApiError as error:
            await _send(send, Answer(error.code, json.dumps(error.status()).encode()))
            return
        await _start(send, {"content-type": "text/plain"})
        gone = asyncio.ensure_future(_gone(receive))
        try:
            piece: bytes | None = first
            while piece is not None and not gone.done():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await anext(pieces, None)
        finally:
            gone.cancel()
        await send({"type": "http.response.body", "body": b""})


def _path(scope: Scope) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.decode("latin-1").partition("?")[0]


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if message["type"] == "http.disconnect" or size > MOST_BYTES:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def _start(send: Send, headers: dict[str, str]) -> None:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": pairs})
    await send({"type": "http.response.body", "body": b"", "more_body": True})


async def _send(send: Send, answer: Answer, *, without_body: bool = False) -> None:
    headers = {**answer.headers, "content-length": str(len(answer.body)), "cache-control": "no-cache, private"}
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    pairs += [(b"warning", _warning(text).encode("latin-1", "replace")) for text in answer.warnings]
    await send({"type": "http.response.start", "status": answer.code, "headers": pairs})
    await send({"type": "http.response.body", "body": b"" if without_body else answer.body})


def _warning(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{escaped}"'


class Listener:
    """The port of one API server.

    Parameters
    ----------
    api : ApiServer
        Who answers.
    sock : socket
        Bound and listening, on loopback.
    certificate : Path
        A file with a private key and a certificate for this machine's names.
    spawn : callable
        Runs a coroutine function on the loop, from any thread.
    """

    def __init__(self, api: ApiServer, sock: socket.socket, certificate: Path, spawn: Spawn) -> None:
        self.port: int = sock.getsockname()[1]
        self._sock = sock
        self._spawn = spawn
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="kubernetes")
        self._application = Application(api, self._threads)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.load_cert_chain(certificate)
        self._context.set_alpn_protocols(["http/1.1"])
        self._server: asyncio.Server | None = None
        self._state: Any = None
        self._closed = False

    def tell(self, answered: Answered) -> None:
        """Tell of each request that was answered, and with which HTTP status; from a thread of the listener."""
        self._application.answered = answered

    def open(self) -> None:
        """Begin to answer; from any thread."""
        self._spawn(self._open)

    def close(self) -> None:
        """Stop answering, also those who watch; from any thread."""
        self._closed = True
        self._spawn(self._close)

    async def _open(self) -> None:
        import uvicorn
        from uvicorn.server import ServerState

        if self._closed:
            return
        config = uvicorn.Config(
            self._application, log_config=None, access_log=False, server_header=False, lifespan="off", ws="wsproto",
            timeout_keep_alive=60,
        )  # fmt: skip
        config.load()
        self._state = ServerState()
        self._server = await asyncio.get_running_loop().create_server(
            lambda: config.http_protocol_class(  # type: ignore[call-arg]
                config=config, server_state=self._state, app_state={}, _loop=asyncio.get_running_loop()
            ),
            sock=self._sock,
            ssl=self._context,
            ssl_handshake_timeout=10.0,
        )

    async def _close(self) -> None:
        if self._server is None:
            self._sock.close()
        else:
            self._server.close()
            for task in list(self._state.tasks):
                task.cancel()
            for connection in list(self._state.connections):
                connection.shutdown()
        self._threads.shutdown(wait=False, cancel_futures=True)
