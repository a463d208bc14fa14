"""The commands on images, against a real cloud."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.stage import ROOT, Place, RunningCloud
from tests.waiting import until

PROGRAM = """\
import http.server, os

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ['TEXT'].encode()
        self.send_response(200)
        self.send_header('content-length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.HTTPServer(('127.0.0.1', int(os.environ.get('PORT', '80'))), Page).serve_forever()
"""
DOCKERFILE = """\
FROM python:3.12-alpine
COPY main.py /app/
ENV TEXT=built-here
EXPOSE 80
CMD ["python", "/app/main.py"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(PROGRAM)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    return tmp_path


def test_ecs_runs_what_was_built(cloud: RunningCloud, place: Place, folder: Path) -> None:
    said = cloud.command("build", "-t", "web:1", str(folder)).stdout
    assert "[2/5] COPY main.py /app/" in said
    assert "tagged web:1" in said
    name, group = place.balancer()
    service = place.serve(place.definition("web:1"), 1, group)
    place.until_steady(service)
    with urllib.request.urlopen(cloud.url(name), timeout=10) as answer:
        assert answer.read() == b"built-here"
    assert "CACHED" in cloud.command("build", "-t", "web:1", str(folder)).stdout
    place.ecs.delete_service(cluster=place.name, service=service, force=True)


def test_list_history_tag_and_remove(cloud: RunningCloud, folder: Path) -> None:
    built = json.loads(cloud.command("build", "--json", "-t", "one:1", str(folder)).stdout.splitlines()[-1])["result"]
    assert built["names"] == ["docker.io/library/one:1"]
    cloud.command("tag", "one:1", "two:1")
    found = json.loads(cloud.command("images", "--json").stdout)["result"]["images"]
    images = {image["name"]: image for image in found}
    one = images["docker.io/library/one:1"]
    assert one["mine"] and one["digest"] == built["digest"]
    assert "docker.io/library/two:1" in one["layers"][0]["shared_with"]
    assert one["layers"][0]["created_by"] == "COPY main.py /app/"
    assert "docker.io/library/two:1" in cloud.command("images").stdout
    told = cloud.command("history", built["digest"][:19]).stdout.splitlines()
    assert told[0].split() == ["LAYER", "SIZE", "CREATED", "BY"]
    assert told[1].endswith('CMD ["python", "/app/main.py"]')
    assert "Removed docker.io/library/two:1" in cloud.command("rmi", "two:1").stdout
    assert "There is no image two:1" in cloud.command("rmi", "two:1", code=1).stderr
    assert "There is no image two:1" in cloud.command("history", "two:1", code=1).stderr


def test_lines_come_while_a_step_runs(cloud: RunningCloud, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; s = socket.create_connection(('127.0.0.1', {server.getsockname()[1]})); s.recv(1)"
        (folder / "Dockerfile").write_text(f'FROM python\nRUN python -c "{code}; print(7)"\n')
        words = [sys.executable, "-m", "lab_cloud", "build", "--no-cache", str(folder)]
        with subprocess.Popen(words, cwd=ROOT, env=cloud.environment, stdout=subprocess.PIPE, text=True) as build:
            assert build.stdout is not None
            server.settimeout(30)
            connection, _ = server.accept()
            with connection:
                heads = [build.stdout.readline() for _ in range(3)]  # while the step waits for us
                assert heads[2].endswith("running …\n")
                connection.send(b"x")
            rest = build.stdout.read()
    assert "    7\n" in rest
    assert "done, no new layer" in rest


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGINT for one process")
def test_ctrl_c_says_that_the_cloud_goes_on(cloud: RunningCloud, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; s = socket.create_connection(('127.0.0.1', {server.getsockname()[1]})); s.recv(1)"
        (folder / "Dockerfile").write_text(f'FROM python\nRUN python -c "{code}"\n')
        words = [sys.executable, "-m", "lab_cloud", "build", "--no-cache", "-t", "left:1", str(folder)]
        pipe = subprocess.PIPE
        # a child inherits that SIGINT is ignored, as it is where a shell runs the tests in the background
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        build = subprocess.Popen(words, cwd=ROOT, env=cloud.environment, stdout=pipe, stderr=pipe, text=True)
        signal.signal(signal.SIGINT, before)
        with build:
            server.settimeout(30)
            connection, _ = server.accept()
            with connection:
                build.send_signal(signal.SIGINT)
                _, said = build.communicate(timeout=30)
                assert said.startswith("You no longer follow it, but the cloud goes on with this build.")
    until(lambda: "library/left:1" in cloud.command("images").stdout)


def test_save_and_load(cloud: RunningCloud, folder: Path, tmp_path: Path) -> None:
    cloud.command("build", "-t", "kept:1", str(folder))
    before = json.loads(cloud.command("history", "--json", "kept:1").stdout)["result"]["digest"]
    said = cloud.command("save", "kept:1", "-o", str(tmp_path / "kept.tar")).stdout
    assert "docker.io/library/kept:1" in said
    assert "is empty in this cloud, so no Python is in it" in said
    cloud.command("rmi", "kept:1")
    assert "as kept:1" in cloud.command("load", "-i", str(tmp_path / "kept.tar")).stdout
    assert json.loads(cloud.command("history", "--json", "kept:1").stdout)["result"]["digest"] == before
    (tmp_path / "bad.tar").write_bytes(b"bad")
    assert "is no archive of images" in cloud.command("load", "-i", str(tmp_path / "bad.tar"), code=1).stderr


def test_what_is_wrong_is_said_with_its_line(cloud: RunningCloud, folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM python\nCOPI main.py /\n")
    refused = cloud.command("build", str(folder), code=1).stderr.splitlines()
    assert refused[0] == "Dockerfile line 2: unknown instruction COPI: COPI main.py /"
    assert "COPY" in refused[1]
    assert "--build-arg X=VALUE" in cloud.command("build", "--build-arg", "X", str(folder), code=1).stderr
    assert "no folder" in cloud.command("build", str(folder / "nope"), code=1).stderr


def test_without_a_cloud_it_says_what_to_do(new_cloud: RunningCloud, folder: Path) -> None:
    assert "python -m lab_cloud up" in new_cloud.command("build", str(folder), code=1).stderr
