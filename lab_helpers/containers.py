"""Run containers by themselves in a notebook, as ``docker run`` does, on the runtime that ECS uses here too.

The embedded cloud does the work, through its command line. What it shows is text and tables.
"""

import shlex
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .address import Url, browser_address
from .asking import ask_for_container, container_answers, patience
from .container_facts import ExecResult, Output, Stats, container_row, frame
from .errors import ContainerProblem
from .table import Table

Note = Callable[[str, str], None]


class Container:
    """A container that was started by itself.

    Parameters
    ----------
    facts : mapping
        What the cloud says of it.

    Attributes
    ----------
    id, name, image : str
        Its id, its name, and the image as it was asked for.
    seconds_to_start : float
        How long the runtime took to start it, without the pull.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = dict(facts)
        self.id = str(facts["id"])
        self.name = str(facts["name"])
        self.image = str(facts["image"])
        self.seconds_to_start = float(facts["seconds_to_start"] or 0.0)

    @property
    def status(self) -> str:
        """``created``, ``running`` or ``exited``, as it is now."""
        return str(self._now()["status"])

    @property
    def exit_code(self) -> int | None:
        """How it ended: 0 for well, 137 when it was killed; None while it runs."""
        code = self._now()["exit_code"]
        return None if code is None else int(code)

    @property
    def oom_killed(self) -> bool:
        """Whether it was killed because it took more memory than it may."""
        return bool(self._now()["oom_killed"])

    @property
    def reason(self) -> str:
        """What the runtime has to say about its end; mostly empty."""
        return str(self._now()["reason"])

    @property
    def ports(self) -> dict[int, int]:
        """Port of the container -> port of this machine, of those that were published."""
        return {int(port): int(there) for port, there in self._facts["ports"].items()}

    @property
    def labels(self) -> dict[str, str]:
        """Notes about it, for example which lab has started it."""
        return dict(self._facts["labels"])

    @property
    def memory_limit(self) -> int | None:
        """Bytes that it may hold; None for no limit."""
        limit = self._facts["memory"]
        return None if limit is None else int(limit)

    @property
    def url(self) -> Url:
        """The address at which its first published port answers.

        Raises
        ------
        ContainerProblem
            It publishes none.
        """
        if not self.ports:
            raise ContainerProblem(
                f"The container {self.name} publishes no port.",
                "Start it with ports: lab.containers.run(image, ports=80)",
            )
        local = f"http://127.0.0.1:{next(iter(self.ports.values()))}"
        return Url(local, browser_address(local))

    def answers(self, path: str = "/") -> bool:
        """Whether a web server in it answers by now; good for ``lab.wait(web.answers, "the page")``."""
        try:
            with urllib.request.urlopen(self.url.at(path), timeout=2):  # noqa: S310 - loopback
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def logs(
        self, *, tail: int | None = None, timestamps: bool = False, follow: bool = False, seconds: float = 10.0
    ) -> Output:
        """What it has written, to stdout and to stderr.

        Parameters
        ----------
        tail : int, optional
            Only that many lines.
        timestamps : bool
            Each line with its time.
        follow : bool
            Print lines as they come, until the container ends or the time is over.
        seconds : float
            How long to follow at most.
        """
        words = ["--tail", str(tail)] if tail is not None else []
        words += ["--follow", "--seconds", f"{seconds:g}"] if follow else []
        lines = []
        for answer in container_answers("logs", *words, self.id):
            if "line" in answer:
                moment = time.strftime("%H:%M:%S ", time.localtime(answer["at"])) if timestamps else ""
                lines.append(moment + answer["line"])
                if follow:
                    print(lines[-1], flush=True)
        return Output("" if follow else "".join(f"{line}\n" for line in lines))

    def stats(self) -> Stats:
        """Processor and memory that it uses, measured over half a second."""
        return Stats(**ask_for_container("", "stats", self.id)["stats"][0])

    def exec(self, command: str | Sequence[str], timeout: float = 60.0) -> ExecResult:
        """Run a command in it.

        Parameters
        ----------
        command : str or sequence of str
            For example ``["python", "--version"]``.
        timeout : float
            Seconds after which the command is ended.
        """
        found = ask_for_container(
            f"the command in {self.name}", "exec", "--timeout", f"{timeout:g}", self.id, *_words(command)
        )
        return ExecResult(found["exit_code"], Output(found["output"]), found["timed_out"])

    def wait(self, seconds: float = 60.0) -> int:
        """Wait until it has ended; answers its exit code.

        Raises
        ------
        ContainerProblem
            It still runs after that time.
        """
        deadline = time.monotonic() + seconds
        with patience(f"the end of {self.name}"):
            while (code := self.exit_code) is None:
                if time.monotonic() > deadline:
                    raise ContainerProblem(f"The container {self.name} still runs after {seconds:g} s.", "Stop it.")
                time.sleep(0.05)
        return code

    def stop(self) -> int:
        """Ask it to end, kill it after its stop timeout; answers its exit code."""
        self._facts = ask_for_container(f"the end of {self.name}", "stop", self.id)
        return int(self._facts["exit_code"])

    def kill(self) -> int:
        """End it at once; answers its exit code."""
        self._facts = ask_for_container(f"the end of {self.name}", "kill", self.id)
        return int(self._facts["exit_code"])

    def rm(self, force: bool = False) -> None:
        """Remove it; one that runs needs `force`, which kills it first."""
        self._facts = ask_for_container(f"the end of {self.name}", "rm", *(["--force"] if force else []), self.id)

    def _now(self) -> dict[str, Any]:
        """What is true now; what has ended does not change any more."""
        if self._facts["status"] != "exited":
            found = ask_for_container("", "ps", "--all")["containers"]
            facts = next((each for each in found if each["id"] == self.id), None)
            if facts is None:
                raise ContainerProblem(f"No such container: {self.name}", "It was removed, or the cloud was restarted.")
            self._facts = facts
        return self._facts

    def __repr__(self) -> str:
        return repr(Containers.table([self._facts]))

    def _repr_html_(self) -> str:
        return Containers.table([self._facts])._repr_html_()


class Listing(tuple[Container, ...]):
    """The containers of `Containers.ps`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(self._table()) if self else "No containers. Start one: lab.containers.run(image)"

    def _repr_html_(self) -> str:
        return self._table()._repr_html_() if self else f"<p>{self!r}</p>"

    def _table(self) -> Table:
        return Containers.table([each._facts for each in self])


class Containers:
    """The containers of the embedded cloud that were started by themselves.

    Parameters
    ----------
    lab : str
        The lab in whose name they are started.
    note : callable
        Told of what stays when a container is gone: a kind and a name.
    """

    def __init__(self, lab: str = "", note: Note = lambda kind, name: None) -> None:
        self._lab = lab
        self._note = note

    def run(
        self,
        image: str,
        command: str | Sequence[str] | None = None,
        *,
        name: str | None = None,
        ports: int | str | Sequence[int | str] = (),
        volumes: str | Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        memory: str | int | None = None,
        cpus: float | None = None,
        entrypoint: str | None = None,
        working_dir: str | None = None,
        user: str | None = None,
        hostname: str | None = None,
        stop_timeout: float | None = None,
        detach: bool = True,
        seconds: float = 60.0,
    ) -> Container:
        """Start a container; as ``docker run -d``, or without ``-d`` when `detach` is false.

        Parameters
        ----------
        image : str
            Its image, for example ``web:1``.
        command : str or sequence of str, optional
            In place of the image's own.
        name : str, optional
            Its name; the cloud chooses one when it is not given.
        ports : int, str, or a sequence of them
            ``80``: the container's port 80 at any free port of this machine. ``"8080:80"``: at port 8080. Only this
            machine can reach them.
        volumes : str or sequence of str
            ``"folder:/path"``, ``"folder:/path:ro"`` (a folder of yours), or ``"name:/path"`` (kept by the cloud).
        environment : mapping of str to str, optional
            Variables for it.
        memory : str or int, optional
            A limit, such as ``"64m"``; a container that takes more is killed.
        cpus : float, optional
            How many processors it may use.
        entrypoint, working_dir, user, hostname : str, optional
            In place of the image's own.
        stop_timeout : float, optional
            Seconds between the stop signal and SIGKILL; 10 when not given.
        detach : bool
            False: wait until it has ended.
        seconds : float
            How long to wait then.

        Raises
        ------
        ContainerProblem
            With what is wrong and what to do.
        """
        words = ["--label", f"lab={self._lab}"] if self._lab else []
        for option, value in {
            "--name": name,
            "--memory": memory,
            "--cpus": cpus,
            "--entrypoint": entrypoint,
            "--workdir": working_dir,
            "--user": user,
            "--hostname": hostname,
            "--stop-timeout": stop_timeout,
        }.items():
            words += [] if value is None else [f"{option}={value}"]
        words += [f"--publish={port}" for port in _several(ports)]
        words += [f"--volume={volume}" for volume in _several(volumes)]
        words += [f"--env={key}={value}" for key, value in (environment or {}).items()]
        for volume in _several(volumes):
            if not set("/\\.") & set(kept := str(volume).partition(":")[0]):
                self._note("volume", kept)
        self._note("container", "")
        found = ask_for_container(f"the start of {image}", "run", "--detach", *words, image, *_words(command or ()))
        container = Container(found)
        if not detach:
            container.wait(seconds)
        return container

    def ps(self, all: bool = True) -> Listing:  # noqa: A002 - Docker's own word
        """Containers, the newest first.

        Parameters
        ----------
        all : bool
            Those that have ended too.
        """
        return Listing(
            Container(each) for each in ask_for_container("", "ps", *(["--all"] if all else []))["containers"]
        )

    def get(self, name: str) -> Container:
        """A container by its name, or by the beginning of its id."""
        for each in self.ps():
            if each.name == name or (name and each.id.startswith(name)):
                return each
        names = ", ".join(each.name for each in self.ps()) or "none"
        raise ContainerProblem(f"No such container: {name}", f"There is: {names}.")

    def stats(self, *names: str) -> Any:
        """Processor and memory of containers, as a DataFrame; of all that run when none is named."""
        return frame([Stats(**each) for each in ask_for_container("", "stats", *names)["stats"]])

    def logs(self, name: str, **options: Any) -> Output:
        """What a container has written; see `Container.logs`."""
        return self.get(name).logs(**options)

    def exec(self, name: str, command: str | Sequence[str], timeout: float = 60.0) -> ExecResult:
        """Run a command in a container; see `Container.exec`."""
        return self.get(name).exec(command, timeout)

    def stop(self, name: str) -> int:
        """Ask a container to end; see `Container.stop`."""
        return self.get(name).stop()

    def rm(self, name: str, force: bool = False) -> None:
        """Remove a container; see `Container.rm`."""
        self.get(name).rm(force)

    def volumes(self) -> dict[str, tuple[str, ...]]:
        """The named volumes, and which containers have each."""
        return {name: tuple(users) for name, users in ask_for_container("", "volume", "ls")["volumes"].items()}

    def remove_volume(self, name: str) -> None:
        """Delete a named volume and what is in it."""
        ask_for_container("", "volume", "rm", name)

    @staticmethod
    def table(facts: Sequence[Mapping[str, Any]]) -> Table:
        """Containers as rows, in the columns of ``docker ps``."""
        head = ("Name", "Image", "Command", "Status", "Ports", "Id")
        return Table(head, tuple(container_row(each) for each in facts))

    def __repr__(self) -> str:
        return "lab.containers: run, ps, get, logs, stats, exec, stop, rm, volumes, remove_volume"


def _several(values: Any) -> list[str]:
    return [str(values)] if isinstance(values, (int, str)) else [str(value) for value in values]


def _words(command: str | Sequence[str]) -> list[str]:
    words = shlex.split(command) if isinstance(command, str) else [str(word) for word in command]
    if any("\0" in word for word in words):
        raise ContainerProblem("The command holds a NUL character.", "Take it out.")
    return words
