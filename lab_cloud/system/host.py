"""Files, signals, ports and daemons on each system."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LINUX = sys.platform.startswith("linux")
WINDOWS = sys.platform == "win32"

ARENA_MAX = -8
"""glibc's number for the most heaps, of `malloc.h`; by the variable MALLOC_ARENA_MAX containers would have it too."""
KILLED = 137
"""Exit code of a process that was killed, as Docker counts: 128 + SIGKILL."""


def exit_code(returncode: int) -> int:
    """Turn Python's return code (-n for signal n) into Docker's (128 + n)."""
    return 128 - returncode if returncode < 0 else returncode


def signal_number(name: str) -> int:
    """Turn ``SIGTERM``, ``TERM`` or ``15`` into a number; SIGTERM for a signal that this system does not know."""
    if name.isdigit():
        return int(name)
    known = signal.Signals.__members__
    return int(known.get(name if name.startswith("SIG") else f"SIG{name}", signal.SIGTERM))


def allow_many_files() -> None:
    """Raise this process's limit of open files, which is 256 on macOS, as far as its user may."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if hard == resource.RLIM_INFINITY else min(8192, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended but was not waited for does not."""
    if WINDOWS:
        import psutil

        return bool(psutil.pid_exists(pid))
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    if LINUX:
        fields = proc_stat(pid)
        return bool(fields) and fields[0] not in ("Z", "X")
    return True


def command_line(pid: int) -> list[str]:
    """The words by which a process was started; empty when nobody may know them."""
    import psutil

    try:
        return list(psutil.Process(pid).cmdline())
    except psutil.Error:
        return []


def proc_stat(pid: int) -> list[str]:
    """Fields of ``/proc/<pid>/stat`` from the state on; empty when the process is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - this is read very often
            text = file.read()
    except OSError:
        return []
    return text[text.rindex(b")") + 2 :].decode("ascii", "replace").split()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read (mode 0600), all of it or nothing, also when many write it at once.

    Parameters
    ----------
    path : Path
        The file; its folder must exist.
    text : str
        Its new content.
    """
    descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # a name of this call alone; 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def start_daemon(argv: Sequence[str], log: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a program that goes on when this one and its terminal have ended.

    Parameters
    ----------
    argv : sequence of str
        The program and its arguments.
    log : Path
        Where its stdout and stderr are appended.
    env : mapping of str to str
        Its whole environment.

    Returns
    -------
    subprocess.Popen
        To see whether it ended at once.
    """
    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        options = {"creationflags": flags}
    with log.open("ab") as output:
        return subprocess.Popen(
            list(argv), stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=dict(env), close_fds=True, **options
        )


def terminate(pid: int) -> None:
    """Ask a process to end (on Windows: end it). Nothing happens when it is gone."""
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGTERM)


def kill(pid: int) -> None:
    """End a process at once. Nothing happens when it is gone."""
    with contextlib.suppress(OSError):
        os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def ephemeral_ports() -> range:
    """Ports that this system gives to outgoing connections; a server had better not wait for one of them."""
    if LINUX:
        with contextlib.suppress(OSError, ValueError):
            low, high = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
            return range(int(low), int(high) + 1)
    return range(49152, 65536)


def share_heaps() -> None:
    """Let all threads take memory from two heaps: with one for each thread, as glibc does, most lie half empty."""
    if LINUX:
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(ARENA_MAX, 2)


def trim_memory() -> None:
    """Give memory that was freed back to the system, where the C library can (glibc keeps it otherwise)."""
    if LINUX:
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
