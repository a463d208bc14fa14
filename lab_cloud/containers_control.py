"""The server's end of the commands on containers: run, ps, logs, stats, exec, stop, kill, rm, volumes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .container_wish import read
from .containers import Containers
from .control import CONTAINERS, Command
from .errors import CloudError
from .home import course
from .jobs import Jobs, Work

Say = Callable[[str], None]


class ContainersControl:
    """Answers the commands. What may take a while runs on a thread, never under the world's lock.

    Parameters
    ----------
    containers : Containers
        The containers of this cloud.
    """

    def __init__(self, containers: Containers) -> None:
        self._containers = containers
        self._jobs = Jobs()

    def commands(self) -> dict[str, Command]:
        """Name -> function, for `Control`."""
        slow: dict[str, Callable[..., dict[str, Any]]] = {
            "run": self._run,
            "stats": self._stats,
            "exec": self._exec,
            "stop": lambda say, container: self._containers.stop(container).json(),
            "kill": lambda say, container: self._containers.kill(container).json(),
            "rm": lambda say, container, force=False: self._containers.remove(container, force).json(),
        }
        found: dict[str, Command] = {f"{CONTAINERS}{name}": self._started(work) for name, work in slow.items()}
        quick: dict[str, Command] = {"ps": self._ps, "logs": self._logs, "look": self._jobs.look}
        quick |= {"volumes": self._volumes, "volume-rm": self._remove_volume}
        return found | {f"{CONTAINERS}{name}": command for name, command in quick.items()}

    def _started(self, work: Callable[..., dict[str, Any]]) -> Command:
        def start(**arguments: Any) -> dict[str, Any]:
            bound: Work = lambda say: work(say, **arguments)  # noqa: E731
            return self._jobs.start(bound)

        return start

    def _run(self, say: Say, image: str, here: str, **options: Any) -> dict[str, Any]:
        wish = read(image, self._containers.volumes_folder, Path(here), course(), **options)
        return self._containers.run(wish, say).json()

    def _ps(self, container: str | None = None) -> dict[str, Any]:
        records = [self._containers.find(container)] if container else self._containers.all()
        return {"containers": [record.json() for record in records]}

    def _logs(self, container: str, seen: int = 0) -> dict[str, Any]:
        """Lines after the first `seen`; whether it has ended is read before them, so that none comes after the end."""
        record = self._containers.find(container)
        ended = record.exit is not None
        lines, count = record.output.after(seen)
        return {"lines": lines, "seen": count, "ended": ended, "exit_code": record.exit.code if record.exit else None}

    def _stats(self, say: Say, containers: list[str]) -> dict[str, Any]:
        names = containers or [record.name for record in self._containers.all() if record.status == "running"]
        return {"stats": [self._containers.stats(name) for name in names]}

    def _exec(self, say: Say, container: str, argv: list[str], timeout: float = 60.0) -> dict[str, Any]:
        if not 0 < timeout <= 3600:
            raise CloudError(f"Invalid timeout: {timeout:g}.", "Write seconds, at most 3600.")
        done = self._containers.exec(container, argv, timeout)
        return {"exit_code": done.code, "output": done.output, "timed_out": done.timed_out}

    def _volumes(self) -> dict[str, Any]:
        return {"volumes": self._containers.volumes()}

    def _remove_volume(self, name: str) -> dict[str, Any]:
        self._containers.remove_volume(name)
        return {"name": name}
