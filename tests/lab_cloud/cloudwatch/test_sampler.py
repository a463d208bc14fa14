import pytest

from lab_cloud.clock import ManualClock
from lab_cloud.cloudwatch.metric import MetricId, Sample
from lab_cloud.cloudwatch.sampler import Sampler, Slices
from lab_cloud.cloudwatch.store import MetricStore

METRIC = MetricId.of("mine", "m")


def store(speed: float) -> tuple[ManualClock, MetricStore]:
    clock = ManualClock(speed)
    return clock, MetricStore(clock)


def values(found: MetricStore, clock: ManualClock, statistic: str = "Sum") -> list[float]:
    return list(found.points("r", METRIC, statistic, 60, clock.now() - 100, clock.now() + 100).values)


def test_a_count_in_a_shortened_minute_stands_for_its_rate() -> None:
    clock, found = store(60.0)
    Slices(found, clock.now(), clock.now() + 1.0, 1).count("r", METRIC, 20)
    assert values(found, clock) == [1200.0]


def test_at_the_pace_of_aws_a_count_is_a_count() -> None:
    clock, found = store(1.0)
    Slices(found, clock.now(), clock.now() + 60.0, 1).count("r", METRIC, 20)
    assert values(found, clock) == [20.0]


def test_a_measurement_may_stand_for_several_minutes() -> None:
    clock, found = store(600.0)
    slices = Slices(found, clock.now(), clock.now() + 0.3, 3)
    slices.count("r", METRIC, 6)
    assert values(found, clock) == pytest.approx([1200.0] * 3)
    slices.gauge("r", METRIC, [5.0], "Count")
    assert values(found, clock, "Minimum") == [5.0] * 3
    slices.put("r", METRIC, Sample.of([(1.0, 1.0)]), "Count")
    assert values(found, clock, "Minimum") == [5.0, 5.0, 1.0]


def test_one_collectors_bug_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    clock, found = store(60.0)
    sampler = Sampler(clock, found)

    class Broken:
        def collect(self, into: Slices) -> None:
            raise RuntimeError("broken")

    class Good:
        def collect(self, into: Slices) -> None:
            into.gauge("r", METRIC, [float(into.minutes)], "Count")

    sampler.add(Broken())
    sampler.add(Good())
    minute = int(clock.now() * 60) // 60
    sampler.sample(minute, minute + 2)
    assert values(found, clock) == [2.0, 2.0]
    assert sampler.measured == minute + 2
    assert "measuring failed" in caplog.text
