"""Which cells of a lab work on another endpoint: `data/endpoint/ministack.csv`, written by `tools/endpoint_labs.py`."""

import csv
from collections import Counter
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "data" / "endpoint" / "ministack.csv"
SHOWN = 6


def rows(number: int) -> list[dict[str, str]]:
    """The cells of a lab that were tried: ``lab``, ``cell``, ``begins``, ``outcome``, ``missing``, ``version``."""
    if not FILE.is_file():
        return []
    with FILE.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if int(row["lab"]) == number]


def told(number: int) -> str:
    """For the learner who begins a lab on an endpoint: how much of it works there, and what is missing; whole lines."""
    tried = rows(number)
    if not tried:
        return ""
    good = sum(row["outcome"] == "passes" for row in tried)
    lines = [
        f"On MiniStack {tried[0]['version']}, {good} of the {len(tried)} cells of this lab do what they do on AWS."
    ]
    reasons = Counter(row["missing"] for row in tried if row["outcome"] == "fails")
    if reasons:
        lines.append("What is missing there:")
        lines += [f"- {reason}" for reason, _ in reasons.most_common(SHOWN)]
    if len(reasons) > SHOWN:
        lines.append(f"- and {len(reasons) - SHOWN} more: data/endpoint/ministack.csv")
    return "".join(f"{line}\n" for line in lines)
