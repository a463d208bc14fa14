"""Containers by themselves, as ``docker run`` makes them, on the same runtime that ECS uses.

They belong to no task and nobody restarts them. They end with the cloud, and their records with them; named volumes
stay. https://docs.docker.com/reference/cli/docker/container/
"""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .container_names import new_name
from .container_record import Record
from .container_wish import Wish
from .errors import CannotStart, CloudError, ImageNotFound
from .runtime.references import parse
from .runtime.spec import ContainerSpec, ExecResult, Exit, Handle, Image, Runtime, Share

MOST_ENDED = 100
"""Containers that have ended and are still listed; the oldest are forgotten first."""
_SAMPLE = 0.5
"""Seconds over which the use of processors is measured."""
_PATIENCE = 30.0
_PORT_WORDS = ("already allocated", "already in use")
_PORT_REMEDY = "Stop what uses it, or let the cloud choose: publish the container's port alone, for example -p 80."

log = logging.getLogger(__name__)


class Containers:
    """The containers that were started one by one.

    Parameters
    ----------
    runtime : Runtime
        What runs them.
    folder : Path
        Where the named volumes lie.
    password : callable
        From a registry's address to the password for it; None for registries that are not this cloud's.
    """

    def __init__(self, runtime: Runtime, folder: Path, password: Callable[[str], str | None]) -> None:
        self.volumes_folder = folder
        self._runtime = runtime
        self._password = password
        self._records: dict[str, Record] = {}
        self._lock = threading.RLock()

    def run(self, wish: Wish, say: Callable[[str], None]) -> Record:
        """Create and start a container; slow.

        Parameters
        ----------
        wish : Wish
            What it shall be.
        say : callable
            Given a line when the image has to be pulled first.

        Raises
        ------
        CloudError
            Its name or port is taken, its image is not there, or its command cannot run; nothing is kept of it then.
        """
        record = self._create(wish)
        try:
            image = record.image = self._image(wish.image, say)
            began = time.monotonic()
            handle = self._start(record, self._spec(record, image))
            record.seconds_to_start = round(time.monotonic() - began, 4)
        except BaseException:
            with self._lock:
                self._records.pop(record.name, None)
            raise
        with self._lock:
            record.handle = handle
            record.started = time.time()
            forgotten = record.exit is None and self._records.get(record.name) is not record
        if forgotten:  # by a reset meanwhile
            handle.kill()
        return record

    def _create(self, wish: Wish) -> Record:
        with self._lock:
            name = wish.name or new_name(self._records)
            other = self._records.get(name)
            if other is not None:
                raise CloudError(
                    f'Conflict. The container name "/{name}" is already in use by container "{other.id[:12]}".',
                    f"Remove that one (python -m lab_cloud rm -f {name}; lab.containers.rm), or choose another name.",
                )
            record = self._records[name] = Record(name, wish)
            self._forget_oldest()
        return record

    def _image(self, reference: str, say: Callable[[str], None]) -> Image:
        """As Docker does it: what is here is taken, and only what is not is pulled."""
        parsed = parse(reference)
        here = not parsed.digest and self._runtime.catalog.store.resolve(str(parsed)) is not None
        if not here:
            say(f"Unable to find image '{reference}' locally, pulling it …")
        try:
            return self._runtime.pull(reference, None if here else self._password(parsed.host))
        except ImageNotFound as error:
            raise ImageNotFound(f"No such image: {reference}. {error.message}", error.remedy) from None

    def _spec(self, record: Record, image: Image) -> ContainerSpec:
        wish = record.wish
        ports = list(wish.ports)
        if self._runtime.name != "docker":  # it has no network of its own: without a port it would take this machine's
            exposed = (name.partition("/") for name in image.config.get("ExposedPorts") or ())
            ports += [int(port) for port, _, kind in exposed if kind in ("", "tcp") and int(port) not in wish.ports]
        return ContainerSpec(
            name=record.name,
            image=wish.image,
            entry_point=wish.entry_point,
            command=wish.command,
            environment=wish.environment,
            working_directory=wish.working_directory,
            ports=tuple(ports),
            host_ports={port: wanted for port, wanted in wish.ports.items() if wanted},
            memory_limit=wish.memory,
            share=Share(cpu=wish.cpus) if wish.cpus else None,
            mounts=wish.mounts,
            hostname=wish.hostname,
            user=wish.user,
            stop_timeout=wish.stop_timeout,
            on_output=record.output.add,
            on_exit=lambda end: self._ended(record, end),
        )

    def _start(self, record: Record, spec: ContainerSpec) -> Handle:
        try:
            return self._runtime.start(spec)
        except CannotStart as error:
            if any(words in error.message for words in _PORT_WORDS):
                raise CannotStart(error.message, _PORT_REMEDY) from None
            raise

    def _ended(self, record: Record, end: Exit) -> None:
        with self._lock:
            record.finished = time.time()
            record.exit = end
            if record.wish.auto_remove:
                self._records.pop(record.name, None)

    def _forget_oldest(self) -> None:
        ended = [name for name, record in self._records.items() if record.exit is not None]
        for name in ended[: max(len(ended) - MOST_ENDED, 0)]:
            del self._records[name]

    def all(self) -> list[Record]:
        """All of them, the newest first."""
        with self._lock:
            return list(self._records.values())[::-1]

    def running(self) -> int:
        """How many run."""
        return sum(record.status == "running" for record in self.all())

    def find(self, text: str) -> Record:
        """A container by its name, or by the beginning of its id.

        Raises
        ------
        CloudError
            There is none, or more than one.
        """
        with self._lock:
            record = self._records.get(text)
            found = [record] if record else [each for each in self.all() if text and each.id.startswith(text)]
        if len(found) == 1:
            return found[0]
        if found:
            raise CloudError(f"More than one container's id begins with {text}.", "Write more of it.")
        names = ", ".join(each.name for each in self.all()[:10])
        raise CloudError(
            f"No such container: {text}", f"There is: {names}." if names else "There is none; start one with run."
        )

    def stop(self, name: str) -> Record:
        """Ask one to end, kill it after its stop timeout, and wait; slow."""
        record = self.find(name)
        if record.handle is not None and record.exit is None:
            record.handle.stop()
            self._wait(record, record.wish.stop_timeout + _PATIENCE)
        return record

    def kill(self, name: str) -> Record:
        """Kill one, and wait; slow."""
        record = self.find(name)
        if record.handle is None or record.exit is not None:
            raise CloudError(f"Cannot kill container: {name}: it is not running.", "See ps -a for how it ended.")
        record.handle.kill()
        self._wait(record, _PATIENCE)
        return record

    def _wait(self, record: Record, seconds: float) -> None:
        assert record.handle is not None
        if record.handle.wait(seconds) is None:
            raise CloudError(f"The container {record.name} has not ended.", "Look into cloud.log; try kill.")

    def remove(self, name: str, force: bool = False) -> Record:
        """Forget one that has ended, or kill it first; slow.

        Raises
        ------
        CloudError
            It runs, and `force` is not given.
        """
        record = self.find(name)
        if record.exit is None:
            if not force:
                raise CloudError(
                    f'Cannot remove container "/{record.name}": container is running.',
                    "Stop it before removing it, or force remove (rm -f; force=True).",
                )
            if record.handle is None:
                raise CloudError(f"The container {record.name} is just being started.", "Try again in a second.")
            record.handle.kill()
            self._wait(record, _PATIENCE)
        with self._lock:
            self._records.pop(record.name, None)
        return record

    def exec(self, name: str, argv: Sequence[str], timeout: float) -> ExecResult:
        """Run a command in one; slow.

        Raises
        ------
        CloudError
            It does not run, or has no such command.
        """
        record = self.find(name)
        if record.handle is None or record.exit is not None:
            raise CloudError(f"Container {name} is not running.", "Start one: exec needs a living container.")
        return record.handle.exec(argv, timeout)

    def stats(self, name: str) -> dict[str, Any]:
        """What one uses, measured over half a second as ``docker stats --no-stream``; slow."""
        record = self.find(name)
        if record.handle is None or record.exit is not None:
            raise CloudError(f"Container {name} is not running.", "Only what runs uses anything.")
        first = record.handle.stats()
        record.handle.wait(_SAMPLE)
        last = record.handle.stats()
        passed = max(last.read - first.read, 1e-3)
        return {
            "name": record.name,
            "id": record.id,
            "cpu_percent": round(100 * (last.cpu_seconds - first.cpu_seconds) / passed, 2),
            "cpu_seconds": round(last.cpu_seconds, 3),
            "memory": last.memory,
            "memory_limit": record.wish.memory,
            "memory_percent": round(100 * last.memory / record.wish.memory, 2) if record.wish.memory else None,
        }

    # volumes

    def volumes(self) -> dict[str, list[str]]:
        """Named volumes, and the containers that have each."""
        found = sorted(path for path in self.volumes_folder.glob("*") if path.is_dir())
        return {
            path.name: [each.name for each in self.all() if any(mount.source == path for mount in each.wish.mounts)]
            for path in found
        }

    def remove_volume(self, name: str) -> None:
        """Delete a named volume and what is in it.

        Raises
        ------
        CloudError
            There is none, or a container has it.
        """
        with self._lock:
            users = self.volumes().get(name)
            if users is None:
                raise CloudError(f"No such volume: {name}", f"There is: {', '.join(self.volumes()) or 'none'}.")
            if users:
                raise CloudError(f"Volume {name} is in use by {', '.join(users)}.", "Remove the container first.")
            try:
                shutil.rmtree(self.volumes_folder / name)
            except OSError as error:
                raise CloudError(
                    f"Volume {name} cannot be deleted: {error.strerror}.", "A container has written as another user."
                ) from error

    def reset(self) -> None:
        """Kill all and forget them, with their volumes; returns at once."""
        with self._lock:
            records, self._records = list(self._records.values()), {}
        for record in records:
            if record.handle is not None and record.exit is None:
                record.handle.kill()
        shutil.rmtree(self.volumes_folder, ignore_errors=True)
