import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.clock import ManualClock
from lab_cloud.elb.health import Outcome
from lab_cloud.elb.model import HealthCheck, TargetGroup
from lab_cloud.elb.targets import TargetRegistry

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/1"
OK = Outcome("answered", 200)
ERROR = Outcome("answered", 500)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(speed=60)


def registry(clock: ManualClock, in_use: bool = True, delay: float = 300.0, enabled: bool = True) -> TargetRegistry:
    made = TargetRegistry(clock)
    group = TargetGroup(ARN, "web", deregistration_delay=delay, check=HealthCheck(enabled=enabled))
    made.configure({ARN: group}, [ARN] if in_use else [])
    return made


def pass_check(made: TargetRegistry, ip: str, port: int = 80, outcome: Outcome = OK) -> None:
    made.report(made.group(ARN).targets[ip, port], outcome, now=0.0)


def state(made: TargetRegistry, ip: str, port: int = 80) -> str | None:
    health = made.health(ARN, ip, port)
    return health.state if health else None


def test_life_of_a_target(clock: ManualClock) -> None:
    made = registry(clock)
    assert state(made, "10.0.0.1") is None
    made.register(ARN, "10.0.0.1", 80, "us-east-1a")
    assert state(made, "10.0.0.1") == "initial"
    pass_check(made, "10.0.0.1")
    assert state(made, "10.0.0.1") == "healthy"
    made.deregister(ARN, "10.0.0.1", 80)
    assert state(made, "10.0.0.1") == "draining"
    assert made.group(ARN).choose() is None
    clock.advance(4.9)  # 300 s of AWS are 5 s at speed 60
    assert not made.expire(clock.now())
    clock.advance(0.2)
    assert made.expire(clock.now())
    assert state(made, "10.0.0.1") is None


def test_a_request_in_flight_holds_a_draining_target_up_to_the_real_delay(clock: ManualClock) -> None:
    made = registry(clock)
    made.register(ARN, "10.0.0.1", 80)
    target = made.group(ARN).targets["10.0.0.1", 80]
    target.in_flight = 1
    made.deregister(ARN, "10.0.0.1")
    clock.advance(10)
    assert not made.expire(clock.now())
    clock.advance(300)
    assert made.expire(clock.now())


def test_without_delay_an_idle_target_goes_at_once(clock: ManualClock) -> None:
    made = registry(clock, delay=0)
    made.register(ARN, "10.0.0.1", 80)
    made.deregister(ARN, "10.0.0.1", 80)
    assert state(made, "10.0.0.1") is None


def test_a_group_that_no_listener_uses_checks_nothing(clock: ManualClock) -> None:
    made = registry(clock, in_use=False)
    made.register(ARN, "10.0.0.1", 80)
    health = made.health(ARN, "10.0.0.1", 80)
    assert health is not None
    assert (health.state, health.reason) == ("unused", "Target.NotInUse")
    assert made.checked() == []
    made.configure({ARN: TargetGroup(ARN, "web")}, [ARN])
    assert state(made, "10.0.0.1") == "initial"
    assert len(made.checked()) == 1


def test_disabled_checks_leave_targets_unavailable_but_in_service(clock: ManualClock) -> None:
    made = registry(clock, enabled=False)
    made.register(ARN, "10.0.0.1", 80)
    assert state(made, "10.0.0.1") == "unavailable"
    assert made.checked() == []
    assert made.group(ARN).choose() is not None


def test_round_robin_over_the_healthy_and_over_all_when_none_is(clock: ManualClock) -> None:
    made = registry(clock)
    for last in range(1, 4):
        made.register(ARN, f"10.0.0.{last}", 80)
    group = made.group(ARN)
    chosen = [target.ip for target in (group.choose() for _ in range(6)) if target]
    assert sorted(chosen) == sorted([f"10.0.0.{last}" for last in range(1, 4)] * 2)
    pass_check(made, "10.0.0.2")
    assert {target.ip for target in (group.choose() for _ in range(4)) if target} == {"10.0.0.2"}


def test_registering_again_takes_a_draining_target_back(clock: ManualClock) -> None:
    made = registry(clock)
    made.register(ARN, "10.0.0.1", 80)
    pass_check(made, "10.0.0.1")
    made.deregister(ARN, "10.0.0.1", 80)
    made.register(ARN, "10.0.0.1", 80)
    assert state(made, "10.0.0.1") == "initial"
    clock.advance(1000)
    assert not made.expire(clock.now())


def test_deregistering_by_address_takes_all_its_ports(clock: ManualClock) -> None:
    made = registry(clock)
    made.register(ARN, "10.0.0.1", 80)
    made.register(ARN, "10.0.0.1", 81)
    made.deregister(ARN, "10.0.0.1")
    assert (state(made, "10.0.0.1", 80), state(made, "10.0.0.1", 81)) == ("draining", "draining")
    made.deregister(ARN, "10.0.0.99")  # no error: AWS returns successfully


def test_a_change_of_health_is_announced_once(clock: ManualClock) -> None:
    made = registry(clock)
    told: list[int] = []
    made.on_change = lambda: told.append(1)
    made.register(ARN, "10.0.0.1", 80)
    pass_check(made, "10.0.0.1")
    pass_check(made, "10.0.0.1")
    assert told == [1]


def test_a_deleted_group_forgets_its_targets(clock: ManualClock) -> None:
    made = registry(clock)
    made.register(ARN, "10.0.0.1", 80)
    made.deregister(ARN, "10.0.0.1")
    made.configure({}, [])
    assert state(made, "10.0.0.1") is None
    clock.advance(1000)
    assert not made.expire(clock.now())


moves = st.lists(
    st.tuples(st.sampled_from(["register", "deregister", "ok", "bad", "wait"]), st.integers(1, 4)), max_size=60
)


@given(moves)
def test_requests_go_only_to_targets_that_may_have_them(some: list[tuple[str, int]]) -> None:
    clock = ManualClock(speed=60)
    made = registry(clock)
    group = made.group(ARN)
    for move, number in some:
        ip = f"10.0.0.{number}"
        if move == "register":
            made.register(ARN, ip, 80)
        elif move == "deregister":
            made.deregister(ARN, ip, 80)
        elif move == "wait":
            made.expire(clock.advance(2.0))
        elif (ip, 80) in group.targets:
            made.report(group.targets[ip, 80], OK if move == "ok" else ERROR, now=clock.now())
        open_ones = [one for one in group.targets.values() if not one.draining]
        healthy = [one for one in open_ones if one.health.state == "healthy"]
        assert set(group.ready) == set(healthy or open_ones)
        assert (group.choose() is None) == (not open_ones)
    clock.advance(100)
    made.expire(clock.now())
    assert not any(one.draining for one in group.targets.values())
