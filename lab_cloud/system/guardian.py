"""The end of whatever a killed cloud leaves behind."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from lab_cloud.system.host import LINUX, WINDOWS, kill

MARK = "LAB_CONTAINER"
"""The environment variable that tells whose a process is: ``<cloud's run>.<container>``."""


def kill_marked(*prefixes: str) -> int:
    """Kill every process whose mark begins with one of these; returns how many there were.

    Parameters
    ----------
    *prefixes : str
        A cloud's run, or its run and one of its containers.
    """
    if WINDOWS:
        return 0  # job objects have done it
    found = 0
    for pid in _marked(prefixes):
        kill(pid)
        found += 1
    return found


def _marked(prefixes: tuple[str, ...]) -> Iterator[int]:
    if LINUX:
        needles = [f"{MARK}={prefix}".encode() for prefix in prefixes]
        for name in os.listdir("/proc"):  # noqa: PTH208
            if not name.isdigit() or int(name) == os.getpid():
                continue
            try:
                with open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123
                    environment = file.read()
            except OSError:
                continue
            if any(environment.startswith(needle) or b"\0" + needle in environment for needle in needles):
                yield int(name)
        return
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK, "").startswith(prefixes):
                yield process.pid


class Guardian:
    """Kills what the cloud leaves behind when the cloud is killed: a shell that waits for the end of a pipe.

    It costs less than one megabyte, because Python starts only when there is something to do.

    Parameters
    ----------
    run : str
        This cloud's part of `MARK`.
    folder : Path
        The containers' folder, removed at the end.
    will : str
        Python that it runs first; this cloud's run stands in ``sys.argv[1]``.
    environment : mapping of str to str, optional
        What that needs to know.
    """

    def __init__(self, run: str, folder: Path, will: str = "", environment: Mapping[str, str] | None = None) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        if WINDOWS:
            return
        code = (
            "import shutil, sys, time\n"
            f"sys.path.insert(0, {str(Path(__file__).parent.parent.parent)!r})\n"
            f"{will}"
            "from lab_cloud.system import kill_marked\n"
            "deadline = time.monotonic() + 10\n"
            "while kill_marked(sys.argv[1]) and time.monotonic() < deadline: time.sleep(0.02)\n"
            "shutil.rmtree(sys.argv[2], ignore_errors=True)\n"
        )
        # The names stand in the environment, so that ending the cloud by its command line does not end its guardian.
        env = {
            **(environment or {}),
            "PATH": os.environ.get("PATH", os.defpath),
            "LAB_PYTHON": sys.executable,
            "LAB_CODE": code,
            "LAB_RUN": run,
            "LAB_FOLDER": str(folder),
        }
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", 'read _; exec "$LAB_PYTHON" -I -c "$LAB_CODE" "$LAB_RUN" "$LAB_FOLDER"'],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=env,
            start_new_session=True,
        )

    @property
    def pid(self) -> int | None:
        """The waiting process; None on Windows, which needs none."""
        return self._process.pid if self._process else None

    def alive(self) -> bool:
        """Tell whether it still watches."""
        return self._process is None or self._process.poll() is None

    def dismiss(self) -> None:
        """Send it away: the cloud has cleaned up by itself."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process = None
