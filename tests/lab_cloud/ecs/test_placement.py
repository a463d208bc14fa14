"""Where a task goes: each rule by itself, and properties that hold for every input."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.ecs.placement import (
    AGENT,
    ATTRIBUTE,
    CPU,
    DISTINCT,
    ENI,
    INACTIVE,
    MEMBER,
    MEMORY,
    PORTS,
    ZONE,
    InstanceView,
    Need,
    Placed,
    Rules,
    instances_needed,
    obstacle,
    place,
)
from lab_cloud.ecs.query import Subject


def instance(name: str, cpu: int = 1024, memory: int = 1000, zone: str = "a", **more: object) -> InstanceView:
    subject = Subject({ZONE: zone, "attribute:able": ""})
    return InstanceView(name, cpu, memory, 1, subject=subject, **more)  # type: ignore[arg-type]


def test_each_obstacle_by_its_name() -> None:
    one, need = instance("i", alike=1, ports=frozenset({(80, "tcp")})), Need(100, 100)
    assert obstacle(need, one) == ""
    assert obstacle(Need(2000, 100), one) == CPU
    assert obstacle(Need(100, 2000), one) == MEMORY
    assert obstacle(Need(ports=frozenset({(80, "tcp")})), one) == PORTS
    assert obstacle(Need(ports=frozenset({(80, "udp")})), one) == ""
    assert obstacle(Need(interface=True), InstanceView("i")) == ENI
    assert obstacle(Need(attributes=frozenset({"able"})), one) == ""
    assert obstacle(Need(attributes=frozenset({"other"})), one) == ATTRIBUTE
    assert obstacle(need, one, [{"type": "distinctInstance"}]) == DISTINCT
    assert obstacle(need, one, [{"type": "memberOf", "expression": f"{ZONE} == b"}]) == MEMBER
    assert obstacle(need, instance("i", connected=False)) == AGENT
    assert obstacle(need, instance("i", active=False)) == INACTIVE


def test_binpack_fills_the_fullest_and_spread_the_emptiest() -> None:
    full, free = instance("full", cpu=200, alike=3), instance("free", cpu=900, zone="b")
    assert place(Need(100), [free, full], Rules(strategies=({"type": "binpack", "field": "cpu"},))).instance == "full"
    assert place(Need(100), [full, free], Rules(strategies=({"type": "spread", "field": ZONE},))).instance == "free"
    assert place(Need(300), [free, full], Rules(strategies=({"type": "binpack", "field": "CPU"},))).instance == "free"
    last = Rules(strategies=({"type": "random"},))
    assert place(Need(100), [full, free], last, choose=lambda found: found[-1]).instance == "free"


def test_a_spread_counts_zones_where_nothing_fits_any_more() -> None:
    crowded = instance("crowded", cpu=0, alike=5)
    beside, other = instance("beside"), instance("other", zone="b", alike=1)
    spread = Rules(strategies=({"type": "spread", "field": ZONE},))
    assert place(Need(100), [crowded, beside, other], spread).instance == "other"


def test_the_closest_instance_and_the_reason_in_ecss_words() -> None:
    placed = place(Need(100, 2000), [instance("inactive", active=False), instance("small")])
    assert (placed.closest, placed.obstacle) == ("small", MEMORY)
    assert placed.why == "The closest matching container-instance small has insufficient memory available."
    assert place(Need(), []).why == "Reason: No Container Instances were found in your cluster."
    assert Placed("i").why == ""


def test_how_many_instances_waiting_tasks_need() -> None:
    empty = instance("", cpu=1024, memory=1000)
    assert instances_needed([Need(0, 400)] * 3, empty) == 2
    assert instances_needed([Need(0, 2000)], empty) == 0
    assert instances_needed([Need(interface=True)] * 3, empty) == 3
    assert instances_needed([], empty) == 0
    # largest first: 700 200 | 400 400 200 | 200 200 200 200 200
    assert instances_needed([Need(0, 200)] * 7 + [Need(0, 400)] * 2 + [Need(0, 700)], empty) == 3


NEED = st.builds(
    Need,
    cpu=st.integers(0, 1024),
    memory=st.integers(0, 1000),
    ports=st.frozensets(st.tuples(st.integers(1, 4), st.just("tcp")), max_size=2),
    interface=st.booleans(),
)
RULES = st.builds(
    Rules,
    constraints=st.sampled_from([(), ({"type": "distinctInstance"},)]),
    strategies=st.sampled_from(
        [
            (),
            ({"type": "random"},),
            ({"type": "binpack", "field": "memory"},),
            ({"type": "spread", "field": ZONE}, {"type": "spread", "field": "instanceId"}),
            ({"type": "spread", "field": "host"}, {"type": "binpack", "field": "cpu"}),
        ]
    ),
)


@given(needs=st.lists(NEED, max_size=12), rules=RULES, count=st.integers(0, 4))
def test_nothing_is_ever_given_twice(needs: list[Need], rules: Rules, count: int) -> None:
    instances = {str(number): instance(str(number), zone="ab"[number % 2]) for number in range(count)}
    taken: dict[str, list[Need]] = {name: [] for name in instances}
    for need in needs:
        placed = place(need, list(instances.values()), rules)
        if not placed.instance:
            assert all(obstacle(need, each, rules.constraints) for each in instances.values())
            continue
        instances[placed.instance] = instances[placed.instance].with_task(need)
        taken[placed.instance].append(need)
    for found in taken.values():
        assert sum(need.cpu for need in found) <= 1024
        assert sum(need.memory for need in found) <= 1000
        assert sum(need.interface for need in found) <= 1
        assert max(Counter(port for need in found for port in need.ports).values(), default=0) <= 1
        assert len(found) <= 1 or not rules.constraints


@given(tasks=st.integers(0, 20), count=st.integers(1, 5))
def test_a_spread_leaves_instances_within_one_of_each_other(tasks: int, count: int) -> None:
    instances = {str(number): instance(str(number)) for number in range(count)}
    for _ in range(tasks):
        rules = Rules(strategies=({"type": "spread", "field": "instanceId"},))
        name = place(Need(1, 1), list(instances.values()), rules).instance
        instances[name] = instances[name].with_task(Need(1, 1))
    counts = [each.alike for each in instances.values()]
    assert sum(counts) == tasks
    assert max(counts) - min(counts) <= 1
