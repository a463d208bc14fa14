"""A real JupyterHub on loopback with the course's settings, and learners who log in and run cells."""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
import websocket

from tests.stage import ROOT
from tests.waiting import until

PASSWORD = "for-a-trial"
PATIENCE = 60.0  # seconds on a calm machine
CONTAINERS_MB = 300
USERS = os.environ.get("LAB_HUB_USERS") == "yes"
"""Whether learners are users of the system, made and removed here: needs root, and a course that all may read."""
CONFIG = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = "{password}"
c.Authenticator.allow_all = True
c.Spawner.environment = {{"KEPT": "by the course's settings"}}
c.Spawner.start_timeout = c.Spawner.http_timeout = 180
"""
SIMPLE = """
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{homes}/{{username}}"
c.Spawner.args = ["--allow-root"] if {root} else []
"""


def proxy() -> str:
    """The program that the hub needs in front: one of npm, or its likeness in Python."""
    beside = Path(sys.executable).with_name("configurable-http-proxy")
    return str(beside) if beside.exists() else shutil.which("configurable-http-proxy") or ""


def skip_without_hub() -> None:
    """Leave out the tests where there is no hub, and say how to get one."""
    if os.name == "nt" or find_spec("jupyterhub") is None or not proxy():
        pytest.skip("JupyterHub is not installed here: python -m uv pip install --group hub")


def free_ports(number: int) -> list[int]:
    """Ports that nobody has, and that this system gives to nobody by itself before the hub takes them."""
    found: list[int] = []
    while len(found) < number:
        port = random.randrange(10_000, 30_000)
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.append(port)
    return found


def answers(address: str) -> bool:
    return requests.get(f"{address}/hub/login", proxies={"no_proxy": "127.0.0.1"}, timeout=10).ok


class Learner:
    """One who has logged in; their server runs, and cells run in a kernel of theirs."""

    def __init__(self, hub: str, name: str) -> None:
        self.hub, self.name = hub, name
        self.page = requests.Session()  # with cookies, as a browser
        self.page.trust_env = False
        self._api = requests.Session()
        self._api.trust_env = False
        self._kernel: websocket.WebSocket | None = None

    def __enter__(self) -> "Learner":
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()
        self.page.close()
        self._api.close()

    def log_in(self) -> None:
        """Fill in the form, and take a token for the calls below."""
        self.page.get(f"{self.hub}/hub/login")
        form = {"username": self.name, "password": PASSWORD, "_xsrf": self._cookie()}
        answer = self.page.post(f"{self.hub}/hub/login", params={"next": "/hub/spawn"}, data=form)
        assert answer.status_code == 200, answer.text
        headers = {"X-XSRFToken": self._cookie(), "Referer": f"{self.hub}/hub/"}
        answer = self.page.post(f"{self.hub}/hub/api/users/{self.name}/tokens", headers=headers, json={})
        self._api.headers["Authorization"] = f"token {answer.json()['token']}"

    def _cookie(self) -> str:
        return next(one.value or "" for one in self.page.cookies if one.name == "_xsrf" and one.path == "/hub/")

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """Ask the hub or the learner's own server."""
        return self._api.request(method, f"{self.hub}{path}", allow_redirects=False, timeout=60, **more)

    def start(self) -> None:
        """Start the server, if it is not up, and wait until it answers."""
        self.ask("POST", f"/hub/api/users/{self.name}/server")
        until(lambda: not self._servers() or self._answers(), PATIENCE, every=0.2)
        assert self._servers(), "the server has ended; the hub's log says why"

    def stop(self) -> None:
        """Stop the server, as its page of the hub and a culler do, while a notebook is open."""
        self.ask("DELETE", f"/hub/api/users/{self.name}/server")
        until(lambda: not self._servers(), PATIENCE, every=0.2)
        self._leave()

    def _leave(self) -> None:
        if self._kernel:
            self._kernel.close()
            self._kernel = None

    def _servers(self) -> Any:
        return self.ask("GET", f"/hub/api/users/{self.name}").json()["servers"]

    def _answers(self) -> bool:
        return self.ask("GET", f"/user/{self.name}/api/status").status_code == 200

    def run(self, code: str) -> str:
        """What a cell shows: its text, and the HTML of what it answers. An error fails the test."""
        if self._kernel is None:
            kernel = self.ask("POST", f"/user/{self.name}/api/kernels", json={}).json()["id"]
            address = f"{self.hub.replace('http', 'ws', 1)}/user/{self.name}/api/kernels/{kernel}/channels"
            header = [f"Authorization: {self._api.headers['Authorization']!s}"]
            self._kernel = websocket.create_connection(address, PATIENCE, header=header, http_no_proxy=["127.0.0.1"])
        mine = uuid.uuid4().hex
        head = {"msg_id": mine, "username": self.name, "session": mine, "msg_type": "execute_request", "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = {"header": head, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        self._kernel.send(json.dumps(message))
        shown = []
        while True:
            answer = json.loads(self._kernel.recv())
            if answer["parent_header"].get("msg_id") != mine:
                continue
            kind, said = answer["msg_type"], answer["content"]
            if kind == "stream":
                shown.append(said["text"])
            elif kind in ("execute_result", "display_data"):
                shown += [said["data"].get(form, "") for form in ("text/plain", "text/html")]
            elif kind == "error":
                pytest.fail(f"{code}\n{said['ename']}: {said['evalue']}")
            elif kind == "status" and said["execution_state"] == "idle":
                return "\n".join(shown)


@contextmanager
def system_users(names: tuple[str, ...]) -> Iterator[None]:
    """Make users of the system with a home, and remove both."""
    for name in names:
        subprocess.run(["useradd", "--create-home", name], check=True)
    try:
        yield
    finally:
        for name in names:
            subprocess.run(["userdel", "--remove", name], check=False, capture_output=True)


@contextmanager
def hub(folder: Path, names: tuple[str, ...]) -> Iterator[dict[str, Learner]]:
    """Start a hub in a folder, log the learners in and start their servers; all ends with the block."""
    port, hub_port, proxy_port = free_ports(3)
    text = CONFIG.format(port=port, hub_port=hub_port, proxy_port=proxy_port, password=PASSWORD)
    text += "" if USERS else SIMPLE.format(homes=folder, root=os.geteuid() == 0)
    text += f'load_subconfig("{ROOT / "jupyter" / "hub_config.py"}")\n'
    (folder / "jupyterhub_config.py").write_text(text, encoding="utf-8")
    # Nothing of the tests' cloud goes into the hub.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LAB_", "JUPYTER"))}
    environment["LAB_CLASS_CONTAINERS_MB"] = str(CONTAINERS_MB)
    command = [sys.executable, "-m", "jupyterhub", "-f", "jupyterhub_config.py"]
    with (folder / "hub.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            until(lambda: process.poll() is not None or answers(address), PATIENCE, every=0.2)
            assert process.poll() is None, (folder / "hub.log").read_text(encoding="utf-8")
            with ExitStack() as stack:
                yield {name: stack.enter_context(Learner(address, name)) for name in names}
        finally:
            began = [one for one in psutil.process_iter() if _belongs(one, folder, names)]
            process.terminate()
            process.wait(4 * PATIENCE)
            left = psutil.wait_procs(began, 30)[1]
            assert [_told(one) for one in left] == []


def _belongs(process: psutil.Process, folder: Path, names: tuple[str, ...]) -> bool:
    """Was it started by the hub, or by a learner's server, kernel or cloud?"""
    try:
        return process.username() in names if USERS else process.environ().get("HOME", "").startswith(str(folder))
    except psutil.Error:
        return False


def _told(process: psutil.Process) -> str:
    with process.oneshot():
        return f"{process.pid}: {' '.join(process.cmdline())}"
