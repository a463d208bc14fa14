"""Bring the account to where a lab begins: remove what earlier runs left, replay what the lab stands on.

The lasting work of a lab is its `build` cells, read from the pristine notebook. A lab that was replayed before is not
replayed again as long as what it made is there and unchanged; else what is left of it goes first. So any state leads to
the same beginning, and nothing is made twice.
"""

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from . import home
from .errors import LabError, ReplayFailed
from .inventory import Thing
from .store import Store

if TYPE_CHECKING:
    from .lab import Lab


class Built:
    """Which labs were replayed, what they made, and in which services anything was made: `.lab/built.json`.

    Parameters
    ----------
    cloud : str
        The backend; each has a memory of its own.
    """

    def __init__(self, cloud: str) -> None:
        self._cloud = cloud
        self._store = Store(home.home() / "built.json")

    def print_of(self, number: int) -> list[str] | None:
        """What the lab had made when it was replayed; None when it was not."""
        found = self._read()["labs"].get(f"{number:02d}")
        return None if found is None else list(found)

    def remember(self, number: int, things: list[str]) -> None:
        """Keep what the lab made."""
        content = self._read()
        content["labs"][f"{number:02d}"] = things
        self._write(content)

    def forget(self, numbers: list[int]) -> None:
        """Those labs are to be replayed when they are needed next."""
        content = self._read()
        content["labs"] = {key: kept for key, kept in content["labs"].items() if int(key) not in numbers}
        self._write(content)

    def begin(self, identity: str) -> bool:
        """Forget everything when this is another cloud than before.

        Returns
        -------
        bool
            True when it is, so that nothing can be in it.
        """
        content = self._read()
        if not identity or content["identity"] == identity:
            return False
        self._write({"labs": {}, "services": [], "identity": identity})
        return True

    def services(self) -> list[str]:
        """The services in which anything was made."""
        return list(self._read()["services"])

    def used(self, service: str) -> None:
        """Note that something was made in a service."""
        content = self._read()
        if service not in content["services"]:
            content["services"] = sorted([*content["services"], service])
            self._write(content)

    def _read(self) -> dict[str, Any]:
        found = self._store.read().get(self._cloud, {})
        return {
            "labs": dict(found.get("labs", {})),
            "services": list(found.get("services", [])),
            "identity": str(found.get("identity", "")),
        }

    def _write(self, content: dict[str, Any]) -> None:
        self._store.write({**self._store.read(), self._cloud: content})


def footprint(things: list[Thing]) -> list[str]:
    """Things as comparable text: kind, name and what somebody could have changed; no ids."""
    return sorted(f"{thing.kind} {thing.name} {thing.state}".strip() for thing in things)


def replay(lab: "Lab", strict: bool = True) -> list[str]:
    """Run the `build` cells of a lab.

    Parameters
    ----------
    lab : Lab
        The object that the cells know as ``lab``; what they make carries its number.
    strict : bool
        False for a cloud that may lack something: a cell that fails is told, and the next one is tried.

    Returns
    -------
    list of str
        What could not be brought, in one line each; always empty when strict.

    Raises
    ------
    ReplayFailed
        With the first line of the cell that failed.
    """
    names: dict[str, Any] = {"lab": lab, "__name__": f"lab_{lab.number:02d}"}
    missed: list[str] = []
    with _quiet():
        for source in home.notebook(lab.number).build:
            try:
                exec(compile(source, f"<lab {lab.number:02d}>", "exec"), names)  # noqa: S102 - the course's own cells
            except Exception as error:
                told = error.message if isinstance(error, LabError) else f"{type(error).__name__}: {error}"
                first = next((line for line in source.splitlines() if line.strip()), "")
                if not strict:
                    if not isinstance(error, NameError):  # that one only follows from another
                        missed.append(f"lab {lab.number:02d}, the cell that begins {first!r}: {told}")
                    continue
                raise ReplayFailed(
                    f"Lab {lab.number:02d} could not be brought. {told} (in the cell that begins: {first})",
                    "Run lab.start() again; if it fails again, begin with an empty cloud: python -m lab_cloud reset",
                ) from error
    return missed


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what replayed cells print or display from the learner's page."""
    if "IPython" not in sys.modules:  # not in a notebook
        with contextlib.redirect_stdout(io.StringIO()):
            yield
        return
    from IPython.utils.capture import capture_output

    with capture_output(stdout=True, stderr=False, display=True):
        yield
