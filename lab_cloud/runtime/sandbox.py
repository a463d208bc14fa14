"""The `sandbox` runtime (Linux): a process in namespaces of its own, made by bubblewrap.

The image's root is ``/``, so paths need no mapping; process numbers, mounts, host name and System V objects are the
container's own, and nothing of the learner's home is there. The program is process 1, as in Docker: a signal that it
does not handle does not end it. The network is still this machine's loopback, so ports work as with `process`.
"""

import contextlib
import os
import posixpath
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lab_cloud.errors import CannotStart, RuntimeUnavailable
from lab_cloud.runtime import supplied
from lab_cloud.runtime.catalog import SOURCES
from lab_cloud.runtime.command import SEARCH, Launch, words
from lab_cloud.runtime.mounts import clear_mount_points
from lab_cloud.runtime.process import ProcessHandle, ProcessRuntime
from lab_cloud.runtime.spec import ContainerSpec, Image, Mount
from lab_cloud.system import LINUX, signal_number

REMEDY = "Leave LAB_RUNTIME out to run containers as plain processes, or use LAB_RUNTIME=docker."
_PATIENCE = 10.0
_MOST_LINKS = 40


def check() -> None:
    """See whether this machine can do it, by doing it.

    Raises
    ------
    RuntimeUnavailable
        It cannot; says why and what to do.
    """
    if not LINUX:
        raise RuntimeUnavailable("The sandbox runtime needs Linux.", REMEDY)
    for tool, package in (("bwrap", "bubblewrap"), ("nsenter", "util-linux")):
        if shutil.which(tool) is None:
            raise RuntimeUnavailable(
                f"The sandbox runtime needs {tool}, which is not installed.",
                f"Install {package} with your system's package manager (Debian and Ubuntu: sudo apt install {package})."
                f" {REMEDY}",
            )
    with tempfile.TemporaryDirectory(prefix="lab-sandbox-") as folder:
        supplied.lay(Path(folder))
        argv = [*_bwrap(Path(folder), "check", (), "/", supply=True), "/usr/local/bin/python3", "-S", "-c", "pass"]
        try:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=_PATIENCE, env={}, check=False)
            said = done.stderr.strip()
        except subprocess.TimeoutExpired:
            said = f"no answer within {_PATIENCE:g} s"
        else:
            if done.returncode == 0:
                return
    raise RuntimeUnavailable(
        f"bubblewrap cannot make a sandbox here: {said.splitlines()[-1] if said else 'it gave no reason'}",
        "This system must allow user namespaces (see kernel.unprivileged_userns_clone, user.max_user_namespaces and "
        f"kernel.apparmor_restrict_unprivileged_userns in sysctl; a container often forbids them). {REMEDY}",
    )


class SandboxHandle(ProcessHandle):
    """A container of the `sandbox` runtime. Made by `SandboxRuntime.start` only."""

    _first: int | None = None

    def first(self) -> int | None:
        """The container's process 1 as this machine numbers it; None when it has ended or not begun."""
        if self._first is None:
            with contextlib.suppress(OSError, ValueError, IndexError):
                with open(f"/proc/{self.tree.pid}/task/{self.tree.pid}/children", "rb") as file:  # noqa: PTH123
                    self._first = int(file.read().split()[0])
                self.tree.refresh()
        return self._first

    def cpu_seconds(self) -> float:
        """Processor seconds so far."""
        self.first()  # from then on the meter knows it; bubblewrap itself does nothing that would make it look
        return super().cpu_seconds()

    def signal(self) -> None:
        """Send the stop signal to process 1 alone: bubblewrap beside it would end at once, and all with it."""
        first = self.first()
        if first is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(first, signal_number(self.image.config.get("StopSignal") or "SIGTERM"))

    def inside(self, argv: Sequence[str]) -> Launch:
        """Enter the namespaces of process 1 and be a command there."""
        deadline = time.monotonic() + _PATIENCE
        while not self._is_ready():
            if self.exit is not None or time.monotonic() > deadline:
                raise CannotStart(f"the container {self.spec.name!r} is not running")
            time.sleep(0.002)
        where = working_folder(self.image, self.spec)
        _Files(self.folder, self.image, self.spec.mounts).find(argv[0], self.launch.env["PATH"], where)
        enter = (shutil.which("nsenter") or "nsenter", "-t", str(self._first), "-U", "--preserve-credentials")
        return replace(self.launch, argv=(*enter, "-m", "-p", "-i", "-u", "-r", "-w", "--", *argv))

    def _is_ready(self) -> bool:
        """Tell whether bubblewrap has done its work: process 1 is then the container's own program."""
        first = self.first()
        try:
            return first is not None and not Path(f"/proc/{first}/exe").samefile(_bubblewrap())
        except OSError:
            return False


class SandboxRuntime(ProcessRuntime):
    """Runs containers as processes in namespaces of their own.

    Parameters
    ----------
    home : Path
        ``.lab``: holds ``images/`` and ``containers/``. One cloud at a time uses it.
    sources : Path
        The folder of the course's images.

    Raises
    ------
    RuntimeUnavailable
        As `check`.
    """

    name = "sandbox"
    handle = SandboxHandle

    def __init__(self, home: Path, sources: Path = SOURCES) -> None:
        check()
        super().__init__(home, sources)

    def prepare(
        self, image: Image, spec: ContainerSpec, folder: Path, ports: Mapping[int, int], extra: Mapping[str, str]
    ) -> Launch:
        """Lay out the container's root and say how to make its sandbox."""
        supply = bool(supplied.stands_for(image))
        where = working_folder(image, spec)
        # Folders first: what is supplied are links out of this root, which nothing may be made behind.
        for name in ("tmp", where.strip("/")):
            with contextlib.suppress(FileExistsError):
                folder.joinpath(*name.split("/")).mkdir(parents=True, exist_ok=True)
        clear_mount_points(folder, spec.mounts)
        if supply:
            supplied.lay(folder)
        env = {"PATH": ":".join(SEARCH), "HOME": "/root"}
        env.update(item.partition("=")[::2] for item in image.config.get("Env") or ())
        env.update(spec.environment)
        env.update({f"PORT_{port}": str(loopback) for port, loopback in ports.items()})
        if ports:
            env["PORT"] = str(next(iter(ports.values())))
        env.update(extra)
        argv = words(image, spec)
        _Files(folder, image, spec.mounts).find(argv[0], env["PATH"], where)
        hostname = spec.hostname or extra.get("HOSTNAME", "") or env.get("HOSTNAME", "container")
        binds = [
            part
            for mount in sorted(spec.mounts, key=lambda mount: len(mount.target))
            for part in ("--ro-bind" if mount.read_only else "--bind", str(mount.source.absolute()), mount.target)
        ]
        return Launch((*_bwrap(folder, hostname, binds, where, supply=supply), *argv), env, folder)


def working_folder(image: Image, spec: ContainerSpec) -> str:
    """Where the program starts, as an absolute path without ``..``."""
    return posixpath.normpath(f"///{spec.working_directory or image.config.get('WorkingDir') or '/'}")


class _Files:
    """What a container sees: its root, and what is mounted in it."""

    def __init__(self, root: Path, image: Image, mounts: Sequence[Mount]) -> None:
        self._root = root
        self._supplied = bool(supplied.stands_for(image))
        self._mounts = [(str(mount.source.absolute()), posixpath.normpath(mount.target)) for mount in mounts]
        if self._supplied:
            self._mounts += supplied.mounts()

    def find(self, name: str, search: str, folder: str) -> None:
        """See whether a program is there.

        Raises
        ------
        CannotStart
            It is not, or is no program, in the words of a container engine.
        """
        if "/" in name:
            places = [posixpath.join(folder, name)]
        else:
            places = [posixpath.join("/", part, name) for part in search.split(":") if part]
        found = next((real for place in places if (real := self._resolve(place)) is not None), None)
        if found is None:
            where = "no such file or directory" if "/" in name else "executable file not found in $PATH"
            more = "" if self._supplied else " Only what is in the image can run in a sandbox."
            raise CannotStart(
                f'CannotStartContainerError: exec: "{name}": {where}', f"Check entryPoint and command.{more}"
            )
        if found.is_dir() or not os.access(found, os.X_OK):
            raise CannotStart(
                f'CannotStartContainerError: exec: "{name}": permission denied',
                "The file in the image is not executable (chmod +x before you build it).",
            )

    def _resolve(self, path: str, depth: int = 0) -> Path | None:
        """The file of this machine that a path of the container means, links followed as the container would."""
        path = posixpath.normpath(f"///{path}")
        for here, there in self._mounts:
            if path.startswith(f"{there}/"):
                seen = Path(here + path.removeprefix(there))
                return seen if seen.exists() else None
        place, parts = self._root, path.strip("/").split("/")
        for number, part in enumerate(parts):
            place = place / part
            if place.is_symlink():
                above = "/" + "/".join(parts[:number])
                target = posixpath.join(above, os.readlink(place), *parts[number + 1 :])  # noqa: PTH115
                return self._resolve(target, depth + 1) if depth < _MOST_LINKS else None
        return place if place.exists() else None


def _bubblewrap() -> str:
    return shutil.which("bwrap") or "bwrap"


def _bwrap(root: Path, hostname: str, binds: Sequence[str], where: str, *, supply: bool) -> list[str]:
    """bubblewrap's part of the command line."""
    argv = [_bubblewrap(), "--die-with-parent", "--as-pid-1", "--cap-drop", "ALL"]
    # One user namespace with the learner as its root: `nsenter` can then enter it without any privilege.
    argv += ["--unshare-user", "--uid", "0", "--gid", "0"]
    argv += ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", hostname[:64]]
    argv += ["--bind", str(root), "/", "--proc", "/proc", "--dev", "/dev"]
    argv += ["--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf"]
    if supply:
        for here, there in supplied.mounts():
            argv += ["--ro-bind", here, there]
    return [*argv, *binds, "--chdir", where, "--"]
