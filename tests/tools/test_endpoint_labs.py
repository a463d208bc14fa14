"""Every cell that MiniStack can serve passes there, and the list of those that it cannot is as it says it is."""

from collections import Counter
from pathlib import Path

import nbformat
import pytest

from lab_helpers import endpoint_cells
from tools import endpoint_labs
from tools.notebooks import ROOT, read, tags

NOTEBOOKS = sorted((ROOT / "labs").glob("*.ipynb"))


@pytest.mark.matrix
@pytest.mark.labs
@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_the_cells_that_pass_there_still_do(path: Path) -> None:
    listed = {row["cell"]: row["outcome"] for row in endpoint_cells.rows(int(path.name[:2]))}
    if not listed:
        pytest.skip(f"not tried yet: python -m tools.endpoint_labs {path.name[:2]}")
    found = {row["cell"]: row for row in endpoint_labs.run(path)}
    passed = [cell for cell, outcome in listed.items() if outcome == "passes" and cell in found]
    assert passed
    worse = {cell: found[cell] for cell in passed if found[cell]["outcome"] != "passes"}
    assert worse == {}, "mend the cells, or write the list anew: python -m tools.endpoint_labs"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_the_list_names_cells_that_are_there(path: Path) -> None:
    rows = endpoint_cells.rows(int(path.name[:2]))
    if not rows:
        pytest.skip("not tried yet: python -m tools.endpoint_labs")
    there = {cell.id for cell in read(path).cells if cell.cell_type == "code" and "exercise" not in tags(cell)}
    gone = {row["cell"] for row in rows} - there
    assert len(gone) <= len(there) / 4, f"write the list anew: python -m tools.endpoint_labs {path.name[:2]}"
    assert {row["outcome"] for row in rows} <= {"passes", "differs", "fails", "follows"}
    assert all(row["missing"] for row in rows if row["outcome"] in ("fails", "follows"))


@pytest.mark.parametrize(
    ("outputs", "wanted"),
    [
        ([], ("differs", "")),
        ([nbformat.v4.new_output("stream", text="as stored\n")], ("passes", "")),
        (
            [nbformat.v4.new_output("error", ename="KeyboardInterrupt", evalue="")],
            ("fails", f"not there within {endpoint_labs.SECONDS} s"),
        ),
        (
            [nbformat.v4.new_output("error", ename="NameError", evalue="name 'x' is not defined")],
            ("follows", "name 'x' is not defined"),
        ),
        (
            [nbformat.v4.new_output("error", ename="ClientError", evalue="An error occurred (405) at 127.0.0.1:4566")],
            ("fails", "ClientError: (405) at …"),
        ),
    ],
)
def test_a_cell_is_judged(outputs: list[nbformat.NotebookNode], wanted: tuple[str, str]) -> None:
    cell = nbformat.v4.new_code_cell("x", metadata={"tags": ["nbval-check-output"]}, outputs=outputs)
    assert endpoint_labs.judge(cell, "as stored\n") == wanted


def test_the_learner_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    outcomes = ["passes", "fails", "fails", "differs", "follows"]
    rows = [
        dict(zip(endpoint_labs.HEAD, ("03", f"c{place}", "x", outcome, f"m{place}", "1.4"), strict=True))
        for place, outcome in enumerate(outcomes)
    ]
    file = tmp_path / "list.csv"
    file.write_text(endpoint_labs.written(rows), encoding="utf-8")
    monkeypatch.setattr(endpoint_cells, "FILE", file)
    assert Counter(row["outcome"] for row in endpoint_cells.rows(3))["fails"] == 2
    said = endpoint_cells.told(3).splitlines()
    assert said[0] == "On MiniStack 1.4, 1 of the 5 cells of this lab do what they do on AWS."
    assert said[1:] == ["What is missing there:", "- m1", "- m2"]
    assert endpoint_cells.told(7) == ""
