"""Other local clouds from the package index, started as their users start them."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config

KEY = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "secret", "region_name": "us-east-1"}


@dataclass
class Peer:
    """One running peer."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    began: float

    def client(self, service: str) -> Any:
        """A client that reaches it."""
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=20)
        return boto3.client(service, endpoint_url=f"http://127.0.0.1:{self.port}", config=config, **KEY)

    def memory_mb(self) -> float:
        """Resident memory of its processes."""
        tree = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        return sum(each.memory_info().rss for each in tree) / 1e6


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def available(name: str) -> bool:
    """Whether a peer is installed."""
    return name == "moto" or shutil.which(name, path=str(Path(sys.executable).parent)) is not None


@contextmanager
def peer(name: str) -> Iterator[Peer]:
    """Start a peer on a free port."""
    port = free_port()
    folder = tempfile.mkdtemp()
    environment = {**os.environ, "GATEWAY_PORT": str(port), "TMPDIR": folder, "HOME": folder}
    binary = str(Path(sys.executable).parent / name)
    argv = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)] if name == "moto" else [binary]
    began = time.perf_counter()
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield Peer(name, port, process, began)
    finally:
        for each in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
            each.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)
