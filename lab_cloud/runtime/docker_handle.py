"""A container of the `docker` runtime: its output, its end, and what can be asked of it."""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lab_cloud.errors import CannotStart
from lab_cloud.runtime.engine import close_stream, remove, said
from lab_cloud.runtime.lines import Lines
from lab_cloud.runtime.process import OUT_OF_MEMORY
from lab_cloud.runtime.spec import ContainerSpec, ExecResult, Exit, Image, Stats
from lab_cloud.system import KILLED

if TYPE_CHECKING:
    from lab_cloud.runtime.docker import DockerRuntime

CPU_PERIOD = 100_000
"""Microseconds within which the kernel hands out a share of the processors."""
_MOST_OUTPUT = 1 << 20
_ENGINE_SAYS = ("OCI runtime exec failed", "Error: ")
"""How Docker and Podman begin when a command could not be started; it stands in the command's own output."""
_NO_PROGRAM = ("executable file not found", "no such file or directory")

log = logging.getLogger(__name__)


class DockerHandle:
    """A container of a container engine. Made by `DockerRuntime.start` only."""

    def __init__(self, runtime: "DockerRuntime", spec: ContainerSpec, image: Image, key: str) -> None:
        self.id = key
        self.spec = spec
        self.image = image
        self.pid = 0
        self.ports: Mapping[int, int] = {}
        self.exit: Exit | None = None
        self.memory_limit = spec.memory_limit
        self._runtime = runtime
        self._api = runtime.api
        self._stream: Any = None
        self._timer: threading.Timer | None = None
        self._asked = False
        self._too_much = False
        self._held = 0.0
        self._stats = Stats(0.0, 0, time.time())
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def begin(self) -> None:
        """Start it; its output is attached before, so that none is missed.

        Raises
        ------
        CannotStart
            Its entrypoint cannot be run; with the engine's words.
        """
        import docker.errors

        try:  # Podman prepares the container, and so finds what is wrong with it, when it is attached to
            self._stream = self._api.attach(self.id, stream=True, logs=False, demux=True)
            self._api.start(self.id)
        except docker.errors.APIError as error:
            if self._stream is not None:
                close_stream(self._stream)
            raise CannotStart(
                f"CannotStartContainerError: {said(error)}", "Check entryPoint, command and working directory."
            ) from error
        found = self._api.inspect_container(self.id)
        self.pid = int(found["State"]["Pid"] or 0)
        published = found["NetworkSettings"]["Ports"] or {}
        self.ports = {
            port: int(published[f"{port}/tcp"][0]["HostPort"])
            for port in self.spec.ports
            if published.get(f"{port}/tcp")
        }

    def follow(self) -> None:
        """Wait for its output and its end, in a thread."""
        self._runtime.keeper.add(self.spec.share, self)
        threading.Thread(target=self._follow, name=f"container-{self.id[:12]}", daemon=True).start()

    def stop(self) -> None:
        """Send the image's stop signal, and SIGKILL after the stop timeout. Returns at once."""
        with self._lock:
            if self._asked or self.exit is not None:
                return
            self._asked = True
            self._timer = threading.Timer(self.spec.stop_timeout, self._kill)
            self._timer.daemon = True
            self._timer.start()
        signal = str(self.image.config.get("StopSignal") or "SIGTERM")
        self._runtime.call(lambda: self._signal(signal))

    def kill(self) -> None:
        """Kill it and all its children. Returns at once."""
        with self._lock:
            self._asked = True
        self._runtime.call(self._kill)

    def _kill(self) -> None:
        self._signal("SIGKILL")

    def _signal(self, name: str) -> None:
        import docker.errors

        if self.exit is None:
            with contextlib.suppress(docker.errors.APIError):  # it has ended meanwhile
                self._api.kill(self.id, name)

    def wait(self, timeout: float | None = None) -> Exit | None:
        """Wait until it has ended, at most `timeout` seconds."""
        self._ended.wait(timeout)
        return self.exit

    def stats(self) -> Stats:
        """What it has used so far, by the kernel's count."""
        if self.exit is None:
            with contextlib.suppress(Exception):  # it ends at this moment
                found = self._api.stats(self.id, stream=False, one_shot=True)
                used = found["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
                held = _held_memory(found["memory_stats"])
                if used or held:
                    self._stats = Stats(max(used, self._stats.cpu_seconds), held, time.time())
                    return self._stats
        return Stats(self._stats.cpu_seconds, 0 if self.exit is not None else self._stats.memory, time.time())

    def exec(self, argv: Sequence[str], timeout: float) -> ExecResult:
        """Run a command inside it.

        The engine has no way to end a command; one that takes too long is killed where this machine sees its process,
        and left alone else (Docker Desktop).

        Raises
        ------
        CannotStart
            The container has ended, or has no such command.
        """
        import docker.errors

        if self.exit is not None:
            raise CannotStart(f"the container {self.spec.name!r} is not running")
        if not argv:
            raise CannotStart("no command specified")
        try:
            made = self._api.exec_create(self.id, list(argv))["Id"]
            stream = self._api.exec_start(made, stream=True)
        except docker.errors.APIError as error:
            if self.wait(0.1) is not None or "is not running" in said(error):
                raise CannotStart(f"the container {self.spec.name!r} is not running") from error
            raise CannotStart(f"{argv[0]!r} cannot be started: {said(error)}") from error
        late = threading.Event()

        def end() -> None:
            late.set()
            with contextlib.suppress(Exception):
                pid = self._api.exec_inspect(made)["Pid"]
                if pid and self._is_local():
                    os.kill(pid, 9)
            close_stream(stream)

        timer = threading.Timer(timeout, end)
        timer.start()
        output = b""
        try:
            for piece in stream:
                output += piece[: max(_MOST_OUTPUT - len(output), 0)]
        except Exception as error:  # closed by the timer, or the engine has gone
            log.debug("the output of %r has broken off: %s", argv[0], error)
        finally:
            timer.cancel()
            close_stream(stream)
        text = output.decode("utf-8", "replace")
        if late.is_set():
            return ExecResult(124, text, timed_out=True)
        code = self._api.exec_inspect(made)["ExitCode"]
        if code in (126, 127) and text.startswith(_ENGINE_SAYS) and any(part in text for part in _NO_PROGRAM):
            raise CannotStart(f"{argv[0]!r} cannot be started: {text.strip()}")
        return ExecResult(KILLED if code is None else int(code), text)

    def _is_local(self) -> bool:
        """Whether the engine's processes are this machine's: its first process would be another's else."""
        try:
            with open(f"/proc/{self.pid}/cgroup", encoding="ascii") as file:  # noqa: PTH123
                return self.id in file.read()
        except OSError:
            return False

    # for the keeper

    def hold(self, cpu: float) -> None:
        """Let it have that many processors from now on."""
        from lab_cloud.runtime.docker import quota

        if self.exit is None and abs(cpu - self._held) > 0.05 * self._held:
            self._held = cpu
            most = quota(min(cpu, self._runtime.cores))
            self._runtime.call(lambda: self._api.update_container(self.id, cpu_period=CPU_PERIOD, cpu_quota=most))

    def kill_for_memory(self) -> None:
        """End it because of the memory that it holds."""
        self._too_much = True
        self._kill()

    # its thread

    def _follow(self) -> None:
        out, err = Lines(), Lines()
        try:
            for stdout, stderr in self._stream:
                self._tell(out.feed(stdout) if stdout else [])
                self._tell(err.feed(stderr) if stderr else [])
        except Exception as error:
            log.warning("the output of %s has broken off: %s", self.spec.name, error)
        close_stream(self._stream)
        end = self._how_it_ended()
        self._tell(out.end())
        self._tell(err.end())
        with self._lock:
            self.exit = end
            if self._timer is not None:
                self._timer.cancel()
        self._runtime.forget(self)
        remove(self._api, self.id)
        try:
            self.spec.on_exit(end)
        except Exception:
            log.exception("the end of %s could not be told", self.spec.name)
        self._ended.set()

    def _how_it_ended(self) -> Exit:
        try:
            code = int(self._api.wait(self.id, timeout=None)["StatusCode"])
            state = self._api.inspect_container(self.id)["State"]
        except Exception as error:
            log.warning("the end of %s is not known: %s", self.spec.name, said(error))
            return Exit(KILLED, "the container engine does not know this container any more")
        if self._too_much or (code == KILLED and state.get("OOMKilled")):
            return Exit(KILLED, OUT_OF_MEMORY, out_of_memory=True)
        return Exit(code, str(state["Error"]) if state.get("Error") else None)

    def _tell(self, lines: list[str]) -> None:
        now = time.time()
        for line in lines:
            try:
                self.spec.on_output(now, line)
            except Exception:
                log.exception("the output of %s could not be kept", self.spec.name)


def _held_memory(found: Mapping[str, Any]) -> int:
    """Bytes that a container holds, without files that the kernel merely keeps, as ``docker stats`` counts."""
    details = found.get("stats") or {}
    files = details.get("total_inactive_file", details.get("inactive_file", 0))
    return max(int(found.get("usage", 0)) - int(files), 0)
