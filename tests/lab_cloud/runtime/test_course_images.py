"""The programs of the course's images, as they run."""

import http.client
import http.server
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from lab_cloud.runtime.process import ProcessHandle, ProcessRuntime
from lab_cloud.runtime.spec import ContainerSpec, Exit
from tests.waiting import until


class Web:
    """A container that answers HTTP."""

    def __init__(self, runtime: ProcessRuntime, image: str, **fields: Any) -> None:
        self.lines: list[str] = []
        self.handle: ProcessHandle = runtime.start(
            ContainerSpec("web", image, ports=(80,), on_output=lambda _, line: self.lines.append(line), **fields)
        )
        self.port = self.handle.ports[80]
        until(lambda: any("listening on 127.0.0.1" in line for line in self.lines))

    def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def raw(self, data: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(data)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@contextmanager
def metadata(answer: bytes) -> Iterator[str]:
    """A task metadata endpoint."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/v4/abc/task" else 404)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v4/abc"
        server.shutdown()


TASK = {
    "TaskARN": "arn:aws:ecs:us-east-1:123456789012:task/demo/0123456789abcdef",
    "Cluster": "demo",
    "Family": "web",
    "Revision": "7",
    "AvailabilityZone": "us-east-1b",
    "Containers": [{"Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": ["10.0.1.23"]}]}],
}


def test_hello_answers_every_path(runtime: ProcessRuntime) -> None:
    web = Web(runtime, "nginxdemos/hello", environment={"HOSTNAME": "ip-10-0-0-5"})
    for path in ("/", "/some/deep/path?x=<b>&y=1"):
        status, page = web.get(path)
        assert status == 200
        for text in ("Server address", "Server name", "ip-10-0-0-5", "Date", "URI", "course edition"):
            assert text in page
    assert "&lt;b&gt;&amp;y=1" in page
    assert "<b>" not in page
    until(lambda: [line for line in web.lines if '"GET /some/deep/path?x=<b>&y=1 HTTP/1.1" 200' in line])
    status, text = Web(runtime, "nginxdemos/hello:plain-text").get("/x")
    assert (status, text.splitlines()[-2:]) == (200, ["URI: /x", "Edition: course"])


def test_nginx_serves_its_files(runtime: ProcessRuntime) -> None:
    web = Web(runtime, "public.ecr.aws/nginx/nginx:latest")
    assert web.get("/")[0] == web.get("/index.html")[0] == 200
    assert "Welcome to nginx!" in web.get("/")[1]
    assert "Course edition" in web.get("/")[1]
    for path in ("/nope", "/../../../opt/course/task.py", "/%2e%2e/%2e%2e/%2e%2e/opt/course/task.py", "/%00"):
        assert web.get(path)[0] == 404, path
    assert web.get("/", "DELETE")[0] == 405
    assert web.get("/", "HEAD") == (200, "")
    web.handle.stop()
    assert web.handle.wait(20) == Exit(0)


def test_pages_ask_nothing_of_anybody(runtime: ProcessRuntime) -> None:
    for image in ("nginxdemos/hello", "nginx", "containers-on-aws/web:1"):
        page = Web(runtime, image).get("/")[1]
        assert not re.search(r"""(?:src|href|action)=["']?(?:https?:|/)|@import|url\(|<script""", page), image
        assert "color-scheme: light dark" in page
        assert '<html lang="en">' in page
        assert 'name="viewport"' in page


def test_web_shows_its_task(runtime: ProcessRuntime) -> None:
    with metadata(json.dumps(TASK).encode()) as uri:
        web = Web(runtime, "containers-on-aws/web:2", environment={"ECS_CONTAINER_METADATA_URI_V4": uri})
        known = json.loads(web.get("/json")[1])
        assert {key: known[key] for key in ("version", "task", "address", "zone", "family", "revision")} == {
            "version": "2",
            "task": "0123456789abcdef",
            "address": "10.0.1.23",
            "zone": "us-east-1b",
            "family": "web",
            "revision": "7",
        }
        page = web.get("/a/b")[1]
        assert all(text in page for text in ("Version 2", "0123456789abcdef", "10.0.1.23", "us-east-1b"))
        assert 'href="../json"' in page
        assert (
            "10.0.1.23:80"
            in Web(runtime, "nginxdemos/hello", environment={"ECS_CONTAINER_METADATA_URI_V4": uri}).get("/")[1]
        )


@pytest.mark.parametrize("answer", [b"", b"not json", b"{}", b"[]", b'{"TaskARN": "a/b", "Containers": null}'])
def test_web_lives_with_odd_metadata(runtime: ProcessRuntime, answer: bytes) -> None:
    with metadata(answer) as uri:
        web = Web(runtime, "containers-on-aws/web:1", environment={"ECS_CONTAINER_METADATA_URI_V4": uri})
        assert web.get("/")[0] == 200
        assert json.loads(web.get("/json")[1])["address"].startswith("127.0.0.1")


def test_versions_look_different(runtime: ProcessRuntime) -> None:
    one, two = (Web(runtime, f"containers-on-aws/web:{tag}").get("/")[1] for tag in ("1", "2"))
    assert "Version 1" in one
    assert "Version 2" in two
    assert re.findall(r"--accent: (#\w+)", one) != re.findall(r"--accent: (#\w+)", two)


def test_web_burns_and_holds(runtime: ProcessRuntime) -> None:
    web = Web(runtime, "containers-on-aws/web:1")
    before = web.handle.stats()
    assert web.get("/burn?ms=300")[0] == 200
    assert web.get("/hold?mb=80")[0] == 200
    after = web.handle.stats()
    assert after.cpu_seconds - before.cpu_seconds >= 0.3
    assert after.memory - before.memory > 75_000_000
    assert web.get("/hold?mb=0")[0] == 200
    until(lambda: web.handle.stats().memory < before.memory + 30_000_000)
    for path in ("/burn?ms=x", "/hold?mb=x", "/slow?seconds=x", "/fail?code=x"):
        assert web.get(path)[0] == 400


def test_web_falls_ill_and_recovers(runtime: ProcessRuntime) -> None:
    web = Web(runtime, "containers-on-aws/web:1")
    assert web.get("/health")[0] == 200
    assert web.get("/health/off")[0] == 200
    assert web.get("/health")[0] == 503
    assert web.get("/")[0] == 200
    assert web.get("/health/on")[0] == 200
    assert web.get("/health")[0] == 200


def test_web_fails_with_the_code_asked_for(runtime: ProcessRuntime) -> None:
    web = Web(runtime, "containers-on-aws/web:1")
    assert web.get("/fail?code=42")[0] == 200
    assert web.handle.wait(20) == Exit(42)
    web = Web(runtime, "containers-on-aws/web:1")
    web.get("/fail")
    assert web.handle.wait(20) == Exit(1)


def test_the_broken_versions_are_broken(runtime: ProcessRuntime) -> None:
    handle = runtime.start(ContainerSpec("web", "containers-on-aws/web:broken-exit", ports=(80,)))
    assert handle.wait(20) == Exit(1)
    web = Web(runtime, "containers-on-aws/web:broken-health")
    assert {web.get(path)[0] for path in ("/", "/health", "/json")} == {503}


def test_stop_finishes_what_was_begun(runtime: ProcessRuntime) -> None:
    web = Web(runtime, "containers-on-aws/web:1", stop_timeout=20.0)
    idle = socket.create_connection(("127.0.0.1", web.port))
    answers: list[tuple[int, str]] = []
    asking = threading.Thread(target=lambda: answers.append(web.get("/slow?seconds=1")))
    asking.start()
    # A request that is being answered shows in no log yet; a second one shows that the first has arrived.
    until(lambda: json.loads(web.get("/json")[1])["requests"] >= 2)
    web.handle.stop()
    assert web.handle.wait(20) == Exit(0)
    asking.join()
    assert answers == [(200, "answered after 1 s\n")]
    assert idle.recv(10) == b""
    idle.close()
    assert web.lines[-1] == "stopped"


def test_connections_stay_open(runtime: ProcessRuntime) -> None:
    web = Web(runtime, "containers-on-aws/web:1")
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=20)
    connection.connect()
    first = connection.sock
    for _ in range(5):
        connection.request("POST", "/json", body=b"x" * 100_000)
        assert connection.getresponse().read()
        assert connection.sock is first
    connection.close()
    ask = b"GET /health HTTP/1.1\r\nHost: x\r\n"
    pipelined = (ask + b"\r\n") * 2 + ask + b"Connection: close\r\n\r\n"
    assert web.raw(pipelined).count(b"HTTP/1.1 200 OK") == 3
    assert web.raw(b"GET /health HTTP/1.0\r\n\r\n").count(b"Connection: close") == 1


CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (CHUNKED + b"3\r\nabc\r\n5;ext=1\r\ndefgh\r\n0\r\nTrailer: x\r\n\r\n", 200),
        (CHUNKED + b"zz\r\n", 400),
        (CHUNKED + b"ffffffff\r\n", 413),
    ],
    ids=["words", "colon", "negative", "large", "encoding", "headers", "chunks", "chunk size", "large chunk"],
)
def test_odd_requests_are_answered(runtime: ProcessRuntime, data: bytes, status: int) -> None:
    web = Web(runtime, "containers-on-aws/web:1")
    assert web.raw(data).startswith(f"HTTP/1.1 {status} ".encode())
    assert web.get("/health")[0] == 200


def test_many_at_once(runtime: ProcessRuntime) -> None:
    web = Web(runtime, "containers-on-aws/web:1")
    with ExitStack() as stack:
        for _ in range(50):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=20))
            connection.sendall(b"GET /slow?seconds=600 HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: json.loads(web.get("/json")[1])["requests"] > 50)
        assert web.get("/health")[0] == 200
