"""Schedules, bounds, how activities end, and what alarms may call; on a clock moved by hand."""

from lab_cloud.clock import ManualClock
from lab_cloud.scaling.policy import PREDICTIVE, Policy
from lab_cloud.scaling.store import ScheduledAction
from lab_cloud.scaling.target import ECS_DIMENSION
from lab_cloud.schedule import parse

from .stage import RESOURCE, Stage


def scheduled(
    stage: Stage, expression: str, change: dict[str, int], timezone: str = "", **more: float
) -> ScheduledAction:
    now = stage.clock.now()
    schedule = parse(expression, timezone, now * stage.clock.speed)
    made = ScheduledAction(
        "morning", "arn", RESOURCE, ECS_DIMENSION, schedule, expression, timezone, change, now, **more
    )
    made.due = schedule.after(now * stage.clock.speed if expression.startswith("rate") else stage.clock.calendar())
    stage.region.scheduled[RESOURCE, ECS_DIMENSION, "morning"] = made
    return made


def until_calendar(stage: Stage, seconds: float) -> None:
    """Let the lab calendar pass so many seconds, with a client that stays active."""
    passed = 0.0
    while passed < seconds:
        step = min(seconds - passed, 3600.0)
        stage.clock.touch()
        stage.pass_time(step / stage.clock.speed)
        passed += step


def told(stage: Stage) -> list[tuple[str, str]]:
    return [(one.description, one.cause) for one in reversed(stage.region.activities)]


# 2023-11-14T22:13:20Z is where a ManualClock begins
def test_an_action_at_a_moment_sets_the_bounds_and_then_the_capacity() -> None:
    stage = Stage(desired=1, least=1, most=2, speed=60)
    scheduled(stage, "at(2023-11-14T22:30:00)", {"MinCapacity": 3, "MaxCapacity": 8})
    until_calendar(stage, 900)
    assert stage.service.desired == 1
    until_calendar(stage, 200)
    assert (stage.target.least, stage.target.most, stage.service.desired) == (3, 8, 3)
    assert told(stage) == [
        ("Setting min capacity to 3 and max capacity to 8", "scheduled action name morning was triggered"),
        ("Setting desired count to 3.", "minimum capacity was set to 3"),
    ]
    until_calendar(stage, 7200)
    assert len(told(stage)) == 2  # once


def test_a_lower_maximum_brings_the_capacity_down() -> None:
    stage = Stage(desired=6, least=1, most=10, speed=60)
    scheduled(stage, "at(2023-11-14T22:30:00)", {"MaxCapacity": 4})
    until_calendar(stage, 1200)
    assert (stage.target.least, stage.target.most, stage.service.desired) == (1, 4, 4)
    assert told(stage)[-1] == ("Setting desired count to 4.", "maximum capacity was set to 4")


def test_one_bound_beyond_the_other_moves_both() -> None:
    stage = Stage(desired=2, least=1, most=4, speed=60)
    scheduled(stage, "at(2023-11-14T22:30:00)", {"MinCapacity": 6})
    until_calendar(stage, 1200)
    assert (stage.target.least, stage.target.most, stage.service.desired) == (6, 6, 6)


def test_a_rate_fires_again_and_again_in_shortened_time() -> None:
    stage = Stage(desired=1, speed=60)
    scheduled(stage, "rate(10 minutes)", {"MinCapacity": 2})
    for _ in range(35):
        stage.pass_time(1.0)  # an AWS minute
    assert [description for description, _ in told(stage)].count("Setting min capacity to 2") == 3


def test_cron_reads_the_lab_calendar_in_its_time_zone() -> None:
    stage = Stage(desired=1, speed=60)
    # 06:00 of 15 November in Ho Chi Minh City is 23:00 UTC of the 14th
    scheduled(stage, "cron(0 6 * * ? *)", {"MinCapacity": 2}, "Asia/Ho_Chi_Minh")
    until_calendar(stage, 2700)
    assert stage.target.least == 1
    until_calendar(stage, 200)
    assert stage.target.least == 2


def test_outside_start_and_end_nothing_fires() -> None:
    stage = Stage(desired=1, speed=60)
    begin = ManualClock().now()
    scheduled(stage, "cron(0 * * * ? *)", {"MinCapacity": 2}, start=begin + 7200, end=begin + 7300)
    until_calendar(stage, 4 * 3600)
    assert told(stage) == []


def test_suspended_schedules_do_not_fire() -> None:
    stage = Stage(desired=1, speed=60)
    stage.target.suspended["ScheduledScalingSuspended"] = True
    scheduled(stage, "at(2023-11-14T22:30:00)", {"MinCapacity": 3})
    until_calendar(stage, 1200)
    assert (stage.target.least, told(stage)) == (1, [])


def test_an_activity_is_in_progress_until_the_tasks_run() -> None:
    stage = Stage(desired=1)
    stage.policy("cpu", {"target": 50})
    stage.service.running = 1
    (activity,) = stage.minute({"cpu-high": 100})
    assert (activity.status, activity.message) == (
        "InProgress", "Successfully set desired count to 2. Waiting for change to be fulfilled by ecs."
    )  # fmt: skip
    stage.service.running = 2
    stage.pass_time(20)
    assert activity.status == "Successful"
    assert activity.ended == stage.clock.now()


def test_a_newer_activity_overrides_one_in_progress() -> None:
    stage = Stage(desired=1)
    stage.policy("cpu", {"target": 50})
    stage.service.running = 1
    (first,) = stage.minute({"cpu-high": 100})
    stage.clock.advance(60)
    stage.minute({"cpu-high": 200})
    assert first.status == "Overridden"


def test_what_somebody_else_changes_is_unfulfilled() -> None:
    stage = Stage(desired=1)
    stage.policy("cpu", {"target": 50})
    stage.service.running = 1
    (activity,) = stage.minute({"cpu-high": 100})
    stage.service.desired = 7
    stage.pass_time(5)
    assert (activity.status, activity.message) == (
        "Unfulfilled", "Successfully set desired count to 2. Found it was later changed to 7."
    )  # fmt: skip


def test_tasks_that_never_run_are_unfulfilled_too() -> None:
    stage = Stage(desired=1)
    stage.policy("cpu", {"target": 50})
    stage.service.running = 1
    (activity,) = stage.minute({"cpu-high": 100})
    stage.pass_time(599)
    assert activity.status == "InProgress"
    stage.pass_time(2)
    assert activity.status == "Unfulfilled"


def test_a_service_that_has_gone_fails_its_activity_and_calls_nothing() -> None:
    stage = Stage(desired=1)
    stage.policy("cpu", {"target": 50})
    stage.service.running = 1
    (activity,) = stage.minute({"cpu-high": 100})
    stage.service.gone = True
    stage.pass_time(1)
    assert activity.status == "Failed"
    assert stage.minute({"cpu-high": 100}) == []


def test_the_same_refusal_is_noted_once() -> None:
    stage = Stage(desired=20)
    stage.policy("cpu", {"target": 50})
    stage.minute({"cpu-high": 100})
    for _ in range(5):
        stage.clock.advance(60)
        assert stage.minute({"cpu-high": 100}) == []
    (only,) = stage.region.activities
    assert only.not_scaled == {"Code": "AlreadyAtMaxCapacity", "CurrentCapacity": 20, "MaxCapacity": 20}
    assert only.ended == stage.clock.now()


def test_one_quiet_minute_after_a_busy_one_takes_nothing_away() -> None:
    stage = Stage(desired=5)
    made = stage.policy("cpu", {"target": 40})
    low = stage.alarms.region("r")["cpu-low"]
    low.state, low.value, low.peak = "ALARM", 0.0, 32.0
    stage.scaling.on_alarm(low, made.arn, stage.clock.now())
    stage.scaling.tick(stage.clock.now())
    assert stage.service.desired == 5
    low.peak = 0.0
    stage.scaling.on_alarm(low, made.arn, stage.clock.now())
    stage.scaling.tick(stage.clock.now())
    assert stage.service.desired == 1


def test_predictive_scaling_does_nothing() -> None:
    stage = Stage()
    made = Policy("p", "arn-p", RESOURCE, ECS_DIMENSION, PREDICTIVE, None, {}, 0.0)
    stage.region.policies[made.key] = made
    stage._alarm("p-high", made, 1.0)
    assert stage.minute({"p-high": 100}) == []


def test_an_alarm_that_names_no_policy_is_told_so() -> None:
    stage = Stage()
    made = stage.policy("cpu", {"target": 50})
    alarm = stage.alarms.region("r")["cpu-high"]
    del stage.region.policies[made.key]
    assert "no scaling policy" in stage.scaling.on_alarm(alarm, "arn-cpu", stage.clock.now())
