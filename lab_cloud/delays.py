"""How long AWS's own steps take: `data/delays.csv`, in AWS seconds, divided by the speed."""

import csv
from pathlib import Path

from .clock import Clock

TABLE = Path(__file__).resolve().parent.parent / "data" / "delays.csv"
HURRIED = frozenset(
    {
        *("ecs.provisioning", "ec2.pending", "ec2.agent", "eks.agent", "eks.addon", "eks.fargate-pod"),
        *("eks.cluster-creation", "eks.cluster-update", "eks.nodegroup-update", "eks.fargate-profile"),
        *("efs.file-system", "efs.mount-target", "efs.access-point"),
    }
)
"""Steps at whose end something is ready. How patient AWS is, or how long it warns, is never hurried."""
HURRY = 3600.0
"""The speed of a hurried step, where the cloud's own is less."""


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
        self._hurried_until = 0.0
        self._skipped: set[str] = set()
        with table.open(encoding="utf-8", newline="") as file:
            self._seconds = {row["name"]: float(row["aws_seconds"]) for row in csv.DictReader(file)}

    def real(self, name: str) -> float:
        """Real seconds of one delay.

        Raises
        ------
        KeyError
            When the table has no such name.
        """
        seconds = self._seconds[name]
        if name in HURRIED and self._clock.now() < self._hurried_until:
            self._skipped.add(name)
            return min(self._clock.real(seconds), seconds / HURRY)
        return self._clock.real(seconds)

    def hurry(self, seconds: float) -> float:
        """Let steps at whose end something is ready take next to no time, since nobody is there to watch them.

        Parameters
        ----------
        seconds : float
            For so many real seconds from now; 0 ends it.

        Returns
        -------
        float
            How long the steps that were hurried until now take on AWS, one after the other, each counted once.
        """
        skipped = sum(self._seconds[name] for name in self._skipped)
        self._skipped.clear()
        self._hurried_until = self._clock.now() + seconds
        return skipped
