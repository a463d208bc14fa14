"""The decision guide: every way through it leads somewhere, and the rules that a learner may rely on hold."""

import re

import pytest

from lab_helpers import guide
from lab_helpers.costs import planned
from lab_helpers.errors import LabError
from lab_helpers.guide import QUESTIONS, asked, complete, decide, outcomes
from lab_helpers.prices import price

EVERY = list(outcomes())


def test_every_way_leads_to_an_advice_with_a_reason_and_a_price_to_pay() -> None:
    assert len(EVERY) > 30
    for given, advice in EVERY:
        assert [question.id for question in asked(given)] == list(given)
        assert len(advice.why) >= 2, given
        assert all(text.endswith(".") for text in (*advice.why, advice.but)), given
        assert advice.labs


def test_each_way_of_the_course_is_advised_to_somebody() -> None:
    titles = {advice.title for _, advice in EVERY}
    for word in ("ECS on Fargate", "ECS on Fargate Spot", "ECS on EC2", "ECS on Managed", "Express", "App Runner"):
        assert any(word in title for title in titles), word
    assert any("EKS" in title and "Fargate" in title for title in titles)
    assert any("EKS" in title and "managed node group" in title for title in titles)


def test_kubernetes_decides_first_and_nobody_else_gets_eks() -> None:
    for given, advice in EVERY:
        assert (advice.who == "EKS") == (given["kubernetes"] == "yes"), given


def test_app_runner_only_for_those_who_have_it() -> None:
    for given, advice in EVERY:
        assert ("App Runner" in advice.title) == (given.get("runner") == "yes"), given


def test_fargate_is_never_advised_for_what_it_cannot_do() -> None:
    for given, advice in EVERY:
        if given["machine"] != "no":
            assert "Fargate" not in advice.computers, given
        if advice.who == "EKS" and given.get("interrupt") == "yes":
            assert "Fargate" not in advice.computers, given  # no Spot for pods there


def test_spot_only_for_work_that_may_be_interrupted() -> None:
    for given, advice in EVERY:
        if "Spot" in advice.title:
            assert given["interrupt"] == "yes"


def test_an_answer_that_changes_nothing_is_not_asked_for() -> None:
    """For each question there is a way on which its answer matters."""
    for question in QUESTIONS:
        changed = False
        for given, advice in EVERY:
            if question.id in given:
                others = [option.key for option in question.options if option.key != given[question.id]]
                changed = changed or any(decide(**{**given, question.id: key}) != advice for key in others)
        assert changed, question.id


def test_nothing_given_is_the_first_answer_of_each() -> None:
    assert complete({}) == {question.id: question.options[0].key for question in asked(complete({}))}
    assert decide() == decide(work="web", kubernetes="no")


def test_the_task_limit_is_what_ecs_lets_through() -> None:
    assert re.search(r"16 vCPU and 120 GB", decide(work="queue").but)


def test_the_prices_are_those_of_the_table() -> None:
    assert f"about {planned({'it': {'eks.standard': 1}}).monthly:.0f} USD a month" in decide(kubernetes="yes").but
    off = 1 - price("fargate-spot.vcpu").usd / price("fargate.vcpu").usd
    assert f"up to {off * 100:.0f} percent cheaper" in decide(work="queue", interrupt="yes").why[1]


def test_it_can_be_read_as_text_and_as_a_table() -> None:
    advice = decide(work="job")
    assert repr(advice).startswith("ECS on Fargate\n")
    assert "EventBridge" in repr(advice)
    assert "<caption>ECS on Fargate</caption>" in advice._repr_html_()


@pytest.mark.parametrize(("answers", "words"), [({"size": "xl"}, "It asks kubernetes"), ({"work": "x"}, "web, queue")])
def test_an_unknown_answer_is_told_with_those_that_are_known(answers: dict[str, str], words: str) -> None:
    with pytest.raises(LabError, match=words):
        guide.decide(**answers)
