"""What a container has written, kept for ``kubectl logs``, and read as it asks."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable

from ..kubernetes.answers import LogOptions
from ..kubernetes.names import micro_timestamp

MOST_BYTES = 1024 * 1024
"""What is kept of one run; the oldest lines go first. A real node keeps five files of 10 MiB."""
PIECE = 500
"""Lines that go out together."""
Line = tuple[float, str]


class Output:
    """The last lines of one run of a container."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque()
        self._size = 0
        self._count = 0
        self._ended = False
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def add(self, when: float, line: str) -> None:
        """One more line; from a thread of the runtime."""
        with self._lock:
            self._lines.append((when, line))
            self._count += 1
            self._size += len(line) + 1
            while self._size > MOST_BYTES and len(self._lines) > 1:
                self._size -= len(self._lines.popleft()[1]) + 1
        self._tell()

    def end(self) -> None:
        """There is no more to come."""
        self._ended = True
        self._tell()

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()

    def after(self, seen: int) -> tuple[list[Line], int, bool]:
        """The lines kept after the first `seen`, how many there have been, and whether that is all."""
        with self._lock:
            ended = self._ended
            if seen >= self._count:
                return [], self._count, ended
            first = self._count - len(self._lines)
            return list(self._lines)[max(seen - first, 0) :], self._count, ended

    async def read(self, options: LogOptions, now: float) -> AsyncIterator[bytes]:
        """What is asked for, in pieces.

        Parameters
        ----------
        options : LogOptions
            What is asked for.
        now : float
            Epoch seconds.
        """
        left = options.limit
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            loop.call_soon_threadsafe(changed.set)

        self._listeners.append(tell)
        try:
            lines, seen, ended = self.after(0)
            if options.since is not None:
                lines = [each for each in lines if each[0] >= now - options.since]
            if options.tail is not None:
                lines = lines[max(len(lines) - options.tail, 0) :]
            while True:
                for start in range(0, len(lines), PIECE):
                    piece = b"".join(_bytes(each, options) for each in lines[start : start + PIECE])
                    if left is not None:
                        piece = piece[:left]
                        left -= len(piece)
                    yield piece
                    if left == 0:
                        return
                if ended or not options.follow:
                    return
                await changed.wait()
                changed.clear()
                lines, seen, ended = self.after(seen)
        finally:
            self._listeners.remove(tell)


def _bytes(line: Line, options: LogOptions) -> bytes:
    when, text = line
    return (f"{micro_timestamp(when)} {text}\n" if options.timestamps else f"{text}\n").encode()
