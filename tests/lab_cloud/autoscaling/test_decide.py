"""Launches and terminations, one rule at a time, and properties that always hold."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.autoscaling.decide import (
    POLICIES,
    SURPLUS,
    UNHEALTHY,
    GroupView,
    MemberView,
    Terminate,
    chosen_to_go,
    decide,
)

ZONES = ("a", "b")


def members(*zones: str) -> tuple[MemberView, ...]:
    return tuple(MemberView(f"i-{number}", zone, launched=number) for number, zone in enumerate(zones))


def test_new_instances_fill_the_emptiest_zones() -> None:
    assert decide(GroupView(3, ZONES), 0).launch == ("a", "b", "a")
    assert decide(GroupView(3, ZONES, members("a")), 0).launch == ("b", "a")


def test_scaling_in_takes_from_the_fullest_zone_the_oldest() -> None:
    found = decide(GroupView(2, ZONES, members("a", "b", "a"), ("OldestInstance",)), 0)
    assert found.terminate == (Terminate("i-0", SURPLUS),)
    found = decide(GroupView(2, ZONES, members("a", "b", "a"), ("NewestInstance",)), 0)
    assert found.terminate == (Terminate("i-2", SURPLUS),)


def test_the_default_policy_takes_the_oldest_template_first() -> None:
    old, new = MemberView("i-1", "a", 5, version=1), MemberView("i-2", "a", 1, version=2)
    assert chosen_to_go([new, old], 1) == [old]
    configured = MemberView("i-3", "a", 9, version=9, configured=True)
    assert chosen_to_go([new, old, configured], 1) == [configured]


def test_closest_to_the_next_hour() -> None:
    near, far = MemberView("i-1", "a", 100), MemberView("i-2", "a", 2000)
    assert chosen_to_go([far, near], 1, ["ClosestToNextInstanceHour"], now=3600) == [near]


def test_an_unhealthy_one_goes_and_is_replaced_at_once() -> None:
    ill = MemberView("i-9", "a", healthy=False)
    found = decide(GroupView(2, ZONES, (ill, *members("b"))), 0)
    assert found.terminate[0] == Terminate("i-9", UNHEALTHY)
    assert found.launch == ("a",)
    assert decide(GroupView(1, ZONES, (ill,), suspended=frozenset({"ReplaceUnhealthy"})), 0).terminate == ()


def test_suspended_processes_do_nothing() -> None:
    assert decide(GroupView(2, ZONES, suspended=frozenset({"Launch"})), 0).launch == ()
    found = decide(GroupView(0, ZONES, members("a"), suspended=frozenset({"Terminate"})), 0)
    assert found.terminate == ()


def test_zones_are_brought_back_into_balance_one_instance_at_a_time() -> None:
    now = members("a", "a")
    first = decide(GroupView(2, ZONES, now), 0)
    assert (first.launch, first.balancing) == (("b",), True)
    coming = MemberView("i-9", "b", 9, pending=True)
    assert decide(GroupView(2, ZONES, (*now, coming)), 0).terminate == ()
    there = MemberView("i-9", "b", 9)
    (gone,) = decide(GroupView(2, ZONES, (*now, there)), 0).terminate
    assert gone.id in ("i-0", "i-1")
    assert not decide(GroupView(2, ZONES, now, suspended=frozenset({"AZRebalance"})), 0).launch


MEMBER = st.builds(
    MemberView,
    id=st.uuids().map(str),
    zone=st.sampled_from(["a", "b", "c"]),
    launched=st.floats(0, 1e6),
    pending=st.booleans(),
    healthy=st.booleans(),
    protected=st.booleans(),
    version=st.integers(0, 3),
)


@given(
    desired=st.integers(0, 8),
    found=st.lists(MEMBER, max_size=10, unique_by=lambda each: each.id),
    policies=st.lists(st.sampled_from(POLICIES), min_size=1, max_size=3),
)
def test_sizes_zones_and_protection_hold(desired: int, found: list[MemberView], policies: list[str]) -> None:
    zones = ("a", "b", "c")
    known = {member.id: member for member in found}
    decision = decide(GroupView(desired, zones, tuple(found), tuple(policies)), 1e6)
    gone = {one.id for one in decision.terminate}
    assert all(not known[one.id].protected for one in decision.terminate if one.why == SURPLUS)
    left = [member for member in found if member.id not in gone]
    after = len(left) + len(decision.launch)
    assert after >= min(desired, len(found)) or any(not member.healthy for member in found)
    assert after <= max(desired + 1, len(left))
    if decision.launch and not decision.balancing:
        assert after == desired
        counts = Counter(member.zone for member in left)
        before = max((counts[zone] for zone in zones), default=0)
        counts.update(decision.launch)
        filled = [counts[zone] for zone in set(decision.launch)]
        assert max(filled) <= max(before, min(counts[zone] for zone in zones) + 1)


@given(sizes=st.lists(st.integers(0, 12), min_size=1, max_size=12))
def test_a_group_that_only_scales_stays_balanced(sizes: list[int]) -> None:
    zones, living, number = ("a", "b", "c"), list[MemberView](), 0
    for desired in sizes:
        decision = decide(GroupView(desired, zones, tuple(living)), float(number))
        gone = {one.id for one in decision.terminate}
        living = [member for member in living if member.id not in gone]
        for zone in decision.launch:
            number += 1
            living.append(MemberView(f"i-{number}", zone, float(number)))
        counts = [sum(member.zone == zone for member in living) for zone in zones]
        assert len(living) == desired
        assert max(counts) - min(counts) <= 1
