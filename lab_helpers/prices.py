"""What AWS asks for things in us-east-1: `data/prices.csv`, with the day on which each price was checked."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .errors import NotFound

REGION = "us-east-1"
HOURS = 730.0
"""Hours in a month, as AWS counts them."""
FILE = Path(__file__).resolve().parent.parent / "data" / "prices.csv"


@dataclass(frozen=True)
class Price:
    """One price.

    Parameters
    ----------
    name : str
        What the course calls it, for example ``fargate.vcpu``.
    usd : float
        US dollars, without taxes and without a free tier.
    per : str
        ``hour``, ``month``, or ``use``: a price of use is for what is used in a month.
    about : str
        What one of it is.
    checked : str
        The day on which it was looked up, as ``2026-11-22``.
    how : str
        Where the figure comes from.
    source : str
        The page of AWS that says what is true now.
    """

    name: str
    usd: float
    per: str
    about: str
    checked: str
    how: str
    source: str

    def hourly(self, amount: float) -> float:
        """US dollars an hour for so many of it."""
        return amount * self.usd / (1 if self.per == "hour" else HOURS)


@cache
def prices() -> Mapping[str, Price]:
    """All prices by their names."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {row["name"]: Price(**{**row, "usd": float(row["usd"])}) for row in csv.DictReader(file)}  # type: ignore[arg-type]


def price(name: str) -> Price:
    """One price.

    Raises
    ------
    NotFound
        When `data/prices.csv` does not have it.
    """
    found = prices().get(name)
    if found is None:
        raise NotFound(f"There is no price {name}.", f"There are: {', '.join(sorted(prices()))}.")
    return found
