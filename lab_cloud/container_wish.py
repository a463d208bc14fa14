"""What ``docker run`` may be asked for, read as Docker reads it: ports, volumes, memory, environment.

https://docs.docker.com/reference/cli/docker/container/run/
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import CloudError
from .runtime.spec import Mount

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
LEAST_MEMORY = 6 * 1024**2
"""Docker's own least limit in bytes."""
_MEMORY = re.compile(r"([0-9]+)([bkmg]?)b?", re.IGNORECASE)
_PORT = re.compile(r"(?:(?P<ip>[^:/]*):)?(?:(?P<host>[0-9]*):)?(?P<port>[0-9]+)(?P<kind>/[a-z]+)?")
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


@dataclass(frozen=True)
class Wish:
    """A container that somebody wants.

    Parameters
    ----------
    image : str
        The image reference.
    name : str
        Its name; empty for one that the cloud chooses.
    command, entry_point : tuple of str or None
        None: the image's own.
    environment, labels : mapping of str to str
        What is set in it, and what is noted about it.
    ports : mapping of int to int
        Container port -> loopback port; 0 for any that is free.
    mounts : tuple of Mount
        Folders and named volumes.
    memory : int or None
        Bytes.
    cpus : float or None
        Processors.
    working_directory, user, hostname : str or None
        None: the image's own.
    stop_timeout : float
        Seconds between the stop signal and SIGKILL.
    auto_remove : bool
        Forget it when it has ended.
    """

    image: str
    name: str = ""
    command: tuple[str, ...] | None = None
    entry_point: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[int, int] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    memory: int | None = None
    cpus: float | None = None
    working_directory: str | None = None
    user: str | None = None
    hostname: str | None = None
    stop_timeout: float = 10.0
    auto_remove: bool = False


def read(image: str, volumes: Path, here: Path, course: Path, **options: Any) -> Wish:
    """Read what came from the command line.

    Parameters
    ----------
    image : str
        The image reference.
    volumes : Path
        The folder of the named volumes.
    here : Path
        Where the command was given.
    course : Path
        The course's folder.
    **options
        ``name``, ``command``, ``entrypoint``, ``env``, ``label``, ``publish``, ``volume``, ``memory``, ``cpus``,
        ``workdir``, ``user``, ``hostname``, ``stop_timeout``, ``rm``; each as its option has it.

    Raises
    ------
    CloudError
        With the option that cannot be read, and how it is written.
    """
    name = options.get("name") or ""
    if name and not NAME.fullmatch(name):
        raise CloudError(
            f"Invalid container name ({name}).",
            "Use two or more letters, digits and _ . - and begin with a letter or a digit.",
        )
    command, entry = options.get("command"), options.get("entrypoint")
    return Wish(
        image=image,
        name=name,
        command=tuple(command) if command else None,
        entry_point=(entry,) if entry else None,
        environment=pairs("-e", options.get("env") or ()),
        labels=pairs("--label", options.get("label") or ()),
        ports=_ports(options.get("publish") or ()),
        mounts=tuple(_mount(text, volumes, (here, course)) for text in options.get("volume") or ()),
        memory=memory(options.get("memory")),
        cpus=_cpus(options.get("cpus")),
        working_directory=options.get("workdir") or None,
        user=options.get("user") or None,
        hostname=options.get("hostname") or None,
        stop_timeout=_seconds(options.get("stop_timeout")),
        auto_remove=bool(options.get("rm")),
    )


def pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    """``NAME=VALUE`` as a mapping."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise CloudError(f"{option} {text} has no value.", f"Write {option} {name or 'NAME'}=VALUE.")
        if "\0" in text:
            raise CloudError(f"{option} {name} holds a NUL character.", "Take it out.")
        found[name] = value
    return found


def memory(text: str | int | None) -> int | None:
    """Bytes, from ``64m`` or a number."""
    if text is None or text == "":
        return None
    match = _MEMORY.fullmatch(str(text).strip())
    if match is None:
        raise CloudError(f"Invalid memory size: {text}.", "Write a number and b, k, m or g, for example 64m.")
    size = int(match[1]) * _UNITS[match[2].lower()]
    if size < LEAST_MEMORY:
        raise CloudError(
            f"The memory limit {text} is too small: minimum memory limit allowed is 6MB.",
            "A small Python program needs about 16m.",
        )
    return size


def _cpus(text: str | float | None) -> float | None:
    if text is None or text == "":
        return None
    try:
        cpus = float(text)
    except ValueError:
        cpus = 0.0
    if not 0.01 <= cpus <= 1024:
        raise CloudError(f"Invalid number of CPUs: {text}.", "Write a number such as 0.5; the least is 0.01.")
    return cpus


def _seconds(text: str | float | None) -> float:
    try:
        seconds = 10.0 if text is None else float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise CloudError(f"Invalid stop timeout: {text}.", "Write seconds, at most 3600.")
    return seconds


def _ports(texts: Sequence[str]) -> dict[int, int]:
    found: dict[int, int] = {}
    for text in texts:
        match = _PORT.fullmatch(text)
        how = "Write 8080:80 (port of this machine, port of the container), or 80 alone for any free port."
        if match is None:
            raise CloudError(f"Invalid port: {text}.", how)
        first, host = match["ip"], match["host"]
        if host is None and first is not None and first.isdigit():  # 8080:80
            first, host = None, first
        if first not in (None, "", "127.0.0.1", "localhost"):
            raise CloudError(
                f"Ports are published on 127.0.0.1 only, not on {first}.",
                "Nobody else can then reach what you learn with.",
            )
        if match["kind"] not in (None, "/tcp"):
            raise CloudError(f"Only tcp ports can be published, not {text}.", how)
        port, wanted = int(match["port"]), int(host or 0)
        if not (0 < port < 65_536 and wanted < 65_536):
            raise CloudError(f"Invalid port: {text}: a port is at most 65535.", how)
        if port in found:
            raise CloudError(f"The container's port {port} is published twice.", how)
        found[port] = wanted
    return found


def _mount(text: str, volumes: Path, allowed: Sequence[Path]) -> Mount:
    how = "Write FOLDER:/path, FOLDER:/path:ro, or NAME:/path for a volume that the cloud keeps."
    rest, read_only = text, False
    for end, only in ((":ro", True), (":rw", False)):
        if text.endswith(end):
            rest, read_only = text.removesuffix(end), only
    source, colon, target = rest.rpartition(":")  # from the right: a folder of Windows has a colon of its own
    if not colon or not source or not target.startswith("/"):
        raise CloudError(f"Invalid volume: {text}.", how)
    if NAME.fullmatch(source):
        folder = volumes / source
        folder.mkdir(parents=True, exist_ok=True)
        return Mount(folder, target, read_only)
    folder = (allowed[0] / Path(source).expanduser()).resolve()
    if not folder.is_dir():
        raise CloudError(f"There is no folder {folder}.", f"Make it first. {how}")
    own = volumes.parent.resolve()  # it holds the cloud's keys
    if (
        folder.is_relative_to(own)
        or own.is_relative_to(folder)
        or not any(_is_below(folder, base.resolve()) for base in allowed)
    ):
        raise CloudError(
            f"The folder {folder} is not below yours ({allowed[0]}).",
            "A container gets folders of your work only, no hidden ones, and not the cloud's own: copy what it needs.",
        )
    return Mount(folder, target, read_only)


def _is_below(folder: Path, base: Path) -> bool:
    """Whether a folder lies in another, and no part of the way is hidden."""
    if base == base.parent or not folder.is_relative_to(base) or folder == base:
        return False
    return not any(part.startswith(".") for part in folder.relative_to(base).parts)
