"""Weights, algorithms and cookies, without a network."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.clock import Clock
from lab_cloud.elb import stickiness
from lab_cloud.elb.listening import Forward
from lab_cloud.elb.messages import Header
from lab_cloud.elb.model import Stickiness, TargetGroup
from lab_cloud.elb.stickiness import choose, pick
from lab_cloud.elb.targets import Group, TargetRegistry


def registry(groups: int = 1, targets: int = 3, **settings: object) -> tuple[TargetRegistry, list[Group]]:
    made = TargetRegistry(Clock())
    names = [f"tg{number}" for number in range(groups)]
    made.configure({name: TargetGroup(name, name, **settings) for name in names}, names)  # type: ignore[arg-type]
    for name in names:
        for last in range(targets):
            made.register(name, f"10.0.0.{last}", 80)
    return made, [made.group(name) for name in names]


def brought(lines: tuple[bytes, ...], *more: bytes) -> list[Header]:
    """What a client with a cookie jar sends back."""
    pairs = [line.split(b": ", 1)[1].split(b";")[0] for line in lines]
    return [(b"Cookie", b"; ".join([*pairs, *more]))]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=5), st.randoms())
def test_only_groups_with_a_weight_are_picked(weights: list[int], random: object) -> None:
    _made, groups = registry(len(weights), 1)
    action = Forward(tuple(zip(groups, weights, strict=True)))
    picked = {pick(action) for _ in range(60)}
    if not sum(weights):
        assert picked == {None}
    else:
        assert picked <= {group for group, weight in action.groups if weight}


@given(st.lists(st.integers(0, 20), min_size=2, max_size=5).filter(any), st.integers(1, 300))
def test_weights_are_shares_also_among_few_requests(weights: list[int], requests: int) -> None:
    _made, groups = registry(len(weights), 1)
    action = Forward(tuple(zip(groups, weights, strict=True)))
    got = Counter(pick(action) for _ in range(requests))
    heaviest = weights.index(max(weights))
    for place, weight in enumerate(weights):
        share = requests * weight / sum(weights)
        assert abs(got[groups[place]] - share) < len(weights)
        assert place == heaviest or got[groups[place]] <= share


def test_no_weight_at_all_is_nobody() -> None:
    _made, (group,) = registry()
    assert choose(Forward(((group, 0),)), [], False).target is None


def test_a_client_stays_with_its_target() -> None:
    _made, (group,) = registry(stickiness=Stickiness("lb_cookie", 60))
    action = Forward(((group, 1),))
    first = choose(action, [], False)
    names = [line.split(b"=")[0] for line in first.cookies]
    assert names == [b"Set-Cookie: AWSALB", b"Set-Cookie: AWSALBCORS"]
    assert first.cookies[1].endswith(b"; Path=/; SameSite=None\r\n")
    for _ in range(5):
        again = choose(action, brought(first.cookies), True)
        assert again.target is first.target
    assert again.cookies[1].endswith(b"SameSite=None; Secure\r\n")
    assert choose(action, brought(first.cookies[1:]), False).target is first.target  # from another site's page


def test_a_target_that_left_or_is_ill_is_replaced() -> None:
    made, (group,) = registry(stickiness=Stickiness("lb_cookie", 60))
    action = Forward(((group, 1),))
    first = choose(action, [], False)
    assert first.target is not None
    made.deregister("tg0", first.target.ip)
    second = choose(action, brought(first.cookies), False)
    assert second.target not in (None, first.target)
    assert second.cookies[0] != first.cookies[0]
    assert choose(action, brought(second.cookies), False).target is second.target


@pytest.mark.parametrize("cookie", [b"", b"nonsense", b"%%%", b"AAAA", b"AAAAAAAAAAAAAAAAAAAAAA=="])
def test_a_cookie_that_is_none_of_ours_is_passed_over(cookie: bytes) -> None:
    _made, (group,) = registry(stickiness=Stickiness("lb_cookie", 60))
    assert choose(Forward(((group, 1),)), [(b"cookie", b"AWSALB=" + cookie)], False).target is not None


def test_a_cookie_counts_only_for_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    _made, (group,) = registry(targets=2, stickiness=Stickiness("lb_cookie", 60))
    action = Forward(((group, 1),))
    now = [1000.0]
    monkeypatch.setattr(stickiness.time, "time", lambda: now[0])
    first = choose(action, [], False)
    now[0] += 59
    assert {choose(action, brought(first.cookies), False).target for _ in range(4)} == {first.target}
    now[0] += 2
    assert len({choose(action, brought(first.cookies), False).target for _ in range(4)}) == 2


def test_an_application_cookie_binds_once_the_target_sets_it() -> None:
    _made, (group,) = registry(stickiness=Stickiness("app_cookie", 60, "SESSION"))
    action = Forward(((group, 1),))
    first = choose(action, [], False)
    assert (first.cookies, first.awaited) == ((), b"SESSION")
    assert stickiness.sets([b"set-cookie: SESSION=1; Path=/\r\n"], first.awaited)
    assert not stickiness.sets([b"Set-Cookie: OTHER=1\r\n", b"X: SESSION=1\r\n"], first.awaited)
    both = brought(first.promised, b"SESSION=1")
    assert {choose(action, both, False).target for _ in range(4)} == {first.target}
    assert choose(action, both, False).cookies[0].startswith(b"Set-Cookie: AWSALBAPP-0=")
    alone = brought(first.promised)
    assert len({choose(action, alone, False).target for _ in range(4)}) > 1


def test_a_client_stays_with_its_group_as_long_as_that_has_a_weight() -> None:
    _made, groups = registry(2, 1)
    action = Forward(((groups[0], 1), (groups[1], 1)), sticky=60)
    first = choose(action, [], False)
    assert first.target is not None
    for _ in range(10):
        again = choose(action, brought(first.cookies), False)
        assert again.target is first.target
    other = next(group for group in groups if group is not first.target.group)
    moved = Forward(((other, 1), (first.target.group, 0)), sticky=60)
    assert choose(moved, brought(first.cookies), False).target in other.ready


def test_the_least_busy_target_is_next() -> None:
    _made, (group,) = registry(algorithm="least_outstanding_requests")
    for target, open_requests in zip(group.ready, (2, 0, 1), strict=True):
        target.in_flight = open_requests
    assert group.choose() is group.ready[1]
    group.ready[1].in_flight = 5
    assert group.choose() is group.ready[2]


def test_by_chance_everybody_has_a_turn() -> None:
    _made, (group,) = registry(algorithm="weighted_random")
    assert {group.choose() for _ in range(200)} == set(group.ready)
