from collections import Counter
from pathlib import Path

import pytest

from lab_helpers import quiz as module
from lab_helpers.quiz import FOLDER, Quiz, questions

LABS = sorted(int(path.stem.removeprefix("lab_")) for path in FOLDER.glob("lab_*.json"))


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_asks_five_questions_and_explains_every_choice(lab: int) -> None:
    asked = questions(lab)
    assert len(asked) >= 5
    for question in asked:
        assert question.text.endswith(("?", "."))
        assert len(question.choices) >= 3
        assert all(choice.why.endswith(".") for choice in question.choices)
        assert len({choice.text for choice in question.choices}) == len(question.choices)


@pytest.mark.parametrize("lab", LABS)
def test_the_right_answer_has_no_habit(lab: int) -> None:
    asked = questions(lab)
    places = Counter(question.choices.index(question.right) for question in asked)
    longest = sum(question.right == max(question.choices, key=lambda choice: len(choice.text)) for question in asked)
    assert max(places.values()) <= len(asked) / 2, places
    assert longest <= len(asked) * 0.6, "the longest answer is too often the right one"


def test_an_answer_is_explained_and_recorded() -> None:
    told: list[tuple[int, str, bool]] = []
    quiz = Quiz(3, lambda *result: told.append(result))
    first = questions(3)[0]
    right = first.choices.index(first.right)
    wrong = (right + 1) % len(first.choices)
    assert quiz.answer(first.id, wrong).startswith("Not right. ")
    assert quiz.answer(first.id, right) == f"Right. {first.right.why}"
    assert told == [(3, first.id, False), (3, first.id, True)]
    quiz.close()


def test_the_page_answers_through_a_message() -> None:
    told: list[tuple[int, str, bool]] = []
    quiz = Quiz(3, lambda *result: told.append(result))
    first = questions(3)[0]
    quiz._handle_custom_msg({"question": first.id, "choice": first.choices.index(first.right)}, [])
    quiz._handle_custom_msg({"question": "gone", "choice": 0}, [])
    quiz._handle_custom_msg({"question": first.id, "choice": 99}, [])
    quiz._handle_custom_msg({}, [])
    assert told == [(3, first.id, True)]
    quiz.close()


def test_unknown_questions_and_choices_are_named() -> None:
    quiz = Quiz(3)
    with pytest.raises(LookupError, match="no question 'x'"):
        quiz.answer("x", 0)
    with pytest.raises(LookupError, match="choices 0 to"):
        quiz.answer(questions(3)[0].id, 9)
    quiz.close()


def test_without_a_kernel_the_answers_are_folded_away() -> None:
    quiz = Quiz(3)
    data, _metadata = quiz._repr_mimebundle_()
    assert data["text/html"].count("<details>") == len(questions(3))
    assert questions(3)[0].right.why not in data["text/plain"]
    quiz.close()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"questions": [{"id": "a", "text": "?", "choices": [{"text": "x", "why": "."}]}]}', "exactly one"),
        (
            '{"questions": ['
            '{"id": "a", "text": "?", "choices": [{"text": "x", "why": ".", "correct": true}]},'
            '{"id": "a", "text": "?", "choices": [{"text": "x", "why": ".", "correct": true}]}]}',
            "there twice",
        ),
    ],
)
def test_a_faulty_quiz_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, problem: str) -> None:
    (tmp_path / "lab_77.json").write_text(content, encoding="utf-8")
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=problem):
        questions(77)
