"""The guide's widget holds every way through the questions, and says the same without a page."""

from lab_helpers import Lab
from lab_helpers.guide import QUESTIONS, Advice, decide, outcomes
from lab_helpers.views.guide import GuideView


def test_the_page_knows_what_python_decides() -> None:
    view = GuideView()
    ways = list(outcomes())
    assert len(view.ways) == len(ways)
    for given, advice in ways:
        way = ",".join(f"{name}={key}" for name, key in given.items())
        shown = view.advices[view.ways[way]]
        assert shown["title"] == advice.title
        assert [tuple(row) for row in shown["rows"]] == advice.rows()
    view.close()


def test_without_a_page_it_is_text_and_a_table() -> None:
    view = GuideView()
    data, _ = view._repr_mimebundle_()
    for question in QUESTIONS:
        assert question.text in data["text/plain"]
    assert "data-still" in data["text/html"]
    for _, advice in outcomes():
        assert advice.title in data["text/html"]
    view.close()


def test_a_lab_shows_it_or_answers() -> None:
    view = Lab(12).guide()
    assert isinstance(view, GuideView)
    view.close()
    answer = Lab(12).guide(work="queue")
    assert isinstance(answer, Advice)
    assert answer == decide(work="queue")
