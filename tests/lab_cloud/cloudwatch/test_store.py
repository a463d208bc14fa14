import pytest

from lab_cloud.clock import ManualClock
from lab_cloud.cloudwatch.metric import MetricId, Sample
from lab_cloud.cloudwatch.store import KEPT_SECONDS, MetricStore, matches

CPU = MetricId.of("AWS/ECS", "CPUUtilization", {"ClusterName": "c", "ServiceName": "s"})


def test_a_shortened_minute_is_one_period() -> None:
    clock = ManualClock(speed=60)
    store = MetricStore(clock)
    began = clock.now()
    for value in (1.0, 2.0, 3.0, 4.0):
        store.gauge("r", CPU, value, clock.now())
        clock.advance(0.5)
    found = store.points("r", CPU, "Sum", 60, began, clock.now())
    assert found.moments == (began, began + 1)
    assert found.values == (3.0, 7.0)
    assert store.points("r", CPU, "Sum", 120, began, clock.now()).values == (10.0,)
    assert store.points("other", CPU, "Sum", 60, began, clock.now()).values == ()


def test_at_aws_own_pace_a_minute_is_a_minute() -> None:
    clock = ManualClock(speed=1)
    store = MetricStore(clock)
    began = clock.now() // 60 * 60
    for second in range(0, 120, 20):
        store.gauge("r", CPU, 1.0, began + second)
    assert store.points("r", CPU, "Sum", 60, began, began + 120).values == (3.0, 3.0)


def test_metrics_are_listed_by_what_they_are() -> None:
    clock = ManualClock(speed=60)
    store = MetricStore(clock)
    other = MetricId.of("mine", "depth")
    for metric in (CPU, other):
        store.gauge("r", metric, 1.0, clock.now())
    assert list(store.list("r")) == [CPU, other]
    assert list(store.list("r", "mine")) == [other]
    assert list(store.list("r", None, "CPUUtilization")) == [CPU]
    assert matches(CPU, [{"Name": "ClusterName"}])
    assert not matches(CPU, [{"Name": "ClusterName", "Value": "x"}])
    clock.advance(4 * 3600 / 60)
    assert list(store.list("r", recent=True)) == []


def test_what_is_older_than_two_hours_goes_by_itself() -> None:
    clock = ManualClock(speed=60)
    store = MetricStore(clock)
    store.gauge("r", CPU, 1.0, clock.now())
    clock.advance(KEPT_SECONDS + 200)
    store.gauge("r", MetricId.of("mine", "depth"), 1.0, clock.now())
    assert [metric.namespace for metric in store.list("r")] == ["mine"]


@pytest.mark.parametrize("speed", [1, 60, 600])
def test_an_empty_set_adds_nothing(speed: float) -> None:
    store = MetricStore(ManualClock(speed=speed))
    store.put("r", CPU, Sample(), 0.0)
    assert list(store.list("r")) == []
