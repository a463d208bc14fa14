"""What the labs say of the world outside: dates with their sources, prices with their dates, links, imports."""

import ast
import csv
import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from lab_helpers import exercises
from tools.notebooks import ROOT, read

NOTEBOOKS = sorted((ROOT / "labs").glob("*.ipynb"))
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DATE = re.compile(rf"\b(?:\d{{1,2}} )?(?:{MONTHS}) 20\d\d\b")
PRICE_NOTE = re.compile(rf"\(us-east-1, (?:{MONTHS}) 20\d\d; check before you rely on it\)")
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
HOSTS = ("aws.amazon.com", "docs.aws.amazon.com", "docs.docker.com", "kubernetes.io")
"""Sources that may say when something of theirs happened."""
MAY_IMPORT = {"lab_helpers", "boto3", "pandas", "ipywidgets", "kubernetes", "requests"}
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)]*)\)|<(https?://[^>]*)>|(?<![(<\w])(https?://[^\s)>|]+)")


def name(path: Path) -> str:
    return path.stem


def prose(path: Path) -> str:
    return "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


def facts() -> list[dict[str, str]]:
    with (ROOT / "data" / "dated_facts.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def dates(path: Path) -> set[str]:
    """Those of facts: the dates of prices stand in data/prices.csv."""
    return set(DATE.findall(CODE.sub(" ", PRICE_NOTE.sub(" ", prose(path)))))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_every_fact_with_a_date_has_its_source(path: Path) -> None:
    listed = {row["date"] for row in facts() if row["lab"] == path.name[:2]}
    assert dates(path) - listed == set(), "write where it is said into data/dated_facts.csv"
    assert listed - dates(path) == set(), "the lab no longer says this: take it out of data/dated_facts.csv"


@pytest.mark.parametrize("row", facts(), ids=lambda row: f"{row['lab']}-{row['date']}")
def test_a_source_is_of_those_who_know(row: dict[str, str]) -> None:
    address = urlsplit(row["source"])
    assert address.scheme == "https"
    assert address.hostname in HOSTS
    assert date(2026, 11, 22) <= date.fromisoformat(row["checked"])
    assert row["fact"].strip()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_lab_that_names_prices_says_of_when(path: Path) -> None:
    text = CODE.sub(" ", prose(path))
    if any(float(amount) for amount in re.findall(r"(\d+(?:\.\d+)?) USD", text)):
        assert PRICE_NOTE.search(text), "say where and when the prices were so"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_every_link_is_well_formed(path: Path) -> None:
    for found in LINK.findall(CODE.sub(" ", prose(path))):
        target = next(filter(None, found), "").rstrip(".,;")
        address = urlsplit(target)
        if address.scheme:
            assert address.scheme == "https", target
            assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", address.hostname or ""), target
            assert " " not in target, target
        else:
            assert target, "an empty link"
            assert address.path == "" or (path.parent / address.path).is_file(), target


def imported(source: str) -> Iterator[str]:
    """The packages that a cell imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_lab_imports_only_what_learners_are_told_of(path: Path) -> None:
    cells = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
    cells += [one.code for one in exercises.of_lab(int(path.name[:2])).values()]
    used = {package for source in cells for package in imported(source)}
    assert used - MAY_IMPORT - set(sys.stdlib_module_names) == set()
