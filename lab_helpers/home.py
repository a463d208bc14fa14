"""Where things lie: the course's folder, the labs in it, and `.lab/`, which holds progress and the cloud's state."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import NotFound


def course() -> Path:
    """The course's folder: the nearest one upwards with `labs/` and `lab_cloud/`, else the one of this package."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "labs").is_dir() and (folder / "lab_cloud").is_dir():
            return folder
    return Path(__file__).resolve().parent.parent


def home() -> Path:
    """The folder `.lab/`: where ``LAB_HOME`` points, else in the course's folder."""
    chosen = os.environ.get("LAB_HOME")
    return Path(chosen).expanduser().absolute() if chosen else course() / ".lab"


@dataclass(frozen=True)
class Notebook:
    """A lab as it came with the course.

    Parameters
    ----------
    number : int
        The lab's number.
    path : Path
        The pristine notebook.
    title : str
        Its first heading.
    needs : tuple of int
        The labs whose lasting work it stands on.
    build : tuple of str
        The sources of its `build` cells, in their order.
    cost : float or None
        An estimate in US dollars an hour on a real account.
    """

    number: int
    path: Path
    title: str
    needs: tuple[int, ...]
    build: tuple[str, ...]
    cost: float | None


def notebook(number: int) -> Notebook:
    """Read a lab from `labs/`.

    Parameters
    ----------
    number : int
        The lab's number.

    Returns
    -------
    Notebook
        What the helpers need to know of it.

    Raises
    ------
    NotFound
        When the course has no such lab.
    """
    path = _paths().get(number)
    if path is None:
        there = ", ".join(f"{n:02d}" for n in sorted(_paths()))
        raise NotFound(f"There is no lab {number:02d}.", f"The course has {there}.")
    content = json.loads(path.read_text(encoding="utf-8"))
    about = content["metadata"].get("containers_on_aws", {})
    cells = content["cells"]
    return Notebook(
        number=number,
        path=path,
        title=next((t for c in cells if c["cell_type"] == "markdown" if (t := _heading(_source(c)))), path.stem),
        needs=tuple(about.get("needs", ())),
        build=tuple(_source(cell) for cell in cells if "build" in cell["metadata"].get("tags", ())),
        cost=about.get("cost_per_hour"),
    )


def all_numbers() -> list[int]:
    """The numbers of the course's labs."""
    return sorted(_paths())


def needed(number: int) -> list[int]:
    """The labs that this lab stands on, in the order in which they are built."""
    order: list[int] = []
    for direct in notebook(number).needs:
        for one in (*needed(direct), direct):
            if one not in order:
                order.append(one)
    return order


def dependents(number: int) -> list[int]:
    """The labs that stand on this lab."""
    return [other for other in all_numbers() if other != number and number in needed(other)]


def _paths() -> dict[int, Path]:
    found = {}
    for path in sorted((course() / "labs").glob("*.ipynb")):
        match = re.match(r"(\d\d)-", path.name)
        if match:
            found[int(match[1])] = path
    return found


def _source(cell: dict[str, object]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)  # type: ignore[arg-type]


def _heading(text: str) -> str | None:
    match = re.search(r"^# (.+)$", text, re.MULTILINE)
    return match[1].strip() if match else None
