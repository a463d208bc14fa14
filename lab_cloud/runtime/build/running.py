"""RUN: Python commands that really run, with the image's files laid out in a folder; what they change is a layer.

The interpreter is this machine's. What a command changes outside the image's root is refused where Python sees it, and
is never part of the layer.
"""

import atexit
import hashlib
import os
import posixpath
import secrets
import shutil
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from lab_cloud.errors import BuildFailed, CannotStart
from lab_cloud.runtime.build.dockerfile import Instruction, without_heredocs
from lab_cloud.runtime.build.files import Files
from lab_cloud.runtime.build.instructions import DOCKER, exec_form
from lab_cloud.runtime.build.script import Command, NotAShell, commands
from lab_cloud.runtime.build.settings import environment
from lab_cloud.runtime.build.variables import BadWord, expand_heredoc
from lab_cloud.runtime.command import Mapper
from lab_cloud.runtime.layers import WHITEOUT, Budget, Entry, Piece, mode_of, unpack
from lab_cloud.runtime.lines import Lines
from lab_cloud.system import MARK, WINDOWS, Tree

INSIDE = Path(__file__).resolve().parent / "inside"
LONGEST = 600.0
"""Seconds that one RUN may take."""
_TOOLS = frozenset({"cat", "chmod", "cp", "echo", "ln", "ls", "mkdir", "mv", "rm", "touch"})
_POLL = 0.005
_PIP = (
    "This builder loads nothing from the network. Put the packages into the folder that you build"
    " (pip install --target vendor NAME), then: COPY vendor/ /app/vendor/ and ENV PYTHONPATH=/app/vendor"
)

_running: set[Tree] = set()

State = dict[str, tuple[int, int, int, int, str]]


class Runner:
    """The image's files on disk, for the commands of one RUN.

    Parameters
    ----------
    layers : iterable of Path
        The image's uncompressed layers, lowest first.
    scratch : Path
        A folder of the build's own.

    Raises
    ------
    CannotStart
        This system cannot hold the image's files.
    """

    def __init__(self, layers: Iterable[Path], scratch: Path) -> None:
        self.root = Path(os.path.realpath(scratch)) / secrets.token_hex(6)
        self._temporary = self.root.with_suffix(".tmp")
        for folder in (self.root, self._temporary):
            folder.mkdir()
        budget = Budget()
        for layer in layers:
            with layer.open("rb") as file:
                unpack(file, self.root, budget)

    def run(
        self, instruction: Instruction, config: Mapping[str, object], arguments: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:  # fmt: skip
        """Carry out a RUN.

        Parameters
        ----------
        instruction : Instruction
            The RUN.
        config : mapping
            The image's configuration.
        arguments : mapping of str to str
            The ARGs in scope.
        say : callable
            Given each line that it prints.

        Raises
        ------
        DockerfileError
            It is not of Python, or it failed; with its exit code.
        """
        variables = {**arguments, **environment(config)}
        folder = str(config.get("WorkingDir") or "/")
        code = 0
        for command in self._commands(instruction, variables):
            if command.after_success and code:
                continue
            if command.argv[:1] == ("cd",):
                folder = posixpath.normpath(posixpath.join(folder, *command.argv[1:2]))
                code = 0 if self._place(folder).is_dir() else 1
                continue
            argv = self._argv(instruction, command.argv, folder)
            code = self._execute(argv, {**variables, **dict(command.variables)}, self._place(folder), say)
        if code:
            remedy = "Its own words stand above." if code != 137 else f"It may take {LONGEST:.0f} seconds at most."
            raise instruction.error(f"the command ended with exit code {code}", remedy)

    def _commands(self, instruction: Instruction, variables: Mapping[str, str]) -> list[Command]:
        words = exec_form(instruction.rest)
        if words is not None:
            if not words:
                raise instruction.error("the command is empty", 'For example: RUN ["python", "-c", "print(1)"]')
            return [Command(tuple(words))]
        text = without_heredocs(instruction.rest)
        files = []
        for heredoc in instruction.heredocs:
            file = self._temporary / f"{heredoc.name}-{secrets.token_hex(4)}"
            body = heredoc.text
            if heredoc.expand and text:  # the shell would replace variables in what it hands on
                body = expand_heredoc(body, variables, instruction.escape)
            file.write_text(body, encoding="utf-8")
            files.append((file, body))
        try:
            if files and not text:
                file, body = files[0]
                first = body.partition("\n")[0]
                if first.startswith("#!"):
                    return [Command((first[2:].split()[-1], str(file)))]
                return commands(body, variables)
            found = commands(text, variables)
        except NotAShell as error:
            raise instruction.error(str(error.args[0]), f"{error.args[1]} {DOCKER}") from error
        except BadWord as error:
            raise instruction.error(str(error), "Close it.") from error
        if files:  # the heredoc is what the last command reads; Python reads a program there
            argv = tuple(word for word in found[-1].argv if word != "-")
            found[-1] = Command((*argv, str(files[0][0])), found[-1].variables, found[-1].after_success)
        return found

    def _argv(self, instruction: Instruction, argv: Sequence[str], folder: str) -> list[str]:
        """What to start; raises DockerfileError for what is not of Python."""
        name = posixpath.basename(argv[0])
        if name in ("pip", "pip3") or list(argv[1:3]) == ["-m", "pip"]:
            raise instruction.error("pip is not available in this builder", _PIP)
        if name in _TOOLS:
            return [sys.executable, str(INSIDE / "tools.py"), name, *argv[1:]]
        try:
            program = Mapper(self.root).program(argv[0], folder)
        except CannotStart:
            program = []
        if program[:1] != [sys.executable]:
            raise instruction.error(
                f"{argv[0]!r} cannot be run by this builder",
                f"It runs python, and {', '.join(sorted(_TOOLS))}. {DOCKER}",
            )
        mapper = Mapper(self.root)
        ours = str(self._temporary)  # a heredoc; it lies outside the image already
        words = [*program, *(word if word.startswith(ours) else mapper.argument(word) for word in argv[1:])]
        _check_options(instruction, words)
        if words[1:3] == ["-m", "compileall"]:  # it writes the paths of the sources into what it makes
            words[3:3] = ["-s", str(self.root), "-p", "/"]
        return words

    def _execute(
        self, argv: Sequence[str], variables: Mapping[str, str], folder: Path, say: Callable[[str], None]
    ) -> int:
        """Run one command to its end; its exit code."""
        if not folder.is_dir():
            raise BuildFailed(f"the working folder /{folder.relative_to(self.root).as_posix()} is not in the image")
        mark = f"build.{secrets.token_hex(6)}"
        tree = Tree(argv, folder, self._environment(variables, mark))
        _running.add(tree)
        lines, done = Lines(), threading.Event()

        def listen() -> None:
            while data := tree.output.read(1 << 16):
                for line in lines.feed(data):
                    say(line)
            for line in lines.end():
                say(line)
            done.set()

        threading.Thread(target=listen, name="build-output", daemon=True).start()
        deadline = time.monotonic() + LONGEST
        while not tree.ended():
            if time.monotonic() > deadline:
                tree.kill()
            time.sleep(_POLL)
        code = tree.reap()
        _running.discard(tree)
        if done.wait(5):
            tree.output.close()
        return code

    def _environment(self, variables: Mapping[str, str], mark: str) -> dict[str, str]:
        given = dict(variables)
        given.pop("PATH", None)
        own = [Mapper(self.root).path(part) for part in given.pop("PYTHONPATH", "").split(":") if part]
        env = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "HOME": "/root",
            "PYTHONHASHSEED": "0",  # the same program writes the same bytes
            "SOURCE_DATE_EPOCH": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
            **given,
            "PYTHONPATH": os.pathsep.join([str(INSIDE), *own]),
            "LAB_BUILD_ROOT": str(self.root),
            "TMPDIR": str(self._temporary),
            MARK: mark,
        }
        if WINDOWS:
            env.update({name: os.environ[name] for name in ("SYSTEMROOT", "COMSPEC", "PATHEXT") if name in os.environ})
            env.update({"TEMP": str(self._temporary), "TMP": str(self._temporary)})
        return env

    def _place(self, folder: str) -> Path:
        return Mapper(self.root).inside(folder)

    def close(self) -> None:
        """Remove what was laid out."""
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.rmtree(self._temporary, ignore_errors=True)


@atexit.register
def _end_all() -> None:
    """No command of a build goes on when the cloud goes down."""
    for tree in list(_running):
        tree.kill()


def _check_options(instruction: Instruction, words: Sequence[str]) -> None:
    """Refuse options with which Python would not load what maps the image's paths."""
    place = 1
    while place < len(words) and words[place].startswith("-") and words[place][1:2] not in ("c", "m", ""):
        word = words[place]
        if not word.startswith("--") and set(word[1:]) & set("EIS") and word[1] not in "XW":
            raise instruction.error(
                f"python {word} does not work in this builder", "Leave it out: with it Python would not see the image."
            )
        place += 2 if word in ("-X", "-W") else 1


def look(root: Path) -> State:
    """How everything in a folder is: kind and mode, size, time, number, and where a link points."""
    found: State = {}
    stack = [root]
    while stack:
        with os.scandir(stack.pop()) as children:
            for child in children:
                status = child.stat(follow_symlinks=False)
                link = os.readlink(child.path) if child.is_symlink() else ""  # noqa: PTH115
                name = Path(child.path).relative_to(root).as_posix()
                folder = child.is_dir(follow_symlinks=False)
                when, size = (0, 0) if folder else (status.st_mtime_ns, status.st_size)
                found[name] = (status.st_mode, size, when, 0 if folder else status.st_ino, link)
                if folder:
                    stack.append(Path(child.path))
    return found


def changed(root: Path, before: State, after: State, lower: Files) -> dict[str, Entry]:
    """The layer that leads from one look at a folder to the next.

    Parameters
    ----------
    root : Path
        The folder as it is now.
    before, after : dict
        What `look` has seen.
    lower : Files
        The image before; what is the same as there is no change.

    Raises
    ------
    BuildFailed
        A device, a pipe or a socket was made.
    """
    layer: dict[str, Entry] = {}
    for name, state in after.items():
        if before.get(name) == state:
            continue
        old = lower.get(name)
        entry = _entry(root / name, state, old if before.get(name, (None,))[0] == state[0] else None)
        if posixpath.basename(name).startswith(WHITEOUT):
            raise BuildFailed(f"RUN made /{name}, and names that begin with {WHITEOUT} mean deleted files in a layer")
        if old is None or not _same(old, entry):
            layer[name] = entry
    for name in before:
        folder, base = posixpath.split(name)
        if name not in after and (not folder or (folder in after and stat.S_ISDIR(after[folder][0]))):
            layer[posixpath.join(folder, WHITEOUT + base)] = Entry(b"", mode=0o644)
    return layer


def _entry(path: Path, state: tuple[int, int, int, int, str], old: Entry | None) -> Entry:
    """Something that was made or changed; owner and mode stay those of the layers when the RUN has not set them."""
    mode, size, _, _, link = state
    if link:
        return Entry(link=link.replace(os.sep, "/"), mode=0o777)
    if stat.S_ISDIR(mode):
        return Entry(mode=old.mode if old else 0o755 if WINDOWS else mode & 0o777)
    if not stat.S_ISREG(mode):
        raise BuildFailed(f"RUN made {path.name!r}, a device, a pipe or a socket, which no layer holds")
    with path.open("rb") as file:
        head = file.read(4)
    fresh = mode_of(head) if WINDOWS else mode & 0o777
    return Entry(
        piece=Piece(path, 0, size),
        mode=old.mode if old else fresh,
        uid=old.uid if old else 0,
        gid=old.gid if old else 0,
    )


def _same(old: Entry, new: Entry) -> bool:
    if old.link != new.link or old.is_file != new.is_file or old.mode != new.mode:
        return False
    return old.size == new.size and _digest(old) == _digest(new)


def _digest(entry: Entry) -> bytes:
    hasher = hashlib.sha256()
    for chunk in entry.chunks():
        hasher.update(chunk)
    return hasher.digest()
