"""What things cost on AWS: an estimate, as a table, by the hour and by the month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from .errors import LabError
from .prices import HOURS, REGION, Price, price, prices


@dataclass(frozen=True)
class Item:
    """So much of something that has a price.

    Parameters
    ----------
    what : str
        What it is for, for example ``service DemoHTTP``.
    amount : float
        How much of it; of what is paid by use, how much in a month.
    price : Price
        For one.
    """

    what: str
    amount: float
    price: Price

    @property
    def how_much(self) -> str:
        """So many of what, for people."""
        number = "less than 0.01" if 0 < self.amount < 0.01 else f"{self.amount:.3g}"
        return f"{number} × {self.price.about}"

    @property
    def hourly(self) -> float:
        """US dollars an hour."""
        return self.price.hourly(self.amount)

    @property
    def monthly(self) -> float:
        """US dollars a month of 730 hours."""
        return self.hourly * HOURS


@dataclass(frozen=True, repr=False)
class Costs:
    """An estimate.

    Parameters
    ----------
    items : tuple of Item
        What has a price.
    title : str
        What is estimated.
    region : str
        Where it is; the prices are those of us-east-1.
    unpriced : tuple of str
        What is there and has a price that the course does not know.
    unseen : tuple of str
        What could not be listed.
    notes : tuple of str
        What else is to be said.
    """

    items: tuple[Item, ...]
    title: str
    region: str = REGION
    unpriced: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def hourly(self) -> float:
        """US dollars an hour, all together."""
        return sum(item.hourly for item in self.items)

    @property
    def monthly(self) -> float:
        """US dollars a month of 730 hours, all together."""
        return self.hourly * HOURS

    def rows(self) -> list[tuple[str, str, str, str]]:
        """What it is for, how much of what, US dollars an hour, and a month; the sum comes last."""
        found = [(item.what, item.how_much, f"{item.hourly:.4f}", f"{item.monthly:.2f}") for item in self.items]
        return [*found, ("all together", "", f"{self.hourly:.4f}", f"{self.monthly:.2f}")]

    def frame(self) -> Any:
        """The rows as a table for charts, with numbers; without the sum.

        Returns
        -------
        pandas.DataFrame
            With the columns of `HEAD`.
        """
        import pandas as pd

        rows = [(item.what, item.how_much, item.hourly, item.monthly) for item in self.items]
        return pd.DataFrame(rows, columns=list(HEAD))

    def remarks(self) -> list[str]:
        """What must be known to read the figures."""
        days = sorted({item.price.checked for item in self.items})
        when = "" if not days else f" of {days[0]}" if len(days) == 1 else f" of {days[0]} to {days[-1]}"
        found = [
            f"An estimate, with prices of {REGION}{when}, without taxes and free tiers. Check AWS's pricing pages "
            "before you rely on it."
        ]
        if self.region != REGION:
            found.append(f"Your region is {self.region}, where prices differ.")
        if self.unpriced:
            found.append(f"Not in the sum, because the course has no price of it: {', '.join(self.unpriced)}.")
        if self.unseen:
            found.append(f"Not looked at, because it cannot be listed: {', '.join(self.unseen)}.")
        return [*found, *self.notes]

    def __repr__(self) -> str:
        rows = [HEAD, *self.rows()]
        widths = [max(len(row[place]) for row in rows) for place in range(4)]
        lines = [
            f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:>{widths[3]}}" for row in rows
        ]
        return "\n".join([self.title, *lines, *self.remarks()])

    def _repr_html_(self) -> str:
        align = ("left", "left", "right", "right")

        def cells(row: Sequence[str], kind: str, more: str = "") -> str:
            return "".join(
                f'<{kind}{more} style="text-align:{side}">{escape(text)}</{kind}>'
                for text, side in zip(row, align, strict=True)
            )

        *rows, last = self.rows()
        head = cells(HEAD, "th", ' scope="col"')
        body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
        remarks = "".join(f"<p>{escape(text)}</p>" for text in self.remarks())
        return (
            f"<table><caption>{escape(self.title)}</caption>"
            f"<thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody><tfoot><tr>{cells(last, 'th')}</tr></tfoot></table>{remarks}"
        )


HEAD = ("for", "how much", "USD per hour", "USD per month")


def planned(plan: Mapping[str, Mapping[str, float]]) -> Costs:
    """What things would cost that are not there yet.

    Parameters
    ----------
    plan : mapping
        From what it is for to how much of which prices, for example
        ``{"2 tasks": {"fargate.vcpu": 0.5, "fargate.gb": 1}}``.

    Raises
    ------
    NotFound
        There is no such price; with those that there are.
    LabError
        A line of the plan has no prices, or an amount is no number, or below 0.
    """
    items = []
    for what, parts in plan.items():
        if not isinstance(parts, Mapping):
            example = f'{{"one task": {{"{what}": {parts!r}}}}}' if what in prices() else '{"one": {"alb": 1}}'
            raise LabError(f"The line {what!r} of the plan has no prices.", f"Write what it is for, then: {example}")
        for name, amount in parts.items():
            if not isinstance(amount, int | float) or isinstance(amount, bool) or not 0 <= amount < float("inf"):
                raise LabError(f"{amount!r} of {name} makes no sense.", "Write how much as a number, 0 or more.")
            items.append(Item(what, float(amount), price(name)))
    return Costs(tuple(items), "What you plan")
