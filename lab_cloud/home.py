"""The folder `.lab/`: where the running cloud says how to reach it.

It lies in the course's root, or where `LAB_HOME` points. `cloud.json` holds the key pair of the running cloud, so it
is readable by its owner alone.
"""

import errno
import json
import os
import secrets
import socket
import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from . import system
from .errors import HomeError

STATE = "cloud.json"
STARTING = "starting.pid"
PORT = "port"
KUBECONFIG = "kubeconfig"
KEY_LETTERS = string.ascii_uppercase + "234567"


@dataclass(frozen=True)
class Running:
    """How to reach the running cloud.

    Parameters
    ----------
    pid : int
        The cloud's process; all containers descend from it.
    port : int
        The loopback port of its API.
    access_key, secret_key : str
        The key pair that the API accepts.
    speed : float
        How many times shorter AWS's own waiting is.
    region : str
        The default region.
    runtime : str
        How containers run: ``process``, ``sandbox`` or ``docker``.
    started : float
        Epoch seconds of its start; tells this process from a later one with the same pid.
    """

    pid: int
    port: int
    access_key: str
    secret_key: str
    speed: float
    region: str
    runtime: str
    started: float

    @property
    def endpoint(self) -> str:
        """The URL for AWS clients."""
        return f"http://127.0.0.1:{self.port}"


def find() -> Path:
    """The folder `.lab/`.

    Returns
    -------
    Path
        ``LAB_HOME`` when it is set; else `.lab` in the nearest folder upwards that holds `labs/` and `lab_cloud/`,
        else in the folder above this package.
    """
    chosen = os.environ.get("LAB_HOME")
    return Path(chosen).expanduser().absolute() if chosen else course() / ".lab"


def course() -> Path:
    """The course's folder: the nearest one upwards with `labs/` and `lab_cloud/`, else the one above this package."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "labs").is_dir() and (folder / "lab_cloud").is_dir():
            return folder
    return Path(__file__).resolve().parent.parent


def prepare(home: Path) -> None:
    """Make the folder, readable by its owner alone.

    Raises
    ------
    HomeError
        When it cannot be written.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = home / f".write-{os.getpid()}"
        system.write_private(probe, "")
        probe.unlink()
    except OSError as error:
        raise HomeError(
            f"The folder {home} cannot be written: {error.strerror or error}.",
            "Give yourself the right to write there, or set LAB_HOME to a folder of yours.",
        ) from error


@contextmanager
def starting(home: Path) -> Iterator[bool]:
    """Hold the right to start a cloud here.

    Yields
    ------
    bool
        False when another living process holds it.
    """
    lock = home / STARTING
    if not _take(lock):
        yield False
        return
    try:
        yield True
    finally:
        lock.unlink(missing_ok=True)


def _take(lock: Path) -> bool:
    for _ in range(2):
        try:
            with lock.open("x", encoding="ascii") as file:
                file.write(str(os.getpid()))
            return True
        except FileExistsError:
            holder = _holder(lock)
            if holder is None or system.is_alive(holder):
                return False
            lock.unlink(missing_ok=True)  # its process died while it started a cloud
    return False


def _holder(lock: Path) -> int | None:
    try:
        return int(lock.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None  # just made, or just gone


def new_keys() -> tuple[str, str]:
    """A key pair in AWS's form that nobody has seen before."""
    access_key = "AKIA" + "".join(secrets.choice(KEY_LETTERS) for _ in range(16))
    return access_key, secrets.token_urlsafe(30)


def write(home: Path, running: Running) -> None:
    """Say how to reach the cloud, in one step, so that no reader sees half of it; keep its port for the next one."""
    (home / PORT).write_text(f"{running.port}\n", encoding="ascii")
    system.write_private(home / STATE, json.dumps(asdict(running), indent=2) + "\n")


def last_port(home: Path) -> int:
    """The port of the cloud before, which the next one takes again: names of pushed images hold it. 0 for none."""
    try:
        port = int((home / PORT).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
    return port if 0 < port < 65_536 else 0


def read(home: Path) -> Running | None:
    """How to reach the cloud that runs now.

    Returns
    -------
    Running or None
        None when no cloud was started, or the one that was is dead.
    """
    running = read_stale(home)
    return running if running is not None and system.is_alive(running.pid) and not _replaced(running) else None


def _replaced(running: Running) -> bool:
    """Whether another program has got the pid of a cloud that died, for example while the machine was off."""
    with socket.socket() as asked:
        asked.settimeout(1.0)
        if asked.connect_ex(("127.0.0.1", running.port)) != errno.ECONNREFUSED:
            return False  # it answers, or it is too busy to
    words = system.command_line(running.pid)  # a cloud that is about to end does not listen any more either
    return bool(words) and not any(__package__ in word for word in words)


def read_stale(home: Path) -> Running | None:
    """What the last cloud wrote, dead or alive; None when there is nothing that can be read."""
    try:
        return Running(**json.loads((home / STATE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise HomeError(f"{home / STATE} belongs to somebody else.", "Set LAB_HOME to a folder of your own.") from error
    except (OSError, ValueError, TypeError):
        return None


def forget(home: Path, pid: int) -> None:
    """Remove the file, if it is still this process's own."""
    running = read_stale(home)
    if running is not None and running.pid == pid:
        (home / STATE).unlink(missing_ok=True)
