"""A folder that is kept in step with a bucket. It is not a file system: what may not be is undone after it was done.

References
----------
https://github.com/awslabs/mountpoint-s3/blob/main/doc/SEMANTICS.md
"""

import contextlib
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import AwsError
from ...system.opened import still_open
from ...wire import moto_objects
from .bucket import Bucket

Stamp = tuple[int, int, int]
"""Inode, time of the last change in ns, and size in bytes: the same again says that a file has not changed."""
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What Mountpoint's mount options allow.

    Parameters
    ----------
    read_only, allow_delete, allow_overwrite : bool
        The options of these names.
    """

    read_only: bool = False
    allow_delete: bool = False
    allow_overwrite: bool = False


@dataclass(frozen=True)
class Step:
    """What is done with a file.

    Parameters
    ----------
    what : str
        ``put`` (write the object), ``delete`` (the object), ``restore`` (the file), ``remove`` (the file) or
        ``rename`` (the file back).
    path : str
        Which.
    why : str
        What was refused; empty when nothing was.
    other : str
        Of a rename: the name that the file got.
    """

    what: str
    path: str
    why: str = ""
    other: str = ""


def decide(known: Mapping[str, Stamp], seen: Mapping[str, Stamp], options: Options) -> list[Step]:
    """What to do about files that changed in the folder.

    Parameters
    ----------
    known : mapping of str to Stamp
        The files as they came from objects or became objects.
    seen : mapping of str to Stamp
        Those that are there.
    options : Options
        What is allowed.
    """
    steps: list[Step] = []
    new = {stamp: path for path, stamp in seen.items() if path not in known}
    for path, stamp in known.items():
        there = seen.get(path)
        if there == stamp:
            continue
        if there is not None and options.allow_overwrite and not options.read_only:
            steps.append(Step("put", path))
        elif there is not None:
            steps.append(Step("restore", path, "an existing object is not changed without allow-overwrite"))
        elif stamp in new:
            steps.append(Step("rename", path, "a file is not renamed", new.pop(stamp)))
        elif options.allow_delete and not options.read_only:
            steps.append(Step("delete", path))
        else:
            steps.append(Step("restore", path, "an object is not deleted without allow-delete"))
    for path in new.values():
        if options.read_only:
            steps.append(Step("remove", path, "the mount is read-only"))
        else:
            steps.append(Step("put", path))
    return steps


class Mirror:
    """The folder.

    Parameters
    ----------
    bucket : Bucket
        The objects.
    folder : Path
        The files; what lies there goes.
    options : Options
        What is allowed.
    tell : callable
        Is told of each change that is undone.
    """

    def __init__(self, bucket: Bucket, folder: Path, options: Options, tell: Tell) -> None:
        self.files = folder / "files"
        self._coming = folder / "coming"
        for each in (self.files, self._coming):
            each.mkdir(parents=True, exist_ok=True)
        self._bucket = bucket
        self._options = options
        self._tell = tell
        self._lock = threading.Lock()
        self._known: dict[str, Stamp] = {}
        self._etags: dict[str, str] = {}
        self._waiting: dict[str, Stamp] = {}
        self._refused: dict[str, Stamp] = {}
        self._writes = -1

    def step(self, *, last: bool = False) -> None:
        """Bring folder and bucket in step; slow.

        Parameters
        ----------
        last : bool
            Whether nobody writes any more, so that no file need be waited for.

        Raises
        ------
        AwsError
            The bucket cannot be listed.
        """
        with self._lock:
            if not self.files.is_dir():
                return  # the cloud was reset: nobody deleted these files
            seen = self._scan()
            steps = decide(self._known, seen, self._options)
            puts = [each.path for each in steps if each.what == "put"]
            ready = set(puts) if last else self._ready({path: seen[path] for path in puts})
            for each in steps:
                if each.what != "put" or each.path in ready:
                    self._do(each, seen)
            writes = moto_objects.writes()
            if writes != self._writes:
                self._fetch()
                self._writes = writes

    def _scan(self) -> dict[str, Stamp]:
        found: dict[str, Stamp] = {}
        for root, folders, files in os.walk(self.files):
            for name in (*folders, *files):
                place = Path(root, name)
                with contextlib.suppress(OSError):
                    status = place.lstat()
                    if stat.S_ISLNK(status.st_mode):
                        place.unlink()  # Mountpoint has no links, and this one may lead anywhere
                        self._tell(f"{name}: a link cannot be made")
                    elif stat.S_ISREG(status.st_mode):
                        stamp = status.st_ino, status.st_mtime_ns, status.st_size
                        found[place.relative_to(self.files).as_posix()] = stamp
        return found

    def _ready(self, puts: dict[str, Stamp]) -> set[str]:
        """The files that have not changed since the last step, and that nobody holds open."""
        same = {path for path, stamp in puts.items() if self._waiting.get(path) == stamp}
        self._waiting = puts
        same -= {path for path in same if self._refused.get(path) == puts[path]}
        held = still_open(self.files / path for path in same)
        return {path for path in same if self.files / path not in held}

    def _do(self, step: Step, seen: Mapping[str, Stamp]) -> None:
        path, place = step.path, self.files / step.path
        try:
            if step.what == "put":
                data = place.read_bytes()
                self._etags[path] = self._bucket.put(path, data)
                self._known[path] = seen[path]
            elif step.what == "delete":
                self._bucket.delete(path)
                self._forget(path)
            elif step.what == "restore":
                self._load(path)
            elif step.what == "rename":
                place.parent.mkdir(parents=True, exist_ok=True)
                (self.files / step.other).replace(place)
                self._known[path] = _stamp(place)
            else:
                place.unlink()
        except AwsError as error:
            if step.what == "put":
                self._refused[path] = seen[path]
            self._tell(f"{path}: {error.code}: {error.message}")
            if step.what == "delete":
                self._load_again(path)
            elif step.what == "restore":
                self._leave(path, seen.get(path))
        except OSError as error:
            self._tell(f"{path}: {error.strerror}")
        if step.why:
            self._tell(f"{path}: {step.why}. The change was undone")

    def _load_again(self, path: str) -> None:
        try:
            self._load(path)
        except (AwsError, OSError):
            self._leave(path, None)

    def _leave(self, path: str, there: Stamp | None) -> None:
        """What cannot be had again stays as it is: nothing is tried each moment."""
        if there is None:
            self._known.pop(path, None)
        else:
            self._known[path] = there

    def _fetch(self) -> None:
        listed = self._bucket.list()
        for path in [each for each in {*self._known, *self._etags} if each not in listed]:
            (self.files / path).unlink(missing_ok=True)
            self._forget(path)
            for parent in (self.files / path).parents:
                if parent == self.files:
                    break
                with contextlib.suppress(OSError):  # something else is in it
                    parent.rmdir()
        for path, etag in listed.items():
            if self._etags.get(path) != etag:
                self._etags[path] = etag  # once: what is refused is not asked for each second
                try:
                    self._load(path)
                except AwsError as error:
                    self._tell(f"{path}: {error.code}: {error.message}")
                except OSError as error:
                    self._tell(f"{path}: {error.strerror}")

    def _load(self, path: str) -> None:
        """Write the file of an object, at once for whoever reads."""
        data, place = self._bucket.get(path), self.files / path
        handle, name = tempfile.mkstemp(dir=self._coming)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        coming = Path(name)
        coming.chmod(0o644)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            coming.replace(place)
        except OSError:
            coming.unlink(missing_ok=True)
            raise
        self._known[path] = _stamp(place)

    def _forget(self, path: str) -> None:
        self._known.pop(path, None)
        self._etags.pop(path, None)


def _stamp(place: Path) -> Stamp:
    status = place.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size
