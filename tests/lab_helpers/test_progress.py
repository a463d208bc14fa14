from datetime import datetime
from pathlib import Path

import pytest

from lab_helpers.progress import Progress


def test_the_learner_keeps_an_id(home: Path) -> None:
    first = Progress(home).learner()
    assert first.startswith("learner-")
    assert Progress(home).learner() == first


def test_the_learner_of_a_hub_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "an")
    assert Progress(home).learner() == "an"
    monkeypatch.setenv("LAB_LEARNER", "binh")
    assert Progress(home).learner() == "binh"


def test_what_was_done_once_stays_done(home: Path) -> None:
    progress = Progress(home)
    progress.record_check("03a", "not yet")
    assert "done" not in progress.checks()["03a"]
    progress.record_check("03a", "done")
    progress.record_check("03a", "not attempted")
    entry = Progress(home).checks()["03a"]
    assert (entry["tries"], entry["outcome"]) == (2, "not attempted")
    assert datetime.fromisoformat(entry["done"]).tzinfo is not None


def test_it_shows_how_far_the_learner_is(home: Path) -> None:
    progress = Progress(home)
    assert repr(progress).startswith("Nothing yet.")
    progress.record_check("00a", "done")
    progress.record_quiz(0, "00-cost", True)
    progress.record_quiz(0, "00-aws", False)
    assert repr(progress) == "Lab 00: 1 of 1 exercises done, 1 of 6 questions right at the first try"


def test_the_first_answer_of_a_quiz_is_kept_apart(home: Path) -> None:
    progress = Progress(home)
    progress.record_quiz(3, "q1", False)
    progress.record_quiz(3, "q1", True)
    entry = progress.quizzes()["03"]["q1"]
    assert (entry["first"], entry["right"], entry["tries"]) == (False, True, 2)


def test_checks_and_quizzes_live_together(home: Path) -> None:
    progress = Progress(home)
    progress.record_quiz(3, "q1", True)
    progress.record_check("03a", "done")
    learner = progress.learner()
    assert (list(progress.quizzes()), list(progress.checks()), progress.learner()) == (["03"], ["03a"], learner)
