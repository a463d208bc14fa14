import pytest

from lab_helpers.exercises import CheckError, Done, Hint, NotAttempted, NotYet, Outcome, Solution

OUTCOMES: list[tuple[Outcome, str]] = [
    (Done(exercise="03a"), "✔ 03a: Done."),
    (Done("Two run.", exercise="03a"), "✔ 03a: Done.\n  - Two run."),
    (NotYet(["a <service>", "2 tasks"]), "◐ Not yet. What is missing:\n  - a <service>\n  - 2 tasks"),
    (NotAttempted("Begin above."), "○ Not attempted.\n  - Begin above."),
    (CheckError("It broke.", "Mend it."), "✖ The check could not look.\n  - It broke.\n  - Mend it."),
]


@pytest.mark.parametrize(("outcome", "text"), OUTCOMES, ids=[one.kind for one, _ in OUTCOMES])
def test_the_text_and_the_page_say_the_same(outcome: Outcome, text: str) -> None:
    assert str(outcome) == repr(outcome) == text
    html = outcome._repr_html_()
    assert 'role="status"' in html
    for line in outcome.lines():
        assert line.replace("<", "&lt;").replace(">", "&gt;") in html


def test_hints_say_how_many_there_are_and_when_they_end() -> None:
    assert repr(Hint("03a", ("Look.",), 2)) == "Hint 1 of 2: Look."
    last = repr(Hint("03a", ("Look.", "Look there."), 2))
    assert last.splitlines()[1:] == [
        "Hint 2 of 2: Look there.",
        'That was the last one. lab.solution("03a") shows one way to do it.',
    ]
    assert "<p>Hint 1 of 1: a &amp; b</p>" in Hint("03a", ("a & b",), 1)._repr_html_()


def test_a_solution_is_text_and_code() -> None:
    solution = Solution("03a", "Count", "n = 1 < 2\n")
    assert repr(solution) == "# 03a: Count\nn = 1 < 2\n"
    assert "<code>n = 1 &lt; 2\n</code>" in solution._repr_html_()
