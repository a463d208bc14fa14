"""The sender as a process, against real servers on loopback."""

import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from lab_helpers.load import Load
from lab_helpers.load.plan import plan
from lab_helpers.load.report import Report
from tests.lab_helpers.load.servers import OK, Handler, always, closed_port, serving, status

pytestmark = pytest.mark.usefixtures("home")


def run(url: str, count: int = 50, seconds: float = 0.5, **more: Any) -> Report:
    """A whole load of so many requests; an AWS minute is a second."""
    return Load(plan(url, count / seconds, seconds, 60.0, **more), seconds, 60.0).wait()


def test_every_request_is_sent_and_answered() -> None:
    with serving(always(OK)) as server:
        report = run(server.url)
    assert report.summary == "50 requests, 50 answered, 0 failed"
    assert report.state == "done"
    assert 0 < report.latency.p50 <= report.latency.p90 <= report.latency.p99 <= report.latency.longest
    assert len(server.seen) == 50


def test_none_is_sent_before_it_is_due() -> None:
    begin = time.monotonic()
    with serving(always(OK)) as server:
        run(server.url, count=20, seconds=1.0)
    assert [at >= begin + number / 20 - 0.002 for number, (at, _) in enumerate(sorted(server.seen))] == [True] * 20


def test_connections_are_kept() -> None:
    with serving(always(OK)) as server:
        run(server.url, count=10)
        assert server.connections < 10


def test_each_kind_of_failure_is_told() -> None:
    turns = [status(503), status(404), OK, status(301)]
    lock = threading.Lock()
    counted = 0

    def answer(_handler: Handler, _head: bytes) -> bytes:
        nonlocal counted
        with lock:
            counted += 1
            return turns[counted % 4]

    with serving(answer) as server:
        report = run(server.url, count=40)
    assert report.failures == (("404", 10), ("503", 10))
    assert report.answered == 20
    assert "404 Not Found: 10, 503 Service Unavailable: 10" in report.summary


def test_nobody_listens() -> None:
    report = run(f"http://127.0.0.1:{closed_port()}/", count=20)
    assert report.summary == "20 requests, 0 answered, 20 failed (connection refused: 20)"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (None, "connection closed without an answer"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", ""),
        (b"HTTP/1.0 200 OK\r\n\r\nends with the connection", ""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", ""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "answer cut short"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, ""),
    ],
)
def test_strange_answers(answer: bytes | None, kind: str) -> None:
    def once(handler: Handler, _head: bytes) -> None:
        if answer:
            handler.request.sendall(answer)

    with serving(once) as server:
        report = run(server.url, count=10)
    assert report.failures == (((kind, 10),) if kind else ())
    assert report.answered == (0 if kind else 10)


def test_a_connection_that_was_closed_while_idle_is_no_failure() -> None:
    def answer(handler: Handler, _head: bytes) -> None:
        handler.request.sendall(OK)  # and closes, although it did not say so

    with serving(answer) as server:
        report = run(server.url)
    assert report.summary == "50 requests, 50 answered, 0 failed"


def test_a_slow_server_is_not_flattered() -> None:
    """It stands still once, and the requests that were due meanwhile have waited."""
    lock = threading.Lock()
    first = time.monotonic()

    def answer(_handler: Handler, _head: bytes) -> bytes:
        with lock:
            if time.monotonic() - first > 0.5 and not stalled.is_set():
                stalled.set()
                until = time.monotonic() + 0.8
                while time.monotonic() < until:  # holds the lock: nobody is answered
                    threading.Event().wait(0.01)
        return OK

    stalled = threading.Event()
    with serving(answer) as server:
        report = run(server.url, count=100, seconds=2.0)
    assert report.answered == 100
    # 0.8 s of 2 s: about 40 of the 100 were due while it stood still. Asked one by one, only one would have waited.
    assert report.latency.p90 > 0.3
    assert report.latency.longest > 0.7


def test_a_timeout_counts_as_the_wait_that_it_was() -> None:
    gate = threading.Event()

    def answer(_handler: Handler, _head: bytes) -> bytes:
        gate.wait(20)
        return OK

    with serving(answer) as server:
        report = run(server.url, count=20, timeout=0.5)
        gate.set()
    assert report.failures == (("timeout", 20),)
    assert report.latency.p50 >= 0.49


def test_method_headers_and_body_arrive() -> None:
    with serving(always(OK)) as server:
        report = run(f"{server.url}buy?n=1", count=5, method="POST", body="tea", headers={"X-Who": "me"})
    assert report.answered == 5
    assert server.seen[0][1].startswith(b"POST /buy?n=1 HTTP/1.1\r\n")
    assert b"X-Who: me\r\n" in server.seen[0][1]
    assert server.seen[0][1].endswith(b"\r\n\r\ntea")


def test_a_post_is_never_sent_twice() -> None:
    with serving(always(None)) as server:
        report = run(server.url, count=10, method="POST")
    assert report.failed == 10
    assert len(server.seen) == 10


def test_tls_with_a_certificate_of_this_machine(tmp_path: Path) -> None:
    key, certificate = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving(always(OK)) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        report = run(server.url.replace("http:", "https:"), count=10)
    assert report.summary == "10 requests, 10 answered, 0 failed"


def test_without_a_notebook_it_does_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lab_helpers.load.sender"],
        input="", text=True, capture_output=True, timeout=20, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _certificate(folder: Path) -> tuple[Path, Path]:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lab")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return folder / "key.pem", folder / "certificate.pem"
