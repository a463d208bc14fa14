"""The registry over HTTP: requests, answers, and errors in the shape of the OCI Distribution Specification.

Bodies are never held whole: they stream between the socket and the disk in pieces of a megabyte, on threads of the
door's own, without the world's lock.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping, MutableMapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from ..errors import AwsError
from .blobs import CHUNK, Upload

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

API_VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")
CODES = {
    # ECR's error: (the specification's code, HTTP status)
    "RepositoryNotFoundException": ("NAME_UNKNOWN", 404),
    "ImageNotFoundException": ("MANIFEST_UNKNOWN", 404),
    "ImageArchivedException": ("MANIFEST_UNKNOWN", 404),
    "LayersNotFoundException": ("MANIFEST_BLOB_UNKNOWN", 400),
    "ReferencedImagesNotFoundException": ("MANIFEST_BLOB_UNKNOWN", 400),
    "ImageTagAlreadyExistsException": ("TAG_INVALID", 400),
    "ImageDigestDoesNotMatchException": ("DIGEST_INVALID", 400),
    "InvalidLayerException": ("DIGEST_INVALID", 400),
    "UploadNotFoundException": ("BLOB_UPLOAD_UNKNOWN", 404),
    "InvalidParameterException": ("MANIFEST_INVALID", 400),
    "LimitExceededException": ("SIZE_INVALID", 413),
    "AccessDeniedException": ("DENIED", 403),
    "ServerException": ("UNKNOWN", 500),
}


class RegistryError(Exception):
    """A refusal in the specification's words.

    Parameters
    ----------
    status : int
        The HTTP status.
    code : str
        For example ``BLOB_UNKNOWN``.
    message : str
        For people.
    headers : mapping
        Further headers of the answer.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})


def as_registry_error(error: AwsError) -> RegistryError:
    """ECR's error in the specification's words."""
    code, status = CODES.get(error.code, ("UNSUPPORTED", 400))
    return RegistryError(status, code, error.message)


@dataclass(frozen=True)
class HttpRequest:
    """What arrived, without its body.

    Parameters
    ----------
    method, path : str
        The path is decoded.
    query : dict
        Parameters by name; the last one counts.
    headers : dict
        By lower-case name.
    receive : callable
        Gives the body.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    receive: Receive

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body in pieces of about a megabyte.

        Raises
        ------
        ConnectionResetError
            When the client goes away before its end.
        """
        gathered: list[bytes] = []
        size = 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError
            body = message.get("body", b"")
            if body:
                gathered.append(body)
                size += len(body)
            if not message.get("more_body", False):
                break
            if size >= CHUNK:
                yield b"".join(gathered)
                gathered, size = [], 0
        if gathered:
            yield b"".join(gathered)

    async def small_body(self, most: int) -> bytes:
        """The whole body, if it is small.

        Raises
        ------
        RegistryError
            When it is larger.
        """
        found = b""
        async for piece in self.pieces():
            found += piece
            if len(found) > most:
                raise RegistryError(413, "SIZE_INVALID", f"The manifest has more than {most} bytes.")
        return found


def request_of(scope: Message, headers: dict[str, str], receive: Receive) -> HttpRequest:
    """A request from what ASGI tells."""
    raw = scope.get("raw_path") or scope["path"].encode()
    path = unquote(raw.decode("latin-1").partition("?")[0])
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return HttpRequest(scope["method"], path, query, headers, receive)


@dataclass(frozen=True)
class Answer:
    """An answer: a status, headers, and a body that is small or a part of a file."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    file: Path | None = None
    first: int = 0
    length: int = 0


def json_answer(content: object, headers: Mapping[str, str] | None = None, kind: str = "application/json") -> Answer:
    """A small JSON document."""
    return Answer(200, {"Content-Type": kind, **(headers or {})}, json.dumps(content).encode())


def error_answer(error: RegistryError) -> Answer:
    """An error body of the specification."""
    body = {"errors": [{"code": error.code, "message": error.message}]}
    return Answer(error.status, {"Content-Type": "application/json", **error.headers}, json.dumps(body).encode())


async def respond(send: Send, answer: Answer, method: str, threads: Executor) -> None:
    """Send an answer; a file goes piece by piece, the next one being read while one is sent."""
    length = answer.length if answer.file is not None else len(answer.body)
    headers = {**answer.headers, API_VERSION[0]: API_VERSION[1]}
    if answer.status != 204:
        headers.setdefault("Content-Length", str(length))
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    if answer.file is None or method == "HEAD":
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})
        return
    loop = asyncio.get_running_loop()
    pieces = _slices(answer.file, answer.first, answer.length)
    reading = loop.run_in_executor(threads, next, pieces, None)
    try:
        while (piece := await reading) is not None:
            reading = loop.run_in_executor(threads, next, pieces, None)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    finally:
        await asyncio.wait([reading])
        pieces.close()
    await send({"type": "http.response.body", "body": b""})


def _slices(path: Path, first: int, length: int) -> Generator[bytes, None, None]:
    with path.open("rb", buffering=0) as file:
        file.seek(first)
        while length > 0:
            piece = file.read(min(CHUNK, length))
            if not piece:
                return
            length -= len(piece)
            yield piece


async def store(request: HttpRequest, upload: Upload, threads: Executor) -> None:
    """Write a request's body to an upload; one piece is written while the next is received."""
    loop = asyncio.get_running_loop()
    writing: asyncio.Future[None] | None = None
    try:
        async for piece in request.pieces():
            if writing is not None:
                await writing
            writing = loop.run_in_executor(threads, upload.write, piece)
    finally:
        if writing is not None:
            await writing


def byte_range(text: str, size: int) -> tuple[int, int] | None:
    """First byte and length of a ``Range`` header; None when it asks for all, or for what this does not understand.

    Raises
    ------
    RegistryError
        416 when nothing of it is there.
    """
    unit, _, wanted = text.partition("=")
    first, dash, last = wanted.partition("-")
    if unit.strip() != "bytes" or not dash or "," in wanted or not (first + last).isdecimal():
        return None
    if first:
        begin, end = int(first), min(int(last) if last else size - 1, size - 1)
    else:
        begin, end = max(size - int(last), 0), size - 1
    if begin > end:
        raise RegistryError(416, "SIZE_INVALID", f"There are {size} bytes.", {"Content-Range": f"bytes */{size}"})
    return begin, end - begin + 1


def pages(names: list[str], query: Mapping[str, str], path: str) -> tuple[list[str], dict[str, str]]:
    """One page of a sorted list by ``n`` and ``last``, and the header that leads to the next.

    Raises
    ------
    RegistryError
        When `n` is no number.
    """
    rest = [name for name in names if name > query["last"]] if "last" in query else names
    if "n" not in query:
        return rest, {}
    if not query["n"].isdecimal():
        raise RegistryError(400, "PAGINATION_NUMBER_INVALID", f"n must be a number, not {query['n']!r}.")
    size = int(query["n"])
    found = rest[:size]
    more = {"Link": f'<{path}?n={size}&last={found[-1]}>; rel="next"'} if found and len(rest) > size else {}
    return found, more
