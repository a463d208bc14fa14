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

from playwright.sync_api import Page, Request

from tests.waiting import until
from tools.notebooks import ROOT, fresh_cloud

TOKEN = "a-test"
SETTINGS: dict[str, dict[str, Any]] = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    # Every cell is in the page, also those out of sight.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "docmanager-extension/plugin": {"autosave": False},
}


class Jupyter:
    """Where it answers, and where the cloud of its kernels keeps its state."""

    def __init__(self, url: str, folder: Path, lab_home: Path) -> None:
        self.url = url
        self.folder = folder
        self.lab_home = lab_home


@contextmanager
def jupyter(temporary: Path, speed: int = 20) -> Iterator[Jupyter]:
    """Start JupyterLab on copies of the labs; it ends with the block.

    The usual speed is slow enough for every phase to be seen.
    """
    folder = ROOT / "artifacts" / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    for notebook in (ROOT / "labs").glob("*.ipynb"):
        shutil.copy(notebook, folder)
    for name, content in SETTINGS.items():
        path = temporary / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
    with fresh_cloud() as environment, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        places = ("config", "data", "runtime", "settings", "workspaces")
        names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
        names += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
        environment["LAB_SPEED"] = str(speed)
        environment |= {name: str(temporary / place) for name, place in zip(names, places, strict=True)}
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
        command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={TOKEN}"]
        command += ["--LabApp.expose_app_in_browser=True"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--allow-root")
        with (temporary / "jupyter.log").open("w") as log:
            server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
            try:
                url = f"http://127.0.0.1:{port}"
                until(lambda: urllib.request.urlopen(f"{url}/api/status?token={TOKEN}", timeout=1), seconds=60)
                yield Jupyter(url, folder, Path(environment["LAB_HOME"]))
            finally:
                server.terminate()
                server.wait(20)


class Lab:
    """One notebook open in a page."""

    def __init__(self, page: Page, server: Jupyter, notebook: str) -> None:
        self.page = page
        self.elsewhere: list[str] = []
        self._server = server
        page.on("request", self._note)
        page.goto(f"{server.url}/lab/tree/{notebook}?token={TOKEN}&reset")
        page.wait_for_selector(".jp-CodeCell", timeout=60_000)
        # Cells that are asked to run before the kernel is there bring up a dialog that asks for one.
        page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.ready; }")
        self.wait_idle()

    def _note(self, request: Request) -> None:
        if not request.url.startswith((self._server.url, "data:", "blob:", "about:")):
            self.elsewhere.append(request.url)

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """Run one of JupyterLab's commands; does not wait for what it starts."""
        self.page.evaluate("([n, a]) => { window.jupyterapp.commands.execute(n, a); }", [name, arguments or {}])

    def wait_idle(self, seconds: float = 60) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_selector(
            ".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=seconds * 1000, state="attached"
        )

    def run_all(self) -> None:
        """Begin to run every cell."""
        self.command("notebook:run-all-cells")

    def run_until(self, words: str) -> None:
        """Begin to run every cell before the first one with these words in it, and make that one current."""
        self.page.evaluate(
            """words => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                const cells = notebook.widgets.map(cell => cell.model.sharedModel.getSource());
                notebook.activeCellIndex = cells.findIndex(source => source.includes(words));
            }""",
            words,
        )
        self.command("notebook:run-all-above")

    def run_current(self) -> None:
        """Begin to run the current cell."""
        self.command("notebook:run-cell")

    def wait_ran(self, seconds: float) -> None:
        """Wait until no cell waits for its turn and the kernel is idle."""
        busy = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].some(p => p.textContent.includes('*'))"
        self.page.wait_for_function(f"() => !{busy}", timeout=seconds * 1000)
        self.wait_idle()

    def theme(self, name: str) -> None:
        """Change to another theme and wait until it is there."""
        self.command("apputils:change-theme", {"theme": name})
        light = "false" if "Dark" in name else "true"
        self.page.wait_for_selector(f"body[data-jp-theme-light={light}]", timeout=20_000, state="attached")
        self.page.wait_for_selector("#jupyterlab-splash", timeout=20_000, state="detached")

    def problems(self) -> list[str]:
        """Errors and stderr that the page shows."""
        shown = self.page.locator(
            ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error'],"
            ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"
        )
        return [one.inner_text() for one in shown.all()]

    def picture(self, name: str) -> None:
        """Keep what the page shows now."""
        self.page.screenshot(path=ROOT / "artifacts" / f"{name}.png")

    def both_themes(self, name: str) -> None:
        """Keep what the page shows, in light and in dark."""
        self.picture(f"{name}-light")
        self.theme("JupyterLab Dark")
        self.picture(f"{name}-dark")
        self.theme("JupyterLab Light")
