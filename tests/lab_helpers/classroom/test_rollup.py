"""From each learner's own file to a table and a page, without a byte sent to anybody."""

import csv
import io
import json
import re
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lab_helpers import exercises
from lab_helpers.classroom import results, sheets
from lab_helpers.classroom.cli import main
from lab_helpers.classroom.page import page
from lab_helpers.errors import LabError
from lab_helpers.progress import Progress

pytestmark = pytest.mark.usefixtures("home")
NOW = datetime(2030, 1, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("something is sent")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "sendto", refuse)


def learner(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, *done: str, right: bool = True) -> Path:
    """The file of a learner who has done these exercises, tried 03b three times, and answered one question."""
    monkeypatch.setenv("LAB_LEARNER", name)
    home = folder / f"home-{len(list(folder.iterdir()))}"
    progress = Progress(home)
    for one in done:
        progress.record_check(one, "done")
    for outcome in ("not attempted", "not yet", "not yet", "error"):
        progress.record_check("03b", outcome)
    progress.record_quiz(3, "03-replace", right)
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
    table, written = tmp_path / "class.csv", tmp_path / "class.html"
    assert main(["rollup", str(files), "--csv", str(table), "--html", str(written)]) == 0
    with table.open(encoding="utf-8", newline="") as file:
        rows = {(row["learner"], row["lab"]): row for row in csv.DictReader(file)}
    number = str(len(exercises.of_lab(2)))
    assert (rows["an", "02"]["done"], rows["an", "02"]["exercises"]) == (number, number)
    assert rows["<b>binh</b>", "03"]["done"] == "1"
    assert rows["<b>binh</b>", "03"]["quiz right first"] == "0"
    assert rows["an", "03"]["quiz right first"] == "1"
    assert rows["an", "04"]["last"] == ""
    assert (rows["an", "03"]["tries"], rows["an", "03"]["not done yet"]) == ("3", "03b")
    html = written.read_text(encoding="utf-8")
    assert "&lt;b&gt;binh&lt;/b&gt;" in html
    assert "<b>binh" not in html
    assert f"✓ {number}/{number}" in html
    title = exercises.find("03b").title
    assert f"03b {title}</th><td>2</td><td>&lt;b&gt;binh&lt;/b&gt; (3), an (3)</td>" in html
    assert f'<th scope="row">an</th><td>▲ stuck at 03b {title}: 3 tries</td>' in html
    assert "Who starts the next one?</th><td>1</td><td>&lt;b&gt;binh&lt;/b&gt;</td>" in html
    assert "<b>2 of 2</b>stuck at an exercise" in html
    assert "<b>2 of 2</b>at work in the last 7 days" in html
    assert '<td class="stuck">▲ 1/4<small>stuck: b</small>' in html


def test_the_page_needs_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = results.read(learner(tmp_path, "an", monkeypatch))
    html = page(results.Class((one,)), NOW)
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
    found = results.read_all([tmp_path])
    assert ([one.done for one in found.learners], found.unread) == ([1], ())
    (told,) = found.twice
    assert told.startswith("an: 2 files, and the newest counts.")
    assert told in page(found, NOW)


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


def at(last: str, *attempts: results.Attempt) -> results.Learner:
    """A learner of one lab, who was last seen then."""
    return results.Learner("an", "", (results.LabResult(3, 0, 2, 0, 0, 0, 5, last),), attempts, ())


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ("", "has not begun"),
        ("2030-01-11T10:00:00+00:00", "not seen for 8 days"),
        ("2030-01-19T10:00:00+00:00", "Nobody: all are at work"),
        ("2031-01-01T10:00:00+00:00", "Nobody: all are at work"),  # a clock that is wrong
    ],
)
def test_who_may_need_help(last: str, told: str) -> None:
    assert told in page(results.Class((at(last),)), NOW)


def test_two_tries_are_work_and_three_are_stuck() -> None:
    last = "2030-01-19T10:00:00+00:00"
    two, three = (page(results.Class((at(last, results.Attempt("03b", tries)),)), NOW) for tries in (2, 3))
    assert "▲ stuck at 03b" not in two
    assert "▲ stuck at 03b" in three
    assert "an (2)" in two  # and it is told among what to talk about


def test_a_file_can_be_printed_for_who_may_not_write_where_the_teacher_reads(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["export", "--to", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["form"] == results.FORM


def test_the_table_opens_in_pandas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pandas

    one = results.read(learner(tmp_path, "an", monkeypatch, "03a"))
    frame = pandas.read_csv(io.StringIO(sheets.table([one])))
    assert frame.groupby("learner")["done"].sum()["an"] == 1
    assert pandas.to_datetime(frame["last"]).notna().sum() == 1
