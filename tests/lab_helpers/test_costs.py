import pytest

from lab_helpers import LabError
from lab_helpers.costs import Costs, planned

PLAN = {"2 tasks": {"fargate.vcpu": 0.5, "fargate.gb": 1}, "a disk": {"ebs.gp3": 10}}


def test_a_plan_adds_up() -> None:
    costs = planned(PLAN)
    assert [item.what for item in costs.items] == ["2 tasks", "2 tasks", "a disk"]
    assert costs.hourly == pytest.approx(0.5 * 0.04048 + 0.004445 + 0.8 / 730)
    assert costs.monthly == pytest.approx(730 * (0.5 * 0.04048 + 0.004445) + 0.8)


def test_it_is_a_table_that_says_what_it_is() -> None:
    costs = planned(PLAN)
    for text in (repr(costs), costs._repr_html_()):
        for words in ("2 tasks", "USD per hour", "all together", "An estimate", "us-east-1", "2026-11-22"):
            assert words in text
    frame = costs.frame()
    assert frame["USD per month"].sum() == pytest.approx(costs.monthly)


def test_amounts_are_for_people() -> None:
    told = [item.how_much for item in planned({"x": {"ipv4": 2, "fargate.vcpu": 0.25, "ecr.gb": 0.00001}}).items]
    assert told == ["2 × public IPv4 address", "0.25 × Fargate: vCPU (x86_64)", "less than 0.01 × ECR: GB of images"]


def test_names_are_escaped() -> None:
    assert "<b>" not in planned({"<b>": {"alb": 1}})._repr_html_()


def test_nothing_costs_nothing() -> None:
    costs = planned({})
    assert costs.hourly == 0
    assert "all together" in repr(costs)


def test_what_is_missing_is_said() -> None:
    text = repr(Costs((), "t", region="eu-west-1", unpriced=("1 × EC2 x9.huge",), unseen=("secrets",), notes=("n.",)))
    for words in ("Your region is eu-west-1", "no price of it: 1 × EC2 x9.huge", "listed: secrets", "n."):
        assert words in text


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf"), True, "2"])
def test_an_amount_that_makes_no_sense(amount: float) -> None:
    with pytest.raises(LabError):
        planned({"x": {"alb": amount}})


def test_a_plan_without_lines_is_told_how_to_write_it() -> None:
    with pytest.raises(LabError) as caught:
        planned({"alb": 2})  # type: ignore[dict-item]
    assert caught.value.remedy == 'Write what it is for, then: {"one task": {"alb": 2}}'
    with pytest.raises(LabError, match="'2 tasks' of the plan has no prices"):
        planned({"2 tasks": 2})  # type: ignore[dict-item]
