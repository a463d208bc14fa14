import json
from pathlib import Path

import pytest

from lab_helpers import home as homes
from lab_helpers.errors import NotFound

pytestmark = pytest.mark.usefixtures("home")


def write(course: Path, number: int, needs: list[int], *build: str) -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["Words\n", f"# Lab {number}\n"]},
        {"cell_type": "code", "metadata": {"tags": ["exercise"]}, "source": "no"},
        *({"cell_type": "code", "metadata": {"tags": ["build", "x"]}, "source": [one]} for one in build),
    ]
    about = {"lab": number, "needs": needs, "cost_per_hour": 0.5}
    content = {"metadata": {"containers_on_aws": about}, "cells": cells}
    (course / "labs" / f"{number:02d}-name.ipynb").write_text(json.dumps(content), encoding="utf-8")


def test_the_course_is_found_upwards(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (course / "workspace").mkdir()
    monkeypatch.chdir(course / "workspace")
    assert homes.course() == course
    monkeypatch.delenv("LAB_HOME")
    assert homes.home() == course / ".lab"


def test_elsewhere_it_is_the_course_of_this_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (homes.course() / "lab_helpers" / "home.py").is_file()


def test_lab_home_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAB_HOME", "mine")
    assert homes.home() == tmp_path / "mine"


def test_what_a_notebook_says_of_itself(course: Path) -> None:
    write(course, 2, [], "a = 1", "b = 2")
    found = homes.notebook(2)
    assert (found.title, found.needs, found.build, found.cost) == ("Lab 2", (), ("a = 1", "b = 2"), 0.5)


def test_needs_and_dependents_are_followed(course: Path) -> None:
    write(course, 1, [])
    write(course, 2, [])
    write(course, 3, [2])
    write(course, 4, [1, 3])
    assert homes.needed(4) == [1, 2, 3]
    assert homes.dependents(2) == [3, 4]
    assert homes.dependents(4) == []


def test_a_lab_that_is_not_there(course: Path) -> None:
    write(course, 2, [])
    with pytest.raises(NotFound, match="no lab 07") as caught:
        homes.notebook(7)
    assert caught.value.remedy == "The course has 02."
