"""The HTTP door of the cloud, as an ASGI application: who may come in, and where they go.

The API can start processes, so it is closed to everyone but the holder of this cloud's keys: an unknown `Host` (DNS
rebinding) and any `Origin` (a web page posting across sites) are refused before anything is read, and every AWS
request carries a valid signature.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ..clock import Clock
from ..errors import AwsError
from . import answers
from .call import Postponed, Response
from .dispatch import Dispatcher
from .principals import check_token
from .sigv4 import Refused, Request, Signer, verify

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 512 * 1024 * 1024
API_THREADS = 4
ALLOWED_HOSTS = ("127.0.0.1", "localhost", "[::1]")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Door = Callable[[Request], Response | None]
SocketDoor = Callable[[str, Receive, Send], Awaitable[None]]
"""Given the path of a WebSocket, and the two ends of it; it checks a token of its own."""


class StreamDoor(Protocol):
    """A door whose bodies are never held whole; it checks tokens of its own and takes the world's lock itself."""

    def matches(self, path: str, headers: dict[str, str]) -> bool:
        """Whether a request is for this door."""

    async def __call__(self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> None:
        """Answer it."""


class Inner(Protocol):
    """The second door; what `lab_cloud.runtime.wayback` opens."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names that containers use."""

    def admits(self, caller: str) -> bool:
        """Whether a caller's address is a container's."""


REFUSALS = {
    # kind: (code for JSON services, code for query services, HTTP status)
    "missing": ("MissingAuthenticationTokenException", "MissingAuthenticationToken", 403),
    "incomplete": ("IncompleteSignatureException", "IncompleteSignature", 400),
    "unknown-key": ("UnrecognizedClientException", "InvalidClientTokenId", 403),
    "expired": ("InvalidSignatureException", "SignatureDoesNotMatch", 403),
    "mismatch": ("InvalidSignatureException", "SignatureDoesNotMatch", 403),
    "expired-token": ("ExpiredTokenException", "ExpiredToken", 403),
}
EC2_CODES = {"unknown-key": "AuthFailure", "mismatch": "AuthFailure", "expired-token": "RequestExpired"}
S3_CODES = {"missing": "AccessDenied", "unknown-key": "InvalidAccessKeyId", "expired": "RequestTimeTooSkewed"}


class Gateway:
    """The ASGI application.

    Parameters
    ----------
    dispatcher : Dispatcher
        Who answers AWS calls.
    lock : RLock
        The world's lock, held around each answer.
    secret_of : callable
        From an access key id to its secret, or None.
    clock : Clock
        Told of each client's call, so that the lab calendar runs.
    open_doors : dict
        Path prefix -> function, for addresses that carry a token of their own instead of a signature (task metadata).
    stream_doors : sequence of StreamDoor
        Doors that stream (the image registry).
    sockets : mapping
        Path prefix -> what answers WebSockets there (ECS Exec).
    slow_doors : mapping
        As `open_doors`, for functions that take the world's lock themselves.
    check_signatures : bool
        False only under ``LAB_AUTH=off``, for other clients' test suites.
    inner : Inner, optional
        The second door, for containers that have a loopback of their own.
    private : tuple of str
        Path prefixes that are not to be had by the second door.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        lock: AbstractContextManager[Any],
        secret_of: Callable[[str], str | None],
        clock: Clock,
        *,
        open_doors: dict[str, Door] | None = None,
        stream_doors: Sequence[StreamDoor] = (),
        sockets: Mapping[str, SocketDoor] | None = None,
        slow_doors: Mapping[str, Door] | None = None,
        check_signatures: bool = True,
        inner: Inner | None = None,
        private: tuple[str, ...] = (),
    ) -> None:
        self._dispatcher = dispatcher
        self._lock = lock
        self._secret_of = secret_of
        self._clock = clock
        self._open_doors = open_doors or {}
        self._stream_doors = stream_doors
        self._sockets = sockets or {}
        self._slow_doors = slow_doors or {}
        self._check_signatures = check_signatures
        self._inner = inner
        self._private = private
        self._threads = ThreadPoolExecutor(API_THREADS, thread_name_prefix="api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"unexpected ASGI scope {scope['type']}")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        inside = self._inner is not None and _comes_from_inside(scope)
        refusal = self._foreign(headers, str(scope["client"][0]) if inside else None)
        if refusal is not None:
            await _send(send, _plain(403, refusal), close=True)
            return
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
        for door in self._stream_doors:
            if door.matches(path, headers):
                await door(scope, headers, receive, send)
                return
        body = await _read(receive)
        if body is None:
            await _send(send, _plain(413, "The request is too large."), close=True)
            return
        request = Request(
            method=scope["method"],
            path=path,
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=body,
        )
        while True:
            try:
                response = await asyncio.get_running_loop().run_in_executor(
                    self._threads, self._answer, request, inside
                )
                break
            except Postponed as postponed:
                if not await _called_again(postponed, receive):
                    return  # nobody waits for the answer any more
        await _send(send, response, head=scope["method"] == "HEAD")

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        inside = self._inner is not None and _comes_from_inside(scope)
        door = next((door for prefix, door in self._sockets.items() if scope["path"].startswith(prefix)), None)
        if door is None or self._foreign(headers, str(scope["client"][0]) if inside else None) is not None:
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the client gets a 403
            return
        await door(scope["path"], receive, send)

    def _foreign(self, headers: dict[str, str], container: str | None) -> str | None:
        """Why a caller is shown the door; `container` is its address when it came by the second one."""
        hosts = ALLOWED_HOSTS if self._inner is None else (*ALLOWED_HOSTS, *self._inner.hosts)
        if container is not None and self._inner is not None and not self._inner.admits(container):
            return "Only containers of this cloud may come in here."
        return _foreign(headers, hosts)

    def _answer(self, request: Request, inside: bool) -> Response:
        if inside and request.path.startswith(self._private):
            return _plain(404, "Not found.")
        for prefix, door in self._open_doors.items():
            if request.path.startswith(prefix):
                with self._lock:
                    return door(request) or _plain(404, "Not found.")
        for prefix, door in self._slow_doors.items():
            if request.path.startswith(prefix):
                return door(request) or _plain(404, "Not found.")
        try:
            signer = self._signer(request, inside)
        except Refused as refused:
            return refuse(request, refused)
        self._clock.touch()
        if self._dispatcher.locks_itself(request, signer):
            return self._dispatcher.answer(request, signer)
        with self._lock:
            return self._dispatcher.answer(request, signer)

    def _signer(self, request: Request, inside: bool) -> Signer:
        if self._check_signatures or inside:
            signer = verify(request, self._secret_of, self._clock.now())
            with self._lock:
                check_token(signer, self._clock.now())
            return signer
        return _unchecked(request)

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def refuse(request: Request, refused: Refused) -> Response:
    """The AWS error for a signature that does not hold, in the shape of the service that was meant."""
    json_code, query_code, status = REFUSALS[refused.kind]
    protocol = answers.protocol_of(dict(request.headers), None)
    request_id = answers.new_request_id()
    credential = request.headers.get("authorization", "").partition("Credential=")[2].partition(",")[0]
    service = credential.split("/")[-2] if credential.count("/") >= 4 else ""
    if protocol in ("json", "rest-json") or service == "eks":
        return answers.error(AwsError(json_code, refused.message, status=400), "json", request_id)
    if service == "ec2":
        code = EC2_CODES.get(refused.kind, query_code)
        return answers.error(AwsError(code, refused.message, status=401), "ec2", request_id)
    if service == "s3" or (not service and request.method in ("GET", "PUT", "HEAD", "DELETE")):
        code = S3_CODES.get(refused.kind, query_code)
        return answers.error(AwsError(code, refused.message, status=403), "rest-xml", request_id)
    return answers.error(AwsError(query_code, refused.message, status=status), "query", request_id)


async def _called_again(postponed: Postponed, receive: Receive) -> bool:
    """Wait until a call is to be made again; False when the client has left."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()

    def ring() -> None:
        loop.call_soon_threadsafe(event.set)

    postponed.listen(ring)
    rung, left = asyncio.ensure_future(event.wait()), asyncio.ensure_future(receive())
    try:
        await asyncio.wait(
            (rung, left), timeout=max(postponed.until - time.time(), 0), return_when=asyncio.FIRST_COMPLETED
        )
        return not left.done()
    finally:
        postponed.listen(lambda: None)
        rung.cancel()
        left.cancel()


def _comes_from_inside(scope: Scope) -> bool:
    """Whether a request came by the second door, whose address is not loopback."""
    return not str(scope["server"][0]).startswith(("127.", "::1"))


def _foreign(headers: dict[str, str], hosts: Sequence[str]) -> str | None:
    host = headers.get("host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    if name not in hosts:
        return f"The host name {name!r} is not one of this cloud's. Use http://127.0.0.1."
    if "origin" in headers:
        return "Web pages may not call this cloud."
    return None


def _unchecked(request: Request) -> Signer:
    credential = request.headers.get("authorization", "").partition("Credential=")[2].partition(",")[0].split("/")
    if len(credential) >= 5:
        return Signer(credential[0], credential[-3], credential[-2])
    return Signer("", "us-east-1", "s3")


async def _read(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY_BYTES:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _plain(status: int, text: str) -> Response:
    return Response(status, {"content-type": "text/plain; charset=utf-8"}, (text + "\n").encode())


async def _send(send: Send, response: Response, *, close: bool = False, head: bool = False) -> None:
    headers = {**response.headers, "content-length": str(len(response.body))}
    if head:  # the length of what GET would bring
        headers["content-length"] = str(response.headers.get("content-length", len(response.body)))
    body = response.body
    if response.status in (204, 304):  # they have no body: one would break the connection for the next request
        headers.pop("content-length")
        body = b""
    if close:
        headers["connection"] = "close"
    pairs = [(name.encode("latin-1"), str(value).encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
