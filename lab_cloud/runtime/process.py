"""The `process` runtime: a container is a process of this machine, in a folder of its own. Not isolated.

``containers/<run>/<id>/`` holds the image's files while the container runs and is removed afterwards. Everything that
is started carries a mark in its environment, by which the guardian of `lab_cloud.system` finds it should the cloud be
killed.
"""

import contextlib
import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from lab_cloud.errors import CannotStart
from lab_cloud.runtime.catalog import SOURCES, Catalog
from lab_cloud.runtime.command import Launch, Mapper, command_line, prepare
from lab_cloud.runtime.images import Store
from lab_cloud.runtime.limits import Limiter, most_memory
from lab_cloud.runtime.lines import Lines
from lab_cloud.runtime.mounts import check_mounts, link_mounts
from lab_cloud.runtime.ports import PortBook, is_listening
from lab_cloud.runtime.spec import ContainerSpec, ExecResult, Exit, Image, Stats
from lab_cloud.runtime.watcher import Watcher
from lab_cloud.system import KILLED, MARK, Guardian, Tree, allow_many_files, kill_marked, signal_number

OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
_EARLY = 10.0
"""Seconds after the start within which an end may be the fault of a port that another program took."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """A container that is ready to be started."""

    id: str
    image: Image
    folder: Path
    ports: Mapping[int, int]
    launch: Launch


class ProcessHandle:
    """A container of the `process` runtime. Made by `ProcessRuntime.start` only."""

    def __init__(self, runtime: "ProcessRuntime", spec: ContainerSpec, prepared: "Prepared", tree: Tree) -> None:
        self.id = prepared.id
        self.spec = spec
        self.image = prepared.image
        self.folder = prepared.folder
        self.ports = prepared.ports
        self.tree = tree
        self.pid = tree.pid
        self.exit: Exit | None = None
        self.memory_limit = spec.memory_limit
        self.started = time.time()
        self._runtime = runtime
        self.launch = prepared.launch
        self._lines = Lines()
        self._reason: str | None = None
        self._asked = False
        self._ended = threading.Event()

    def stop(self) -> None:
        """Send the image's stop signal, and SIGKILL after the stop timeout. Returns at once."""
        if self._asked or self.exit is not None:
            return
        self._asked = True
        self.signal()
        self.tree.resume()  # a suspended process would not notice; the limiter goes on with it later
        self._runtime.watcher.later(self.spec.stop_timeout, self.kill)

    def signal(self) -> None:
        """Send the image's stop signal."""
        self.tree.send(signal_number(self.image.config.get("StopSignal") or "SIGTERM"))

    def kill(self) -> None:
        """Kill it and all its children. Returns at once."""
        self._asked = True
        self.tree.kill()

    def wait(self, timeout: float | None = None) -> Exit | None:
        """Wait until it has ended, at most `timeout` seconds."""
        self._ended.wait(timeout)
        return self.exit

    def stats(self) -> Stats:
        """What its process tree has used so far."""
        self.tree.refresh()
        return Stats(self.tree.cpu_seconds(), self.tree.memory(), time.time())

    def exec(self, argv: Sequence[str], timeout: float) -> ExecResult:
        """Run a command in its folder with its environment.

        Raises
        ------
        CannotStart
            The container has ended, or the command cannot run here.
        """
        if self.exit is not None:
            raise CannotStart(f"the container {self.spec.name!r} is not running")
        if not argv:
            raise CannotStart("no command specified")
        launch = self.inside(argv)
        try:
            tree = Tree(launch.argv, launch.cwd, launch.env)
        except OSError as error:
            raise CannotStart(f"{argv[0]!r} cannot be started: {error.strerror}") from error
        code, output, late = tree.finish(timeout)
        return ExecResult(124 if late else code, output.decode("utf-8", "replace"), late)

    def inside(self, argv: Sequence[str]) -> Launch:
        """What to start for a command inside it."""
        search = tuple(item[5:] for item in self.image.config.get("Env") or () if item.startswith("PATH="))
        mapper = Mapper(self.folder, tuple(search[0].split(":")) if search else (), self.spec.mounts)
        folder = self.spec.working_directory or self.image.config.get("WorkingDir") or "/"
        return replace(self.launch, argv=tuple(command_line(mapper, list(argv), folder)))

    # for the limiter

    def cpu_seconds(self) -> float:
        """Processor seconds so far."""
        return self.tree.cpu_seconds()

    def memory(self) -> int:
        """Bytes now."""
        return self.tree.memory()

    def refresh(self) -> None:
        """Look for its children."""
        self.tree.refresh()

    def suspend(self) -> None:
        """Stand still."""
        self.tree.suspend()

    def resume(self) -> None:
        """Go on."""
        self.tree.resume()

    def kill_for_memory(self, remark: str = "") -> None:
        """End it because of the memory that it holds; the remark goes to the end of the reason."""
        if self._reason is None:
            self._reason = OUT_OF_MEMORY + remark
            self.tree.kill()

    # for the watcher

    def on_bytes(self, data: bytes) -> None:
        """Some output came."""
        self._tell(self._lines.feed(data))

    def _tell(self, lines: list[str]) -> None:
        now = time.time()
        for line in lines:
            try:
                self.spec.on_output(now, line)
            except Exception:
                log.exception("the output of %s could not be kept", self.spec.name)

    def on_escape(self) -> None:
        """It has ended, and something that it started still holds its output open."""
        self._runtime.sweep(self)

    def on_end(self, code: int) -> None:
        """It has ended and its output is complete."""
        self._tell(self._lines.end())
        if self._reason is not None and self._reason.startswith(OUT_OF_MEMORY):
            self.exit = Exit(KILLED, self._reason, out_of_memory=True)
        else:
            self.exit = Exit(code, self._stolen_port(code))
        self._runtime.forget(self)
        try:
            self.spec.on_exit(self.exit)
        except Exception:
            log.exception("the end of %s could not be told", self.spec.name)
        self._ended.set()

    def _stolen_port(self, code: int) -> str | None:
        """A reason that a learner cannot guess: another program was faster with the port."""
        if code == 0 or self._asked or time.time() - self.started > _EARLY:
            return None
        stolen = [port for port in self.ports.values() if is_listening(port)]
        return f"the loopback port {stolen[0]} of this container is used by another program" if stolen else None


class ProcessRuntime:
    """Runs containers as processes of this machine.

    Parameters
    ----------
    home : Path
        ``.lab``: holds ``images/`` and ``containers/``. One cloud at a time uses it.
    sources : Path
        The folder of the course's images.
    """

    name = "process"
    way_back = None
    handle: type[ProcessHandle] = ProcessHandle

    def __init__(self, home: Path, sources: Path = SOURCES) -> None:
        allow_many_files()  # each container takes two
        self.run = secrets.token_hex(4)
        self.store = Store(home / "images")
        self.catalog = Catalog(self.store, sources)
        self.watcher = Watcher()
        self._containers: dict[str, ProcessHandle] = {}
        self._ended: list[ProcessHandle] = []
        self._folder = home / "containers" / self.run
        self._folder.mkdir(parents=True)
        self._ports = PortBook()
        self._limiter = Limiter(cores=os.cpu_count() or 1, most=most_memory(os.environ))
        self._limiter.start()
        self._guardian: Guardian | None = None
        self._lock = threading.Lock()
        self._closed = False
        # One thread starts all processes: Linux ends a process when the thread that made it ends (see `Tree`).
        self._starter = ThreadPoolExecutor(1, "starter")
        self._cleaner = ThreadPoolExecutor(1, "cleaner")
        self._cleaner.submit(self._remove_others)

    def pull(self, image: str, password: str | None = None) -> Image:
        """Make an image available; see `Catalog.pull`."""
        return self.catalog.pull(image, password)

    def start(self, spec: ContainerSpec) -> ProcessHandle:
        """Start a container.

        Raises
        ------
        ImageNotFound, ImageCorrupt
            As `pull`.
        CannotStart
            The entrypoint cannot run here; the reason says what to do.
        """
        check_mounts(spec.mounts)
        image = self.pull(spec.image)
        key = secrets.token_hex(32)
        folder = self._folder / key[:12]
        ports = self._ports.assign(spec.ports, spec.host_ports)
        try:
            shutil.copytree(self.store.root(image), folder, symlinks=True)
            extra = {MARK: f"{self.run}.{key[:12]}"}
            if spec.hostname or "HOSTNAME" not in spec.environment:
                extra["HOSTNAME"] = spec.hostname or key[:12]
            launch = self.prepare(image, spec, folder, ports, extra)
            return self._begin(spec, Prepared(key, image, folder, ports, launch))
        except BaseException as error:
            self._ports.give_back(list(ports.values()))
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise CannotStart(f"CannotStartContainerError: {error}") from error
            raise

    def prepare(
        self, image: Image, spec: ContainerSpec, folder: Path, ports: Mapping[int, int], extra: Mapping[str, str]
    ) -> Launch:
        """Lay out a container's folder and say what to start in it; see `lab_cloud.runtime.command.prepare`."""
        link_mounts(folder, spec.mounts)
        return prepare(image, spec, folder, ports, extra)

    def _begin(self, spec: ContainerSpec, prepared: Prepared) -> ProcessHandle:
        launch = prepared.launch
        with self._lock:
            if self._closed:
                raise CannotStart("the cloud is going down")
            if self._guardian is None or not self._guardian.alive():
                self._guardian = Guardian(self.run, self._folder)
            tree = self._starter.submit(Tree, launch.argv, launch.cwd, launch.env).result()
            handle = self.handle(self, spec, prepared, tree)
            self._containers[handle.id] = handle
        self._limiter.add(spec.share, handle)
        self.watcher.add(handle)
        return handle

    def sweep(self, handle: ProcessHandle) -> None:
        """End what escaped from a container that has ended."""
        with self._lock:
            if not self._closed:
                self._cleaner.submit(kill_marked, f"{self.run}.{handle.id[:12]}")

    def forget(self, handle: ProcessHandle) -> None:
        """Clean up after a container that has ended."""
        self._limiter.remove(handle)
        self._ports.give_back(list(handle.ports.values()))
        with self._lock:
            self._containers.pop(handle.id, None)
            self._ended.append(handle)
            if not self._closed:
                self._cleaner.submit(self._remove_ended)

    def _remove_ended(self) -> None:
        """Whatever escaped from containers that have ended, and their folders; one look serves all of them."""
        with self._lock:
            ended, self._ended = self._ended, []
        if ended:
            kill_marked(*(f"{self.run}.{handle.id[:12]}" for handle in ended))
        for handle in ended:
            shutil.rmtree(handle.folder, ignore_errors=True)

    def _remove_others(self) -> None:
        """Folders that a killed cloud left."""
        for folder in self._folder.parent.iterdir():
            if folder != self._folder:
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Stop everything; no process and no folder is left."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            containers = list(self._containers.values())
        for handle in containers:
            handle.kill()
        for handle in containers:
            handle.wait(10)
        self._limiter.close()
        self.watcher.close()
        self._starter.shutdown()
        self._cleaner.shutdown()
        while kill_marked(f"{self.run}."):
            time.sleep(0.01)
        with contextlib.suppress(OSError):
            shutil.rmtree(self._folder)
        if self._guardian is not None:
            self._guardian.dismiss()
