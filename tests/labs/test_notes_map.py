"""Every line of the lecture notes has its place in a lab: `data/notes_map.csv` says which section.

The notes themselves are not part of the course. A row has the number of a line of theirs, and what it is about.
"""

import csv
import re
from functools import cache

import pytest

from tools.notebooks import ROOT, read

LINES = 179
"""Lines of the notes that say something: neither empty nor the edge of a block."""
LAST = 258


def rows() -> list[dict[str, str]]:
    with (ROOT / "data" / "notes_map.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def headings(lab: str) -> frozenset[str]:
    """The headings of a lab without their numbers; none while it is not there."""
    found = []
    for path in (ROOT / "labs").glob(f"{lab}-*.ipynb"):
        for cell in read(path).cells:
            if cell.cell_type == "markdown":
                found += re.findall(r"^#{1,4} (?:\d+\. )?(.+)$", cell.source, re.MULTILINE)
    return frozenset(found)


def test_every_line_is_there_once_in_order() -> None:
    numbers = [int(row["line"]) for row in rows()]
    assert len(numbers) == LINES
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 1
    assert numbers[-1] == LAST
    assert all(row["key"].strip() for row in rows())


@pytest.mark.parametrize("lab", sorted({row["lab"] for row in rows()}))
def test_its_section_is_there(lab: str) -> None:
    ours = [row for row in rows() if row["lab"] == lab]
    gone = [row for row in ours if row["section"] not in headings(lab)]
    assert gone == [], f"these headings of lab {lab} have another name now: mend data/notes_map.csv"
