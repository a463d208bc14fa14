"""A hundred WebSockets through the load balancer at the same time, beside the same without it.

Each sends a message, waits for its echo and sends the next. Run with ``python -m bench websockets``.
"""

import asyncio
import sys
import time

from bench.proxy import loop_factory
from bench.report import Report
from bench.through import balancer, serve, target

CONNECTIONS = 100
SECONDS = 3.0
SIZE = 100
OFFER = (
    b"GET /chat HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
TAKEN = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
MESSAGE = bytes([0x82, 0x80 | SIZE]) + bytes(4) + b"x" * SIZE  # one masked binary frame
ECHO = bytes([0x82, SIZE]) + b"x" * SIZE


def run(report: Report, rounds: int) -> None:
    """Measure and report."""
    report.section(f"{CONNECTIONS} WebSockets at the same time through the load balancer")
    through: list[float] = []
    direct: list[float] = []
    slowest: list[float] = []
    opened: list[float] = []
    with target("bench.websockets") as port, balancer(port) as (front, _process):
        for _ in range(rounds):
            latencies, open_now = measure(front)
            opened.append(open_now)
            through.append(len(latencies) / SECONDS)
            slowest.append(latencies[int(len(latencies) * 0.99)] * 1000)
            direct.append(len(measure(port)[0]) / SECONDS)
    report.figure("open at the end, each with all its echoes", opened, "", least=CONNECTIONS)
    own = report.figure("messages and echoes per second", through, "1/s")
    report.figure("time to the echo, 99th percentile", slowest, "ms")
    theirs = report.figure("messages and echoes per second without the load balancer", direct, "1/s")
    report.ratio("of that, with the load balancer", theirs, own)


def measure(port: int) -> tuple[list[float], int]:
    """All times from a message to its echo, in order; and how many connections were open at the end."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_measure(port))


async def _measure(port: int) -> tuple[list[float], int]:
    pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    for reader, writer in pairs:
        writer.write(OFFER)
        await reader.readuntil(b"\r\n\r\n")
    latencies: list[float] = []
    until = time.perf_counter() + SECONDS
    ended = await asyncio.gather(*(_talk(reader, writer, until, latencies) for reader, writer in pairs))
    for _reader, writer in pairs:
        writer.close()
    return sorted(latencies), sum(ended)


async def _talk(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, until: float, latencies: list[float]
) -> bool:
    try:
        while (began := time.perf_counter()) < until:
            writer.write(MESSAGE)
            if await reader.readexactly(len(ECHO)) != ECHO:
                return False
            latencies.append(time.perf_counter() - began)
    except (OSError, asyncio.IncompleteReadError):
        return False
    return True


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The target: takes the offer, and answers each frame with its payload."""
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(TAKEN)
        while True:
            await reader.readexactly(len(MESSAGE))
            writer.write(ECHO)
    except (OSError, asyncio.IncompleteReadError):
        writer.close()


if __name__ == "__main__":
    serve(int(sys.argv[sys.argv.index("--target") + 1]), echo)
