"""Which files a process of this machine still holds open, as far as we may look."""

import contextlib
import sys
from collections.abc import Iterable
from pathlib import Path


def still_open(paths: Iterable[Path]) -> set[Path]:
    """Those of some files that a process holds open; slow: it looks at all processes.

    Parameters
    ----------
    paths : iterable of Path
        The files.
    """
    wanted: dict[tuple[int, int], Path] = {}
    for each in paths:
        with contextlib.suppress(OSError):
            found = each.stat()
            wanted[found.st_dev, found.st_ino] = each
    if not wanted:
        return set()
    return _in_proc(wanted) if sys.platform == "linux" else _by_psutil(wanted)


def _in_proc(wanted: dict[tuple[int, int], Path]) -> set[Path]:
    """By inode: in a container the same file has another path."""
    held = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for each in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    found = each.stat()
                    held.add((found.st_dev, found.st_ino))
    return {path for key, path in wanted.items() if key in held}


def _by_psutil(wanted: dict[tuple[int, int], Path]) -> set[Path]:
    import psutil

    names = {str(path.resolve()): path for path in wanted.values()}
    held = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            held |= {names[each.path] for each in process.open_files() if each.path in names}
    return held
