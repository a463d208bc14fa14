"""What is shown of containers: a row, their use of the machine, their words."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .table import Table, line_text, short, size_text


class Output(str):
    """Text of a program; a notebook shows it as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self).rstrip("\n")

    @property
    def lines(self) -> list[str]:
        """Its lines."""
        return self.splitlines()


@dataclass(frozen=True, repr=False)
class ExecResult:
    """What a command in a container answered.

    Parameters
    ----------
    exit_code : int
        0 for well; 124 when it was ended by its timeout.
    output : Output
        What it has written.
    timed_out : bool
        Whether it took too long.
    """

    exit_code: int
    output: Output
    timed_out: bool = False

    def __repr__(self) -> str:
        end = "ended by its timeout, " if self.timed_out else ""
        tail = f"({end}exit code {self.exit_code})" if self.exit_code else ""
        return "\n".join(text for text in (repr(self.output), tail) if text)


@dataclass(frozen=True, repr=False)
class Stats:
    """What a container uses.

    Parameters
    ----------
    name, id : str
        Which.
    cpu_percent : float
        Of one processor, over half a second.
    cpu_seconds : float
        Processor seconds since its start.
    memory : int
        Bytes that it holds.
    memory_limit : int or None
        Bytes that it may hold.
    memory_percent : float or None
        Of the limit.
    """

    name: str
    id: str
    cpu_percent: float
    cpu_seconds: float
    memory: int
    memory_limit: int | None
    memory_percent: float | None

    def row(self) -> tuple[str, ...]:
        """Its columns, as ``docker stats`` has them."""
        limit = size_text(self.memory_limit) if self.memory_limit else "none"
        share = "-" if self.memory_percent is None else f"{self.memory_percent:.1f} %"
        return (self.name, f"{self.cpu_percent:.1f} %", size_text(self.memory), limit, share)

    def __repr__(self) -> str:
        return repr(Table(HEAD, (self.row(),)))

    def _repr_html_(self) -> str:
        return Table(HEAD, (self.row(),))._repr_html_()


HEAD = ("Name", "CPU", "Memory", "Limit", "Of limit")


def frame(stats: Sequence[Stats]) -> Any:
    """Several as a DataFrame, in the columns of ``docker stats``."""
    import pandas as pd

    return pd.DataFrame([each.row() for each in stats], columns=list(HEAD)).set_index("Name")


def status_text(facts: Mapping[str, Any]) -> str:
    """A container's state in a few words."""
    if facts["status"] == "exited":
        return f"Exited ({facts['exit_code']})" + (", out of memory" if facts["oom_killed"] else "")
    if facts["status"] == "created":
        return "Created"
    return f"Up {max(time.time() - facts['started'], 0):.0f} s"


def container_row(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """A container's columns, as ``docker ps`` has them."""
    ports = ", ".join(f"127.0.0.1:{there}->{port}/tcp" for port, there in facts["ports"].items())
    command = line_text(" ".join(facts["command"]))
    return (facts["name"], short(facts["image"]), command, status_text(facts), ports or "-", facts["id"][:12])
