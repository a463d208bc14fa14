"""The page on how it is built speaks of what is there, and of all of it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMES = re.findall(r"`([a-z_./]+(?:/|\.py|\.csv))`", PAGE)


@pytest.mark.parametrize("package", ["lab_cloud", "lab_helpers"])
def test_every_folder_has_its_line(package: str) -> None:
    folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    named = {name.rstrip("/").rpartition("/")[2] for name in NAMES if name.endswith("/")}
    assert folders - named == set()


def test_everything_that_the_page_names_is_there() -> None:
    roots = [ROOT, ROOT / "lab_cloud", ROOT / "lab_cloud" / "ecs", ROOT / "lab_cloud" / "eks"]
    missing = [name for name in NAMES if not any((root / name).exists() for root in roots)]
    assert set(missing) <= {"workspace/"}  # made on the learner's machine
