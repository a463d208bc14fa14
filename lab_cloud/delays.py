"""How long AWS's own steps take: `data/delays.csv`, in AWS seconds, divided by the speed."""

import csv
from pathlib import Path

from .clock import Clock

TABLE = Path(__file__).resolve().parent.parent / "data" / "delays.csv"


class Delays:
    """The table of delays.

    Parameters
    ----------
    clock : Clock
        Whose speed divides them.
    table : Path
        A CSV file with the columns ``name``, ``aws_seconds`` and ``source``.
    """

    def __init__(self, clock: Clock, table: Path = TABLE) -> None:
        self._clock = clock
        with table.open(encoding="utf-8", newline="") as file:
            self._seconds = {row["name"]: float(row["aws_seconds"]) for row in csv.DictReader(file)}

    def real(self, name: str) -> float:
        """Real seconds of one delay.

        Raises
        ------
        KeyError
            When the table has no such name.
        """
        return self._clock.real(self._seconds[name])
