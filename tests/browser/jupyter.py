"""A JupyterLab of its own, with its own settings, and what a test needs to steer it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Page, Request

from tests.browser.axe import OURS, violations
from tests.labs.running import compared
from tests.stage import RunningCloud
from tests.waiting import until
from tools.notebooks import ROOT, STARTS, fresh_cloud, read

TOKEN = "a-test"
STOPS = 8  # presses of Tab from a cell to its output: the cell's own buttons come before
LONG, VERY_LONG = 120_000, 600_000  # milliseconds: what a page may need on a busy machine, and what a lab may
SETTINGS: dict[str, dict[str, Any]] = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    # Every cell is in the page, also those out of sight.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "docmanager-extension/plugin": {"autosave": False},
}


class Jupyter:
    """Where it answers, how it looks, and where the cloud of its kernels keeps its state."""

    def __init__(self, url: str, folder: Path, lab_home: Path, theme: str) -> None:
        self.url = url
        self.folder = folder
        self.lab_home = lab_home
        self.theme = theme
        self.cloud = RunningCloud(lab_home)  # a test may put its hand in, to hold still what would pass

    def ask(self, path: str, method: str = "GET") -> bytes:
        """Ask Jupyter's own API."""
        request = urllib.request.Request(f"{self.url}/api/{path}?token={TOKEN}", method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return bytes(answer.read())

    def clear(self) -> None:
        """End what the notebooks have started, and forget what they have made."""
        for session in json.loads(self.ask("sessions")):
            self.ask(f"sessions/{session['id']}", "DELETE")
        assert json.loads(self.ask("kernels")) == []
        self.cloud.command("down")
        until(lambda: shutil.rmtree(self.lab_home) is None)
        self.lab_home.mkdir()
        self.cloud = RunningCloud(self.lab_home)  # the next cloud has other keys

    @contextmanager
    def draining_lasts(self, group: str) -> Iterator[None]:
        """Hold each target of a target group that begins to drain in the block in that state until its end."""
        elb = self.cloud.client("elbv2")
        arn = elb.describe_target_groups(Names=[group])["TargetGroups"][0]["TargetGroupArn"]

        def delay(seconds: int) -> None:
            attributes = [{"Key": "deregistration_delay.timeout_seconds", "Value": str(seconds)}]
            elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=attributes)

        delay(3600)
        yield
        delay(0)
        # A delay counts from the moment at which it begins, so it begins anew.
        for one in elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]:
            if one["TargetHealth"]["State"] == "draining":
                elb.register_targets(TargetGroupArn=arn, Targets=[one["Target"]])
                elb.deregister_targets(TargetGroupArn=arn, Targets=[one["Target"]])
        delay(30)


@contextmanager
def jupyter(temporary: Path, theme: str) -> Iterator[Jupyter]:
    """Start JupyterLab on copies of the labs, `light` or `dark`; it ends with the block."""
    folder = temporary / "labs"
    folder.mkdir()
    for notebook in (ROOT / "labs").glob("*.ipynb"):
        shutil.copy(notebook, folder)
    themes = {"apputils-extension/themes": {"theme": f"JupyterLab {theme.title()}"}}
    for name, content in (SETTINGS | themes).items():
        path = temporary / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
    with fresh_cloud() as environment:
        places = ("config", "data", "runtime", "settings", "workspaces")
        names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
        names += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
        environment |= {name: str(temporary / place) for name, place in zip(names, places, strict=True)}
        log = temporary / "jupyter.log"
        for _ in range(STARTS):  # another program may take the port before JupyterLab does
            server, url = begin(folder, environment, log)
            if server.poll() is None:
                break
        try:
            assert server.poll() is None, log.read_text(encoding="utf-8")
            yield Jupyter(url, folder, Path(environment["LAB_HOME"]), theme)
        finally:
            server.terminate()
            server.wait(20)


def begin(folder: Path, environment: dict[str, str], log: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start a JupyterLab on a free port and wait until it answers, or has ended; its process and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={TOKEN}"]
    command += ["--LabApp.expose_app_in_browser=True"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    url = f"http://127.0.0.1:{port}"
    status = f"{url}/api/status?token={TOKEN}"
    with log.open("w") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
    try:
        until(lambda: server.poll() is not None or urllib.request.urlopen(status, timeout=5), seconds=120)
    except BaseException:
        server.kill()
        server.wait()
        raise
    return server, url


class Lab:
    """One notebook open in a page.

    A test runs the notebook up to a cell, looks, and runs on: what the cells have made stays while it looks. What only
    passes by while a cell runs is not waited for, since a busy machine may miss it.
    """

    def __init__(self, page: Page, server: Jupyter, notebook: str) -> None:
        self.page = page
        self.elsewhere: list[str] = []
        self._server = server
        self._notebook = notebook
        self._next = 0
        page.on("request", self._note)
        page.goto(f"{server.url}/lab/tree/{notebook}?token={TOKEN}&reset")
        page.wait_for_selector(".jp-CodeCell", timeout=LONG)
        light = str(server.theme == "light").lower()
        page.wait_for_selector(f"body[data-jp-theme-light={light}]", timeout=LONG, state="attached")
        page.wait_for_selector("#jupyterlab-splash", timeout=LONG, state="detached")
        # Cells that are asked to run before the kernel is there bring up a dialog that asks for one.
        page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.ready; }")
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=LONG, state="attached")

    def _note(self, request: Request) -> None:
        if not request.url.startswith((self._server.url, "data:", "blob:", "about:")):
            self.elsewhere.append(request.url)

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """Run one of JupyterLab's commands; does not wait for what it starts."""
        self.page.evaluate("([n, a]) => { window.jupyterapp.commands.execute(n, a); }", [name, arguments or {}])

    def begin(self, words: str = "") -> None:
        """Begin to run the next cells, up to the first one with these words in it, which is left; or all of them."""
        self._next = self.page.evaluate(
            """([words, first]) => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                const sources = notebook.widgets.map(cell => cell.model.sharedModel.getSource());
                const found = sources.findIndex((source, n) => n > first && source.includes(words));
                if (words && found < 0) throw new Error(`No cell after cell ${first} has: ${words}`);
                const end = words ? found : sources.length;
                notebook.deselectAll();
                notebook.activeCellIndex = first;
                notebook.extendContiguousSelectionTo(end - 1);
                window.ran = false;
                window.jupyterapp.commands.execute("notebook:run-cell").finally(() => { window.ran = true; });
                return end;
            }""",
            [words, self._next],
        )

    def wait_ran(self) -> None:
        """Wait until what was begun has run; no cell may have failed."""
        self.page.wait_for_function("() => window.ran", timeout=VERY_LONG)
        problems = self.problems()
        assert problems == [], "\n\n".join(problems)  # said here: pytest explains the asserts of tests only

    def run(self, words: str = "") -> None:
        """Run the next cells, up to the first one with these words in it, which is left; or all of them."""
        self.begin(words)
        self.wait_ran()

    def problems(self) -> list[str]:
        """Errors and stderr that the page shows."""
        shown = self.page.locator(
            ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error'],"
            ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"
        )
        return [one.inner_text() for one in shown.all()]

    def picture(self, name: str) -> None:
        """Keep what the page shows now."""
        folder = ROOT / "artifacts"
        folder.mkdir(exist_ok=True)
        self.page.screenshot(path=folder / f"{name}-{self._server.theme}.png")

    def judge(self, first: int = 0) -> None:
        """Let axe-core judge what the cells from a first one show."""
        cells = (f'.jp-Cell[data-windowed-list-index="{number}"]' for number in range(first, self._next))
        found = violations(self.page, *(f"{cell} {kind}" for cell in cells for kind in OURS))
        assert found == [], "\n\n".join(found)

    def reach(self, widget: str) -> None:
        """Go to a widget as somebody without a mouse does: to its cell, and on by Tab."""
        self.page.evaluate(
            """(widget) => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                notebook.activeCellIndex = notebook.widgets.findIndex(cell => cell.node.querySelector(widget));
                notebook.mode = "command";
                notebook.activate();
                notebook.activeCell.node.focus();
            }""",
            widget,
        )
        for _ in range(STOPS):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("(widget) => document.activeElement.closest(widget) !== null", widget):
                return
        raise AssertionError(f"Tab does not lead to {widget}")

    def finish(self) -> None:
        """Run what is left of a lab; the compared outputs must be as stored, and nothing may come from elsewhere.

        What has run is judged before the clean-up, while the views are full.
        """
        first = self._next
        if first:
            self.judge()
        self.run()
        self.judge(first)
        content = self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.model.toJSON()")
        shown, stored = compared(nbformat.from_dict(content)), compared(read(ROOT / "labs" / self._notebook))
        other = [f"{source}\n--- stored\n{then}\n--- shown\n{now}"
                 for (source, now), (_, then) in zip(shown, stored, strict=True) if now != then]  # fmt: skip
        assert other == [], "\n\n".join(other)
        assert self.elsewhere == []
