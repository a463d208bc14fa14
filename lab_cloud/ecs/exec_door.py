"""The sessions of ECS Exec, and the WebSocket over which the output of a command comes.

On AWS the agent beside a container opens a channel to Systems Manager, and the caller another; here the cloud stands in
for both ends on loopback. A command gets no input and runs to its end; then its output comes, and the session closes.
"""

import asyncio
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from ..clock import Clock
from ..errors import CannotStart
from ..runtime.spec import Handle
from .exec_messages import CLOSED, OUTPUT, Message, closing, encode

PREFIX = "/v1/data-channel/"
UNUSED_SECONDS = 60.0
"""A session that nobody opens is forgotten."""
LONGEST_SECONDS = 1200.0
"""As on AWS, where a session ends after 20 minutes in which nothing comes."""
PIECE = 1024
THREADS = 8
POLICY_VIOLATION = 1008

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Session:
    """One command that is to run in a container.

    Parameters
    ----------
    id, token : str
        Its name, and what must be shown to open it.
    handle : Handle
        The container.
    argv : tuple of str
        The command.
    until : float
        Epoch seconds until which it can be opened.
    """

    id: str
    token: str = field(repr=False)
    handle: Handle = field(repr=False)
    argv: tuple[str, ...]
    until: float


class ExecDoor:
    """Knows the sessions that can be opened, and opens each once.

    Parameters
    ----------
    endpoint : str
        The cloud's URL.
    lock : RLock
        The world's.
    clock : Clock
        The time.
    """

    def __init__(self, endpoint: str, lock: AbstractContextManager[Any], clock: Clock) -> None:
        self._base = endpoint.replace("http", "ws", 1) + PREFIX
        self._lock = lock
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._threads: ThreadPoolExecutor | None = None

    def make(self, handle: Handle, argv: tuple[str, ...]) -> dict[str, str]:
        """A new session as ExecuteCommand shows it; under the lock."""
        now = self._clock.now()
        for old in [one.id for one in self._sessions.values() if one.until < now]:
            del self._sessions[old]
        name = f"ecs-execute-command-{secrets.token_hex(9)}"[:37]
        made = self._sessions[name] = Session(name, secrets.token_urlsafe(48), handle, argv, now + UNUSED_SECONDS)
        return {
            "sessionId": name,
            "streamUrl": f"{self._base}{name}?role=publish_subscribe",
            "tokenValue": made.token,
        }

    async def __call__(self, path: str, receive: Receive, send: Send) -> None:
        """Serve one WebSocket."""
        if (await receive())["type"] != "websocket.connect":
            return
        await send({"type": "websocket.accept"})
        session = self._open(path.removeprefix(PREFIX), await receive())
        if session is None:
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": "no such session"})
            return
        work = asyncio.get_running_loop().run_in_executor(self._pool(), _run, session)
        output, note = await work
        number = 0
        for begin in range(0, len(output), PIECE):
            await self._say(send, Message(OUTPUT, number, output[begin : begin + PIECE]))
            number += 1
        await self._say(send, Message(CLOSED, number, closing(session.id, note, self._clock.now())))
        await send({"type": "websocket.close", "code": 1000})

    async def _say(self, send: Send, message: Message) -> None:
        await send({"type": "websocket.send", "bytes": encode(message, self._clock.now())})

    def _open(self, name: str, first: MutableMapping[str, Any]) -> Session | None:
        """The session that a client's first message opens; it is open to nobody else then."""
        try:
            token = str(json.loads(first.get("text") or first.get("bytes") or "null")["TokenValue"])
        except (ValueError, TypeError, KeyError):
            return None
        with self._lock:
            found = self._sessions.get(name)
            if found is None or found.until < self._clock.now() or not hmac.compare_digest(found.token, token):
                return None
            return self._sessions.pop(name)

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="exec")
        return self._threads

    def close(self) -> None:
        """Let go of the threads."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)


def _run(session: Session) -> tuple[bytes, str]:
    """Run the command; its output, and what is to be said at the end."""
    try:
        result = session.handle.exec(session.argv, LONGEST_SECONDS)
    except CannotStart as failure:
        return b"", f"Unable to start command: {failure.message}"
    if result.timed_out:
        return result.output.encode(), f"The command was ended after {LONGEST_SECONDS:g} seconds."
    return result.output.encode(), f"The command exited with code {result.code}." if result.code else ""
