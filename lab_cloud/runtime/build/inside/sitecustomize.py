"""Lets a RUN see the image's root as ``/``: absolute paths are mapped, writing anywhere else is refused.

Python loads a module of this name when it starts, so this also holds for every Python that a RUN starts itself. It is
a help for honest Dockerfiles and no wall: what is not Python, or reaches the system without Python's own functions, is
neither mapped nor kept.
"""

import builtins
import io
import os
import sys
import sysconfig
from collections.abc import Callable
from typing import Any

ROOT = os.environ.get("LAB_BUILD_ROOT", "")
TEMPORARY = os.environ.get("TMPDIR", ROOT)
_lexists, _getcwd, _normpath, _join = os.path.lexists, os.getcwd, os.path.normpath, os.path.join
_SYSTEM = ("/dev/", "/proc/", "/sys/")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_READING = ("access", "chdir", "listdir", "lstat", "readlink", "scandir", "stat", "statvfs", "getxattr", "listxattr")
_WRITING = ("chmod", "chown", "lchown", "mkdir", "mkfifo", "mknod", "remove", "rmdir", "truncate", "unlink", "utime")
_TWO = ("link", "rename", "replace")
_CHANGES = {
    *("os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate"),
    *("os.utime", "sqlite3.connect"),
}


def _own() -> tuple[str, ...]:
    """Folders of the interpreter itself, which a program may read."""
    found = {os.path.abspath(path) for path in (*sysconfig.get_paths().values(), *sys.path) if path}
    return tuple(path + os.sep for path in found if path != ROOT)


OWN = _own()


def mapped(path: Any, writing: bool) -> Any:
    """Where a path of the image lies on this machine."""
    if isinstance(path, os.PathLike):
        path = os.fspath(path)
    if isinstance(path, bytes):
        return os.fsencode(mapped(os.fsdecode(path), writing))
    if not isinstance(path, str) or not path.startswith("/") or _known(path):
        return path
    inside = _join(ROOT, _normpath("/" + path).lstrip("/\\"))
    if not writing and not _lexists(inside) and (path + os.sep).startswith(OWN):
        return path
    return inside


def _known(path: str) -> bool:
    path += "/"
    return path.startswith((ROOT + "/", TEMPORARY + "/", *_SYSTEM))


def _wrap(name: str, writing: bool, both: bool = False) -> None:
    plain: Callable[..., Any] | None = getattr(os, name, None)
    if plain is None:
        return

    def call(*arguments: Any, **named: Any) -> Any:
        words = [mapped(each, writing) if place == 0 or (both and place == 1) else each
                 for place, each in enumerate(arguments)]  # fmt: skip
        for key in ("path", "src", "dst"):
            if key in named:
                named[key] = mapped(named[key], writing)
        return plain(*words, **named)

    call.__name__ = name
    setattr(os, name, call)
    for known in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
        if plain in known:
            known.add(call)


def _symlink(plain: Callable[..., Any]) -> Callable[..., Any]:
    def symlink(src: Any, dst: Any, *arguments: Any, **named: Any) -> Any:
        place = mapped(dst, True)
        target = os.fspath(src)
        if isinstance(target, str) and target.startswith("/"):  # relative, so that it also leads to the image's file
            target = os.path.relpath(mapped(target, True), os.path.dirname(os.path.abspath(place)))
        return plain(target, place, *arguments, **named)

    return symlink


def _open(plain: Callable[..., Any]) -> Callable[..., Any]:
    def opened(file: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        return plain(mapped(file, any(letter in mode for letter in "wax+")), mode, *arguments, **named)

    return opened


def _os_open(plain: Callable[..., int]) -> Callable[..., int]:
    def opened(path: Any, flags: int, *arguments: Any, **named: Any) -> int:
        return plain(mapped(path, bool(flags & _WRITES)), flags, *arguments, **named)

    return opened


def _working_folder() -> str:
    folder = _getcwd()
    return folder[len(ROOT) :] or "/" if (folder + "/").startswith(ROOT + "/") else folder


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse to change what is not the image's."""
    if event == "open":
        changed = arguments[:1] if isinstance(arguments[2], int) and arguments[2] & _WRITES else ()
    elif event in _CHANGES:
        changed = arguments[1:2] if event in ("os.symlink", "os.link") else arguments[:2]
    else:
        return
    for path in changed:
        if not isinstance(path, str | bytes):
            continue
        text = os.fsdecode(path)
        if event == "sqlite3.connect" and text.startswith("file:"):
            text = text.removeprefix("file:").partition("?")[0]
        real = _normpath(_join(_getcwd(), text))
        if not _known(real):
            raise PermissionError(f"RUN may change the image's files only, and {real} is not one of them")


if ROOT:
    if hasattr(os, "umask"):
        os.umask(0o022)
    for each in _READING:
        _wrap(each, writing=False)
    for each in _WRITING:
        _wrap(each, writing=True)
    for each in _TWO:
        _wrap(each, writing=True, both=True)
    if hasattr(os, "symlink"):
        os.symlink = _symlink(os.symlink)
    os.open = _os_open(os.open)
    builtins.open = io.open = _open(io.open)
    os.getcwd = _working_folder
    sys.addaudithook(_guard)
