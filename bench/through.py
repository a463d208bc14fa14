"""What the benches of the load balancer share: its data plane in a process of its own, and a target in another."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import psutil

from bench.proxy import free_port, loop_factory, process

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextmanager
def balancer(target: int) -> Iterator[tuple[int, psutil.Process]]:
    """The data plane with one listener; its port, and its process."""
    port = free_port()
    command = [sys.executable, "-m", "bench.proxy", "--serve", str(port), str(target)]
    with process(command, port, core=0) as running:
        yield port, psutil.Process(running.pid)


@contextmanager
def target(module: str) -> Iterator[int]:
    """A bench's own target, started as ``python -m MODULE --target PORT``."""
    port = free_port()
    with process([sys.executable, "-m", module, "--target", str(port)], port, core=1):
        yield port


def serve(port: int, handle: Serve) -> None:
    """Be that target until somebody ends this process."""

    async def forever() -> None:
        server = await asyncio.start_server(handle, "127.0.0.1", port, limit=1 << 20)
        await server.serve_forever()

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(forever())
