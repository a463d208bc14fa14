"""A gigabyte through the load balancer, each way: speed, and how much memory its process needs more meanwhile.

Run with ``python -m bench streaming``.
"""

import asyncio
import socket
import sys
import threading
import time

import psutil

from bench.report import Report
from bench.through import balancer, serve, target

GIGABYTE = 1_000_000_000
PIECE = b"x" * 1_000_000
MOST_MB = 20.0


def run(report: Report, rounds: int) -> None:
    """Measure and report."""
    report.section("A body of 1 GB through the load balancer")
    names = {"down": "from the target to the client", "up": "from the client to the target"}
    with target("bench.streaming") as port, balancer(port) as (front, process):
        for way, name in names.items():
            move(way, front, len(PIECE) * 20)  # what is needed once
            speeds, growths, direct = [], [], []
            for _ in range(max(1, rounds // 3)):
                with Watch(process) as watch:
                    speeds.append(move(way, front))
                growths.append(watch.growth)
                direct.append(move(way, port))
            report.figure(f"{name}: memory", growths, "MB", most=MOST_MB)
            own = report.figure(f"{name}: speed", speeds, "MB/s")
            theirs = report.figure(f"{name}: speed without the load balancer", direct, "MB/s")
            report.ratio("of that, with the load balancer", theirs, own)


def move(way: str, port: int, size: int = GIGABYTE) -> float:
    """Megabytes per second of one body."""
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        if way == "down":
            sock.sendall(b"GET /%d HTTP/1.1\r\nHost: bench\r\n\r\n" % size)
            head = read_head(sock)
            received = len(head.partition(b"\r\n\r\n")[2])
            while received < size:
                received += len(sock.recv(1 << 20))
        else:
            sock.sendall(b"POST / HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(size // len(PIECE)):
                sock.sendall(PIECE)
            if b" 200 " not in (head := read_head(sock)):
                raise RuntimeError(f"the body did not arrive: {head!r}")
    return size / 1e6 / (time.perf_counter() - began)


def read_head(sock: socket.socket) -> bytes:
    """A head, and what came with it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            raise RuntimeError(f"cut off: {data!r}")
        data += piece
    return data


class Watch:
    """How much memory, in MB, a process needs more than at the start, at most."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.growth = 0.0

    def _look(self) -> None:
        while not self._over.wait(0.01):
            self.growth = max(self.growth, (self._process.memory_info().rss - self._before) / 1e6)

    def __enter__(self) -> "Watch":
        self._before = self._process.memory_info().rss
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The target: sends as much as the path asks for, or counts what comes."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if head.startswith(b"get /"):
                size = int(head.split(b" ")[1][1:])
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
                for _ in range(size // len(PIECE)):
                    writer.write(PIECE)
                    await writer.drain()
            else:
                left = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
                while left:
                    left -= len(await reader.read(min(left, 1 << 20)))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    except (OSError, asyncio.IncompleteReadError):
        writer.close()


if __name__ == "__main__":
    serve(int(sys.argv[sys.argv.index("--target") + 1]), answer)
