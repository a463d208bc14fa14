"""What the cloud's own machine supplies to an image whose base is empty: a Python, a shell, the usual small tools.

Offline there is no real ``python`` image. The course's is empty and carries the label `catalog.INTERPRETER`, which
every image built on it inherits. The `process` runtime uses this machine's programs anyway; here they are laid into a
container's root as links below ``/run/host``, where the `sandbox` runtime mounts this machine's ``/usr`` read-only. An
image that has a file of the same name keeps its own.
"""

import contextlib
import os
import shutil
import sys
from functools import cache
from pathlib import Path

from lab_cloud.runtime.catalog import INTERPRETER
from lab_cloud.runtime.command import TOOLS
from lab_cloud.runtime.spec import Image

HOST = "/run/host"
"""Where a container sees this machine's system folders."""

_SYSTEM = tuple(name for name in ("/usr", "/bin", "/lib", "/lib64") if os.path.realpath(name) == name)
"""This machine's system folders; most systems have only ``/usr``, to which the others are links."""

_LIBRARIES = ("lib", "lib64", "usr/lib", "usr/lib64")
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost\n",
}


def stands_for(image: Image) -> str:
    """The real image that an image's empty base stands for; empty when it brings all that it needs."""
    return str((image.config.get("Labels") or {}).get(INTERPRETER, ""))


@cache
def interpreter() -> Path:
    """The real file of this machine's Python, without a virtual environment."""
    base = Path(getattr(sys, "_base_executable", None) or sys.executable)
    return Path(os.path.realpath(base))


def mounts() -> list[tuple[str, str]]:
    """(here, in the container) of the folders that are mounted read-only."""
    found: list[tuple[str, str]] = [(folder, HOST + folder) for folder in _SYSTEM if Path(folder).is_dir()]
    prefix = os.path.realpath(sys.base_prefix)
    if not _below_system(prefix):
        found.append((prefix, prefix))  # it may look for itself by its absolute path
    return found


def lay(root: Path) -> None:
    """Lay this machine's programs into a container's root.

    Parameters
    ----------
    root : Path
        The container's own copy of its image.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for name in ("python", "python3", f"python{version}"):
        _link(root / "usr/local/bin" / name, _seen(str(interpreter())))
    for tool, target in _tools():
        _link(root / "usr/bin" / tool, target)
    if not os.path.lexists(root / "bin"):
        _link(root / "bin", "usr/bin")
    else:
        for tool, target in _tools():
            _link(root / "bin" / tool, target)
    for folder in _LIBRARIES:
        _libraries(root / folder, Path("/") / folder)
    _link(root / "usr/share/zoneinfo", f"{HOST}/usr/share/zoneinfo")
    for name, text in _FILES.items():
        if not os.path.lexists(root / name):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
    for name in ("tmp", "root", "var/tmp"):
        with contextlib.suppress(FileExistsError):
            (root / name).mkdir(parents=True, exist_ok=True)


@cache
def _tools() -> tuple[tuple[str, str], ...]:
    """(name, target) of the small tools that this machine has in its system folders."""
    found = []
    for tool in sorted(TOOLS):
        place = shutil.which(tool)
        if place is not None and _below_system(os.path.realpath(place)):
            found.append((tool, _seen(os.path.realpath(place))))
    return tuple(found)


def _libraries(place: Path, here: Path) -> None:
    """One link to a folder of libraries; a link for each of its entries when the image has that folder."""
    real = os.path.realpath(here)
    if not Path(real).is_dir() or not _below_system(real):
        return
    if not os.path.lexists(place):
        _link(place, _seen(real))
    elif place.is_dir() and not place.is_symlink():
        for name in os.listdir(real):  # noqa: PTH208 - names are enough
            _link(place / name, f"{_seen(real)}/{name}")


def _below_system(path: str) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in _SYSTEM)


def _seen(path: str) -> str:
    """How a container sees a path of this machine."""
    return HOST + path if _below_system(path) else path


def _link(place: Path, target: str) -> None:
    if not os.path.lexists(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)
