"""What the process runtime starts for a container: a command line, an environment and a folder of this machine.

A container has its own file system; a plain process does not. So the paths that an image means are mapped: an argument
or an environment value that is an absolute path and exists in the image becomes that file in the container's folder,
and ``python`` becomes this interpreter. Whatever cannot be brought to run this way is refused with a reason.
"""

import os
import platform
import posixpath
import re
import shlex
import shutil
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab_cloud.errors import CannotStart
from lab_cloud.runtime.spec import ContainerSpec, Image, Mount
from lab_cloud.system import LINUX, WINDOWS

REMEDY = "The docker runtime (LAB_RUNTIME=docker) runs every image; it needs a Docker or Podman engine."

# What any Linux image has and its users call without thinking; this machine's own are used for them.
TOOLS = frozenset(
    [
        "sh",
        "bash",
        "cat",
        "cp",
        "date",
        "echo",
        "env",
        "expr",
        "false",
        "find",
        "grep",
        "head",
        "hostname",
        "id",
        "kill",
        "ls",
        "mkdir",
        "mktemp",
        "mv",
        "printenv",
        "printf",
        "ps",
        "pwd",
        "rm",
        "sed",
        "sleep",
        "sort",
        "tail",
        "tee",
        "test",
        "touch",
        "tr",
        "true",
        "uname",
        "uniq",
        "wc",
        "which",
        "xargs",
        "yes",
    ]
)
SEARCH = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where programs are looked for when an image names no PATH."""
_PYTHON = re.compile(r"python(3(\.\d+)?)?(\.exe)?")
_PATH_IN_TEXT = re.compile(r"(?<![\w./:~-])/[\w.@%+-]+(?:/[\w.@%+-]+)*")
_ELF_MACHINES = {"x86_64": 62, "amd64": 62, "aarch64": 183, "arm64": 183}


@dataclass(frozen=True)
class Launch:
    """A process to start.

    Parameters
    ----------
    argv : tuple of str
        The program, as a path of this machine, and its arguments.
    env : mapping of str to str
        Its whole environment.
    cwd : Path
        Its working directory.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path


class Mapper:
    """Maps what a container means to what is on this machine.

    Parameters
    ----------
    root : Path
        The container's folder, which stands for ``/``.
    search : tuple of str
        The image's own PATH.
    mounts : tuple of Mount
        Folders of this machine that the container sees.
    """

    def __init__(self, root: Path, search: tuple[str, ...] = (), mounts: tuple[Mount, ...] = ()) -> None:
        self.root = root
        self.search = search or SEARCH
        self._mounts = sorted(mounts, key=lambda mount: len(mount.target), reverse=True)

    def inside(self, path: str) -> Path:
        """Where an absolute path of the container lies; ``..`` does not lead out."""
        path = posixpath.normpath(f"///{path}")
        mount = self._mount(path)
        if mount is not None:
            return mount.source.joinpath(*path.removeprefix(posixpath.normpath(mount.target)).split("/"))
        return self.root.joinpath(*path.split("/"))

    def _mount(self, path: str) -> Mount | None:
        """The mount that holds a path."""
        return next(
            (each for each in self._mounts if f"{path}/".startswith(f"{posixpath.normpath(each.target)}/")), None
        )

    def path(self, text: str) -> str:
        """Map a text that is the absolute path of something in the image; leave any other as it is."""
        if not text.startswith("/") or text.strip("/") == "" or "\0" in text:
            return text
        place = self.inside(text)
        known = text.startswith("/tmp/") or self._mount(posixpath.normpath(text)) is not None  # noqa: S108
        return str(place) if known or os.path.lexists(place) else text

    def argument(self, text: str) -> str:
        """Map an argument: a path, or ``--option=path``."""
        option, equals, value = text.partition("=")
        if equals and option.startswith("-"):
            return f"{option}={self.path(value)}"
        return self.path(text)

    def value(self, text: str) -> str:
        """Map an environment value: a path, or a list of paths."""
        parts = text.split(":")
        if len(parts) > 1 and all(part.startswith("/") for part in parts):
            return os.pathsep.join(self.path(part) for part in parts)
        return self.path(text)

    def script(self, text: str) -> str:
        """Map every path within a shell's command."""
        return _PATH_IN_TEXT.sub(lambda found: self._quoted(found[0]), text)

    def _quoted(self, text: str) -> str:
        mapped = self.path(text)
        return mapped if mapped == text or " " not in mapped else shlex.quote(mapped)

    def program(self, name: str, folder: str = "/") -> list[str]:
        """The beginning of a command line for a program as the container names it.

        Raises
        ------
        CannotStart
            It is not there, or cannot run on this system without a container engine.
        """
        base = posixpath.basename(name)
        if _PYTHON.fullmatch(base):
            return [sys.executable]
        place = self._find(name, folder)
        if place is not None:
            return self._runnable(place, name)
        if base in TOOLS and (base == name or posixpath.dirname(name) in ("/bin", "/usr/bin", "/usr/local/bin")):
            found = shutil.which(base)
            if found is not None:
                return [found]
            raise CannotStart(f"CannotStartContainerError: this system has no {base!r}, which the image needs", REMEDY)
        where = "no such file or directory" if "/" in name else "executable file not found in $PATH"
        raise CannotStart(
            f'CannotStartContainerError: exec: "{name}": {where}',
            f"Check entryPoint and command. {REMEDY}",
        )

    def _find(self, name: str, folder: str) -> Path | None:
        if "/" in name:
            candidates = [self.inside(posixpath.join(folder, name))]
        else:
            candidates = [self.inside(posixpath.join(place, name)) for place in self.search]
        return next((path for path in candidates if path.is_file()), None)

    def _runnable(self, place: Path, name: str, depth: int = 0) -> list[str]:
        with place.open("rb") as file:
            head = file.read(4096)
        if head.startswith(b"#!") and depth < 3:
            line = shlex.split(head[2:].split(b"\n", 1)[0].decode("utf-8", "replace"))
            if line and posixpath.basename(line[0]) == "env":
                line = line[2:] if line[1:2] == ["-S"] else line[1:]
            if line:
                return [*self.program(line[0]), *line[1:], str(place)]
        if head.startswith(b"\x7fELF"):
            self._check_elf(head, name)
            return [str(place)]
        raise CannotStart(f'CannotStartContainerError: exec: "{name}": exec format error', REMEDY)

    def _check_elf(self, head: bytes, name: str) -> None:
        """Refuse a Linux program that this machine cannot run as it is."""
        if not LINUX:
            raise CannotStart(
                f"CannotStartContainerError: {name!r} is a Linux program, and this is {platform.system()}", REMEDY
            )
        machine = int.from_bytes(head[18:20], "little")
        if machine != _ELF_MACHINES.get(platform.machine(), machine):
            raise CannotStart(
                f'CannotStartContainerError: exec: "{name}": exec format error (it is for another processor)', REMEDY
            )
        loader = _elf_loader(head)
        if loader and not Path(loader).exists():
            raise CannotStart(
                f"CannotStartContainerError: {name!r} needs {loader}, which is in its image and not on this machine",
                REMEDY,
            )


def _elf_loader(head: bytes) -> str:
    """The dynamic loader that an ELF file asks for; empty when it needs none or its headers lie elsewhere."""
    if head[4] != 2:
        return ""
    (offset,) = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    for number in range(count):
        start = offset + number * size
        if start + 40 > len(head):
            break
        (kind,) = struct.unpack_from("<I", head, start)
        if kind == 3:  # PT_INTERP
            begin, length = struct.unpack_from("<Q16xQ", head, start + 8)
            return head[begin : begin + length].rstrip(b"\0").decode("ascii", "replace")
    return ""


def prepare(
    image: Image, spec: ContainerSpec, root: Path, ports: Mapping[int, int], extra: Mapping[str, str]
) -> Launch:
    """What to start for a container.

    Parameters
    ----------
    image : Image
        Its image.
    spec : ContainerSpec
        The wish.
    root : Path
        Its folder, with the image's files.
    ports : mapping of int to int
        Container port -> loopback port.
    extra : mapping of str to str
        What the runtime adds to the environment.

    Raises
    ------
    CannotStart
        There is no command, or it cannot run on this system without a container engine.
    """
    config = image.config
    wanted = {**dict(item.partition("=")[::2] for item in config.get("Env") or ()), **spec.environment}
    search = tuple(part for part in wanted.pop("PATH", "").split(":") if part)
    mapper = Mapper(root, search, spec.mounts)
    folder = spec.working_directory or config.get("WorkingDir") or "/"
    cwd = mapper.inside(folder)
    try:
        cwd.mkdir(parents=True, exist_ok=True)
        mapper.inside("/tmp").mkdir(exist_ok=True)  # noqa: S108 - the container's own
    except OSError as error:
        raise CannotStart(
            f"CannotStartContainerError: the working directory {folder!r} cannot be made: {error.strerror}"
        ) from error
    env = _minimal_environment(mapper)
    env.update((name, mapper.value(value)) for name, value in wanted.items())
    env.update({f"PORT_{port}": str(loopback) for port, loopback in ports.items()})
    if ports:
        env["PORT"] = str(next(iter(ports.values())))
    env.update(extra)
    return Launch(tuple(command_line(mapper, words(image, spec), folder)), env, cwd)


def command_line(mapper: Mapper, words: list[str], folder: str) -> list[str]:
    """Map a whole command line of a container."""
    line = mapper.program(words[0], folder)
    shell = posixpath.basename(words[0]) in ("sh", "bash")
    for place, word in enumerate(words[1:], 1):
        in_script = shell and words[place - 1].startswith("-") and words[place - 1].endswith("c")
        line.append(mapper.script(word) if in_script else mapper.argument(word))
    return line


def words(image: Image, spec: ContainerSpec) -> list[str]:
    """Entry point and command as Docker joins them: an entry point given anew drops the image's command."""
    entry = spec.entry_point if spec.entry_point is not None else tuple(image.config.get("Entrypoint") or ())
    command = spec.command
    if command is None:
        command = () if spec.entry_point is not None else tuple(image.config.get("Cmd") or ())
    words = [*entry, *command]
    if not words or not words[0]:
        raise CannotStart(
            "CannotStartContainerError: no command specified",
            "The image has no command of its own: give entryPoint or command in the container definition.",
        )
    if any("\0" in word for word in words):
        raise CannotStart("CannotStartContainerError: an argument holds a NUL character")
    return words


def _minimal_environment(mapper: Mapper) -> dict[str, str]:
    """What a program cannot do without. Nothing else of this machine's environment, which may hold secrets."""
    path = [str(mapper.inside(part)) for part in mapper.search if mapper.inside(part).is_dir()]
    path += [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    temporary = str(mapper.inside("/tmp"))  # noqa: S108
    env = {"PATH": os.pathsep.join(path), "HOME": str(mapper.root), "TMPDIR": temporary}
    if WINDOWS:
        env.update({name: os.environ[name] for name in ("SYSTEMROOT", "COMSPEC", "PATHEXT") if name in os.environ})
        env.update({"TEMP": temporary, "TMP": temporary, "PYTHONUTF8": "1"})
    else:
        env["LANG"] = "C.UTF-8"
    return env
