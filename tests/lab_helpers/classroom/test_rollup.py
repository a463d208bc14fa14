"""From each learner's own file to a table and a page, without a byte sent to anybody."""

import csv
import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from lab_helpers import exercises
from lab_helpers.classroom import results, sheets
from lab_helpers.classroom.cli import main
from lab_helpers.errors import LabError
from lab_helpers.progress import Progress

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("something is sent")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "sendto", refuse)


def learner(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, *done: str, right: bool = True) -> Path:
    """The file of a learner who has done these exercises, tried 03b, and answered one question."""
    monkeypatch.setenv("LAB_LEARNER", name)
    home = folder / f"home-{len(list(folder.iterdir()))}"
    progress = Progress(home)
    for one in done:
        progress.record_check(one, "done")
    progress.record_check("03b", "not yet")
    progress.record_quiz(3, "03-q1", right)
    monkeypatch.setenv("LAB_HOME", str(home))
    file = folder / f"{home.name}.json"
    assert main(["export", "--to", str(file)]) == 0
    return file


def test_a_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    files = tmp_path / "files"
    files.mkdir()
    learner(files, "an", monkeypatch, *exercises.of_lab(2))
    learner(files, "<b>binh</b>", monkeypatch, "03a", right=False)
    assert "It was sent to nobody." in capsys.readouterr().out
    table, page = tmp_path / "class.csv", tmp_path / "class.html"
    assert main(["rollup", str(files), "--csv", str(table), "--html", str(page)]) == 0
    with table.open(encoding="utf-8", newline="") as file:
        rows = {(row["learner"], row["lab"]): row for row in csv.DictReader(file)}
    number = str(len(exercises.of_lab(2)))
    assert (rows["an", "02"]["done"], rows["an", "02"]["exercises"]) == (number, number)
    assert rows["<b>binh</b>", "03"]["done"] == "1"
    assert rows["<b>binh</b>", "03"]["quiz right first"] == "0"
    assert rows["an", "03"]["quiz right first"] == "1"
    assert rows["an", "04"]["last"] == ""
    html = page.read_text(encoding="utf-8")
    assert "&lt;b&gt;binh&lt;/b&gt;" in html
    assert "<b>binh" not in html
    assert f"✓ {number}/{number}" in html
    assert "<td>03b</td><td>2</td>" in html  # both have tried it and not done it


def test_the_page_needs_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = results.read(learner(tmp_path, "an", monkeypatch))
    html = sheets.page([one])
    assert not re.search(r"https?://|<script|<link|<img|url\(|@import", html)
    assert "default-src 'none'" in html


def test_a_file_of_an_export_holds_no_code_and_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.loads(learner(tmp_path, "an", monkeypatch).read_text(encoding="utf-8"))
    assert sorted(content) == ["checks", "exported", "form", "learner", "quizzes"]
    assert set(content["checks"]["03b"]) == {"last", "outcome", "tries"}


def test_the_newest_file_of_a_learner_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = learner(tmp_path, "an", monkeypatch)
    newer = json.loads(file.read_text(encoding="utf-8"))
    newer["exported"] = "2999-01-01T00:00:00+00:00"
    newer["checks"]["03a"] = {"done": "2999-01-01", "last": "2999-01-01", "outcome": "done", "tries": 1}
    (tmp_path / "a-newer.json").write_text(json.dumps(newer), encoding="utf-8")
    (found,), problems = results.read_all([tmp_path])
    assert (found.done, problems) == (1, [])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"form": "other"}', '{"form": "containers-on-aws progress 1"}'])
def test_what_is_no_file_of_progress_is_told_and_passed_over(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = learner(tmp_path, "an", monkeypatch)
    bad = tmp_path / "bad.json"
    bad.write_text(text, encoding="utf-8")
    with pytest.raises(LabError, match=r"bad\.json is no file of progress"):
        results.read(bad)
    out = ["--csv", str(tmp_path / "c.csv"), "--html", str(tmp_path / "c.html")]
    assert main(["rollup", str(good), str(bad), *out]) == 1
    assert "bad.json is no file of progress" in (tmp_path / "c.html").read_text(encoding="utf-8")
    assert main(["rollup", str(bad), *out]) == 1
    assert "No file of progress was found." in capsys.readouterr().err


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x"])
def test_a_spreadsheet_takes_no_name_for_a_formula(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = results.read(learner(tmp_path, name, monkeypatch))
    assert all(row.startswith(f"'{name},") for row in sheets.table([one]).splitlines()[1:])


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--to", str(tmp_path / "none" / "x.json")]) == 1
    assert "Name another file." in capsys.readouterr().err
