"""What labs and README.md say of their minutes is what data/minutes.csv says, and that follows from the labs."""

from pathlib import Path

import nbformat
import pytest

from tools import minutes
from tools.minutes import Row

ROW = Row(0, 20, 6.3, "2026-11-25, Linux x86_64, 2 cores")
TOP = "# Lab 00: a\n\n| Minutes | Cost on AWS per hour | Needs |\n|---|---|---|\n| 15 | 0.00 USD | nothing |"


def notebook(text: str = TOP, code: str = "") -> nbformat.NotebookNode:
    made = nbformat.v4.new_notebook(metadata={"containers_on_aws": {"lab": 0, "minutes": 15}})
    made.cells = [nbformat.v4.new_markdown_cell(text), nbformat.v4.new_code_cell(code)]
    return made


def test_what_is_shown_is_what_was_computed() -> None:
    assert minutes.main(["check"]) == 0, "\n".join(minutes.problems())


def test_every_lab_has_a_row_that_says_when_and_where_it_was_measured() -> None:
    known = minutes.rows()
    assert known.keys() == minutes.labs().keys()
    assert all(row.minutes % minutes.ROUND == 0 for row in known.values())
    assert [row.lab for row in known.values() if row.seconds is None or "cores" not in row.measured_on] == []


def test_words_code_and_waiting_make_the_estimate_longer() -> None:
    base = minutes.estimate(notebook(), 0)
    assert minutes.estimate(notebook(TOP + "\n" + "word " * 300), 0) == pytest.approx(base + 2)
    assert minutes.estimate(notebook(TOP + "\n```mermaid\n" + "word " * 300 + "\n```"), 0) == pytest.approx(base)
    assert minutes.estimate(notebook(code="a = 1\n\n" * 40), 0) == pytest.approx(base + 2)
    assert minutes.estimate(notebook(), 120) == pytest.approx(base + 2)


def test_a_lab_shows_its_row_and_only_that_changes() -> None:
    shown = minutes.show_in_lab(notebook(), ROW)
    assert shown.metadata["containers_on_aws"]["minutes"] == 20
    assert shown.cells[0].source == TOP.replace("| 15 |", f"| {ROW.shown} |")
    assert minutes.show_in_lab(shown, ROW).cells[0].source == shown.cells[0].source


def test_the_readme_shows_the_minutes_in_its_table() -> None:
    table = "| 00 Start here | 15 | how |\n| 09 |  | more |\n\n| `make lint` | 10 |\n"
    wanted = "| 00 Start here | 20 | how |\n| 09 | 35 | more |\n\n| `make lint` | 10 |\n"
    assert minutes.show_in_readme(table, {0: ROW, 9: Row(9, 35, 1.0, "")}) == wanted


def test_a_measurement_of_another_backend_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = "lab,seconds,backend,runtime,speed,measured_on\n"
    file = tmp_path / "minutes.csv"
    file.write_text(f"{head}00,7.5,embedded,process,60,today\n01,99.0,aws,process,60,today\n", encoding="utf-8")
    monkeypatch.setattr(minutes, "MEASURED", file)
    before = {0: ROW, 1: Row(1, 50, 20.0, "then")}
    made = minutes.made(before)
    assert (made[0].seconds, made[0].measured_on) == (7.5, "today")
    assert (made[1].seconds, made[1].measured_on) == (20.0, "then")
    assert minutes.written(made).splitlines()[:2] == ["lab,minutes,measured_seconds,measured_on", "00,20,7.5,today"]
