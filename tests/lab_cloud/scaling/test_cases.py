"""The table of recorded cases: what is measured, and the activity that follows, each with its source."""

import json
from pathlib import Path
from typing import Any

import pytest

from .stage import Stage

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))


def test_the_table_is_large_enough_and_says_where_each_case_comes_from() -> None:
    assert len(CASES) >= 40
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert [case["name"] for case in CASES if not case["source"].startswith(("https://docs.aws.", "inferred"))] == []


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_recorded_case(case: dict[str, Any]) -> None:
    stage = Stage(case["desired"], *case["bounds"])
    stage.service.deploying = case.get("deploying", False)
    stage.target.suspended |= dict.fromkeys(case.get("suspended", ()), True)
    for name, given in case["policies"].items():
        stage.policy(name, given)
    began, desired = stage.clock.now(), case["desired"]
    for moment in case["moments"]:
        stage.clock.advance(began + moment["at"] - stage.clock.now())
        values = {
            f"{policy}-{alarm}": value
            for kind, alarm in (("high", "high"), ("low", "low"), ("breach", "alarm"))
            for policy, value in moment.get(kind, {}).items()
        }
        # a policy that may not scale in has no low alarm
        values = {name: value for name, value in values.items() if name in stage.alarms.region("r")}
        noted = stage.minute(values)
        expected = moment["activity"]
        desired = expected if isinstance(expected, int) else desired
        assert stage.service.desired == desired
        if expected is None:
            assert noted == []
            continue
        (activity,) = noted
        shown = activity.describe()
        policy = case.get("winner") or next(iter(case["policies"]))
        assert shown["Cause"].startswith(f"monitor alarm {policy}-")
        assert shown["Cause"].endswith(f" in state ALARM triggered policy {policy}")
        if isinstance(expected, int):
            assert shown["Description"] == f"Setting desired count to {expected}."
            assert (shown["StatusCode"], shown["StatusMessage"]) == (
                "Successful",
                f"Successfully set desired count to {expected}. Change successfully fulfilled by ecs.",
            )
        else:
            (reason,) = shown["NotScaledReasons"]
            assert (reason["Code"], reason["CurrentCapacity"]) == (expected, desired)
