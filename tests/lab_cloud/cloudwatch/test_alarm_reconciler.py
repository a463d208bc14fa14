from typing import Any

from lab_cloud.clock import ManualClock
from lab_cloud.cloudwatch.alarm import Alarm, Rule
from lab_cloud.cloudwatch.alarm_reconciler import Alarms
from lab_cloud.cloudwatch.alarm_store import AlarmStore
from lab_cloud.cloudwatch.metric import MetricId
from lab_cloud.cloudwatch.query import Query
from lab_cloud.cloudwatch.store import MetricStore

DEPTH = MetricId.of("mine", "depth")
ARN = "arn:aws:autoscaling:r:1:scalingPolicy:x"


class Stage:
    """A clock moved by hand, one alarm, and what it told whom."""

    def __init__(self, rule: Rule, *queries: Query, watched: str = "m1", arn: str = ARN) -> None:
        self.clock = ManualClock(speed=60)
        self.metrics = MetricStore(self.clock)
        self.store = AlarmStore()
        self.measured = 1 << 60
        self.alarms = Alarms(self.clock, self.metrics, self.store, lambda moment: None, lambda: self.measured)
        self.told: list[tuple[str, str]] = []
        self.alarms.on_action("arn:aws:autoscaling:", self.act, repeat=True)
        self.alarms.on_action("arn:aws:sns:", self.act)
        settings: dict[str, Any] = {"AlarmActions": [arn], "OKActions": [], "InsufficientDataActions": []}
        chosen = queries or (Query("m1", DEPTH, "Average", 60),)
        self.alarm = Alarm("a", "arn", "r", rule, chosen, watched, settings, created=0.0)
        self.store.region("r")["a"] = self.alarm

    def act(self, alarm: Alarm, arn: str, now: float) -> str:
        self.told.append((alarm.state, arn))
        return ""

    def minutes(self, *values: float | None, metric: MetricId = DEPTH) -> list[str]:
        """The state after each AWS minute with these values."""
        states = []
        for value in values:
            if value is not None:
                self.metrics.gauge("r", metric, value, self.clock.now() + 0.1)
            self.clock.advance(1.0)
            self.alarms.tick(self.clock.now() + 0.3)
            states.append(self.alarm.state)
        return states


def test_an_alarm_goes_off_when_enough_minutes_breach_and_calms_down() -> None:
    stage = Stage(Rule("GreaterThanThreshold", 40.0, 3, 3))
    assert stage.minutes(10, 90, 90, 90, 90, 10) == ["OK", "OK", "OK", "ALARM", "ALARM", "OK"]
    kinds = [(one.kind, one.summary) for one in stage.store.history["r"]]
    assert ("StateUpdate", "Alarm updated from OK to ALARM") in kinds
    assert kinds[0] == ("StateUpdate", "Alarm updated from ALARM to OK")


def test_scaling_policies_are_told_each_minute_and_topics_once() -> None:
    stage = Stage(Rule("GreaterThanThreshold", 40.0, 1, 1))
    stage.minutes(90, 90, 90, 10)
    assert stage.told == [("ALARM", ARN)] * 3
    topic = Stage(Rule("GreaterThanThreshold", 40.0, 1, 1), arn="arn:aws:sns:r:1:t")
    topic.minutes(90, 90, 90, 10, 90)
    assert len(topic.told) == 2


def test_disabled_actions_stay_still() -> None:
    stage = Stage(Rule("GreaterThanThreshold", 40.0, 1, 1))
    stage.alarm.enabled = False
    assert stage.minutes(90, 90) == ["ALARM", "ALARM"]
    assert stage.told == []


def test_an_action_that_nobody_carries_out_is_noted_as_failed() -> None:
    stage = Stage(Rule("GreaterThanThreshold", 40.0, 1, 1), arn="arn:aws:lambda:r:1:f")
    stage.minutes(90)
    assert stage.store.history["r"][0].summary == "Failed to execute action arn:aws:lambda:r:1:f"
    assert "does not carry out" in stage.store.history["r"][0].data["error"]


def test_a_metric_that_never_comes_leaves_the_alarm_without_data_and_without_action() -> None:
    stage = Stage(Rule("GreaterThanThreshold", 40.0, 1, 1))
    assert set(stage.minutes(*[None] * 5)) == {"INSUFFICIENT_DATA"}
    assert stage.told == []


def test_an_alarm_on_metric_math() -> None:
    tasks = MetricId.of("mine", "tasks")
    stage = Stage(
        Rule("GreaterThanThreshold", 5.0, 1, 1),
        Query("depth", DEPTH, "Average", 60, returned=False),
        Query("tasks", tasks, "Average", 60, returned=False),
        Query("backlog", expression="IF(tasks > 0, depth / tasks, depth)"),
        watched="backlog",
    )
    stage.metrics.gauge("r", tasks, 4, stage.clock.now() + 0.1)
    assert stage.minutes(16) == ["OK"]
    stage.metrics.gauge("r", tasks, 2, stage.clock.now() + 0.1)
    assert stage.minutes(16) == ["ALARM"]


def test_a_long_period_is_looked_at_each_minute() -> None:
    stage = Stage(Rule("GreaterThanThreshold", 40.0, 1, 1), Query("m1", DEPTH, "Maximum", 300))
    assert stage.minutes(0, 0, 90, 0, 0, 0, 0, 0) == ["OK", "OK", "ALARM", "ALARM", "ALARM", "ALARM", "ALARM", "OK"]


def test_what_has_not_been_measured_yet_is_not_looked_at() -> None:
    stage = Stage(Rule("GreaterThanThreshold", 40.0, 1, 1))
    assert stage.minutes(10) == ["OK"]
    began = stage.clock.now()
    stage.measured = int(began)  # an AWS minute is one second here; the sampler is late from now on
    assert stage.minutes(None) == ["OK"]
    stage.metrics.gauge("r", DEPTH, 90.0, began + 0.1)
    stage.alarms.tick(stage.clock.now() + 0.4)
    assert (stage.alarm.state, stage.alarm.judged) == ("OK", began)
    stage.measured += 1
    stage.alarms.tick(stage.clock.now() + 0.5)
    assert (stage.alarm.state, stage.alarm.judged) == ("ALARM", began + 1)


def test_an_alarm_is_clear_of_a_time_once_nothing_in_it_can_set_it_off() -> None:
    stage = Stage(Rule("GreaterThanThreshold", 40.0, 3, 2))
    start = stage.clock.now()
    end = start + 1.5
    clear = []
    for value in (90, 10, 10, 10, 10):
        stage.minutes(value)
        clear.append(stage.alarm.clear(start, end))
    # two minutes must have passed, and the first must have left the last three
    assert clear == [False, False, False, True, True]
    assert stage.alarm.state == "OK"
    stage.minutes(90)
    assert stage.alarm.clear(start, end), "what came later is not of that time"
    assert not stage.alarm.clear(start, end + 10.0), "nor is what has yet to come known"
