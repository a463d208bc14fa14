"""Is this machine ready for the course? One line for each thing, and for each problem what to do."""

import importlib.metadata
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import home

OLDEST = (3, 11)
CLOUD_MB, KERNEL_MB, CONTAINERS_MB = 150, 300, 500
"""What one learner's cloud, notebook and containers hold when a lab is at its busiest."""
LEAST_MB = 200
"""Less than this for a learner's containers is no remedy to offer."""
LEARNER_PORTS = 40
SYSTEM_MB = 1500
COURSE_GB, LEARNER_GB = 2.0, 0.3
ASK_SECONDS = 5.0
ENGINES = ("docker", "podman")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "firefox", "msedge", "safari")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    what : str
        For example ``memory``.
    state : str
        ``ok``, ``note`` (the course works without it), or ``problem``.
    said : str
        What was found.
    remedy : str
        What to do about a problem.
    """

    what: str
    state: str
    said: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.state.upper():8} {self.what}: {self.said}"
        return f"{line} -> {self.remedy}" if self.remedy else line


def look(learners: int = 1) -> Iterator[Finding]:
    """Look at everything.

    Parameters
    ----------
    learners : int
        How many work on this machine at the same time.
    """
    yield python(sys.version_info[:3])
    yield packages()
    yield folder(home.home())
    if learners > 1 and os.name == "posix":
        yield course(home.course())
    yield disk(shutil.disk_usage(_there(home.home())).free, learners)
    yield memory(_available_memory(), learners)
    yield ports(free_ports(learners * LEARNER_PORTS), learners)
    yield browser(_browser(), learners > 1 or bool(os.environ.get("JUPYTERHUB_USER")))
    yield engine(_engine())
    yield kubectl(shutil.which("kubectl"))


def python(version: tuple[int, ...]) -> Finding:
    """Is Python new enough?"""
    shown = ".".join(map(str, version))
    if version[:2] < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        return Finding("python", "problem", f"{shown} is too old", f"install Python {wanted} or newer")
    return Finding("python", "ok", shown)


def packages() -> Finding:
    """Are the packages of the lock here, in its versions?"""
    lock = Path(__file__).resolve().parents[2] / "requirements.lock"
    needed = ("boto3", "botocore", "moto", "jupyterlab", "ipywidgets", "anywidget", "pandas", "psutil")
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))
    wrong = []
    for name in needed:
        try:
            there = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        if there != locked.get(name):
            wrong.append(f"{name} is {there} and should be {locked.get(name)}")
    if wrong:
        return Finding("packages", "problem", "; ".join(wrong), "run python3 course.py setup, and use .venv's Python")
    return Finding("packages", "ok", "as in requirements.lock")


def folder(path: Path) -> Finding:
    """Can the learner's folder be written?"""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        said = f"{path} cannot be written: {error.strerror}"
        return Finding("folder", "problem", said, "set LAB_HOME to a folder of the learner's own")
    return Finding("folder", "ok", f"{path} can be written")


def course(path: Path) -> Finding:
    """Can all users of the machine read the course, and run the Python it is set up with?"""
    remedies = {
        path: "set the course up where all can read, for example below /opt",
        Path(sys.prefix): "set the course up where all can read, for example below /opt",
        # What a `.venv` is made from may lie in somebody's home.
        Path(
            sys.base_prefix
        ): "remove .venv and run the setup with a Python that all can run, such as /usr/bin/python3",
    }
    for one, remedy in remedies.items():
        closed = [each for each in (*reversed(one.parents), one) if not each.stat().st_mode & stat.S_IXOTH]
        if closed:
            return Finding("course", "problem", f"other users of this machine may not enter {closed[0]}", remedy)
    return Finding("course", "ok", f"all users of this machine can read {path}")


def disk(free: int, learners: int) -> Finding:
    """Is there room for the packages, and for what learners build?"""
    needed = COURSE_GB + LEARNER_GB * learners
    said = f"{free / 1e9:.1f} GB free, {needed:.1f} GB needed"
    if free < needed * 1e9:
        return Finding("disk", "problem", said, "free some, or set LAB_HOME to a folder on a larger disk")
    return Finding("disk", "ok", said)


def memory(available: int, learners: int) -> Finding:
    """Is there memory for everybody's cloud, notebook and containers?"""
    containers = _containers_mb()
    each = CLOUD_MB + KERNEL_MB + containers
    needed = each * learners
    said = f"{available / 1e6:.0f} MB free, about {needed} MB needed for {learners} at {each} MB"
    if available < needed * 1e6:
        fits = int(available / 1e6 / each)
        left = int(available / 1e6 / learners) - CLOUD_MB - KERNEL_MB
        remedies = [f"have {fits} learners on this machine"] if fits else []
        remedies += [f"give each {left} MB for containers (LAB_CLASS_CONTAINERS_MB={left})"] if left >= LEAST_MB else []
        remedy = ", or ".join(remedies) or "close other programs, or use a larger machine"
        return Finding("memory", "problem", said, remedy)
    return Finding("memory", "ok", said)


def _containers_mb() -> int:
    """What the containers of one learner may hold, as the settings of a hub or of one learner say."""
    text = os.environ.get("LAB_CLASS_CONTAINERS_MB") or os.environ.get("LAB_MEMORY_MB") or ""
    return int(text) if text.isdigit() else CONTAINERS_MB


def ports(free: int, learners: int) -> Finding:
    """Can programs listen on loopback, on enough ports?"""
    needed = learners * LEARNER_PORTS
    said = f"{free} of {needed} loopback ports could be taken"
    if free < needed:
        remedy = "allow programs to listen on 127.0.0.1 (firewall), and raise the limit of open files (ulimit -n)"
        return Finding("ports", "problem", said, remedy)
    return Finding("ports", "ok", said)


def browser(name: str, hub: bool) -> Finding:
    """Is there something to see JupyterLab with?"""
    if name:
        return Finding("browser", "ok", name)
    if hub:
        return Finding("browser", "ok", "not needed here: learners bring their own")
    return Finding("browser", "problem", "none was found", "install Firefox or Chromium, or open the address elsewhere")


def engine(name: str) -> Finding:
    """Does a container engine answer? The course works without one."""
    if name:
        return Finding("engine", "ok", f"{name} answers: the docker runtime can be used")
    return Finding("engine", "note", "none answers; containers are plain processes, which all labs are made for")


def kubectl(path: str | None) -> Finding:
    """Is there kubectl? Labs 09 and 10 show it; the cells use the Python client."""
    if path:
        return Finding("kubectl", "ok", path)
    return Finding("kubectl", "note", "not found; labs 09 and 10 use the Python client, and show kubectl's words")


def free_ports(wanted: int) -> int:
    """How many ports of loopback can be listened on at once, up to `wanted`."""
    taken: list[socket.socket] = []
    try:
        for _ in range(wanted):
            one = socket.socket()
            taken.append(one)
            one.bind(("127.0.0.1", 0))
            one.listen(1)
    except OSError:
        return len(taken) - 1
    finally:
        for one in taken:
            one.close()
    return len(taken)


def _there(path: Path) -> Path:
    return next(one for one in (path, *path.parents) if one.exists())


def _available_memory() -> int:
    import psutil

    return int(psutil.virtual_memory().available)


def _browser() -> str:
    try:
        return webbrowser.get().name or "the system's own"
    except (webbrowser.Error, AttributeError):
        return next((path for one in BROWSERS if (path := shutil.which(one))), "")


def _engine() -> str:
    return next((name for name in ENGINES if shutil.which(name) and _answers(name)), "")


def _answers(name: str) -> bool:
    ask: Callable[..., subprocess.CompletedProcess[bytes]] = subprocess.run
    try:
        return ask([name, "info"], capture_output=True, timeout=ASK_SECONDS, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
