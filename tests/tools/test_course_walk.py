"""The walk through the course calls an error what a learner would call one; the walk itself is in tests/labs."""

import csv
import json
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_output

from tools import course_walk
from tools.course_walk import Walked
from tools.notebooks import ROOT, fresh_cloud, read, write


@pytest.mark.labs
@pytest.mark.matrix
def test_what_a_learner_would_call_an_error_is_one(tmp_path: Path) -> None:
    path = tmp_path / "00-start-here.ipynb"
    notebook = read(ROOT / "labs" / path.name)
    start = next(cell for cell in notebook.cells if cell.cell_type == "code")
    other = new_code_cell("print('now')", metadata={"tags": ["nbval-check-output"]})
    other.outputs = [new_output("stream", name="stdout", text="then\n")]
    made = new_code_cell("lab.client('s3').create_bucket(Bucket='mine')")
    loud = new_code_cell("import sys; print('loud', file=sys.stderr)")
    notebook.cells = [start, made, loud, other, new_code_cell("1 / 0"), new_code_cell("print('never')")]
    write(path, notebook)
    with fresh_cloud() as environment:
        walked = course_walk.sit(path, environment)
    told = "\n".join(walked.problems)
    assert "writes to stderr: loud" in told
    assert "and not, as it is stored,\nthen" in told
    assert "ZeroDivisionError" in told
    assert "progress.json has not as done: 00a" in told
    assert walked.cells == 4
    assert walked.left == []  # the learner gave up, and cleaned up
    assert not walked.well


def test_what_was_measured_is_written_and_other_labs_keep_their_rows(tmp_path: Path) -> None:
    well, ill = Walked(3, 30.26, 50, 4, 4, 8, 8), Walked(4, 9.0, 12, 0, 4, problems=["late"])
    course_walk.report([well, Walked(5, 41.0)], tmp_path)
    course_walk.report([Walked(5, 40.0, left=["a cluster"]), ill], tmp_path)
    with (tmp_path / "minutes.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["lab"], row["seconds"], row["backend"]) for row in csv.DictReader(file)]
    assert rows == [("03", "30.3", "embedded"), ("05", "41.0", "embedded")]
    found = json.loads((tmp_path / "course.json").read_text(encoding="utf-8"))
    told = [(one["lab"], one["problems"], one["left"]) for one in found["labs"]]
    assert told == [(5, [], ["a cluster"]), (4, ["late"], [])]


def test_the_table_has_a_sum() -> None:
    lines = course_walk.table([Walked(3, 30.2, 50, 4, 4, 8, 8), Walked(4, 9.0, 12, 3, 4, 8, 8, ["a"], ["b", "c"])])
    assert lines.splitlines()[1].split() == ["03", "30.2", "50", "4/4", "8/8", "0", "0"]
    assert lines.splitlines()[-1].split() == ["all", "39.2", "62", "7/8", "16/16", "1", "2"]
