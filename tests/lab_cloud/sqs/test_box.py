"""Where messages are, by a time that is given: nothing is lost, nobody has what another one has."""

from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.sqs.box import DELAYED, FLYING, READY, Box, Stored

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from(["", "a", "b"]), st.integers(0, 3)),
        st.tuples(st.just("receive"), st.integers(1, 3), st.integers(0, 4)),
        st.tuples(st.just("delete"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("hide"), st.integers(0, 5), st.integers(0, 3)),
        st.tuples(st.just("wait"), st.integers(1, 4), st.just(0)),
    ),
    max_size=40,
)


def filled(count: int, fifo: bool = False, group: str = "") -> Box:
    box = Box(fifo)
    for number in range(count):
        box.add(Stored(str(number), f"body {number}", 0.0, group), 0.0)
    return box


@given(STEPS, st.booleans())
def test_no_message_is_lost_and_none_is_given_twice(steps: list[tuple[str, object, int]], fifo: bool) -> None:
    box, now, sent, deleted = Box(fifo), 0.0, 0, 0
    held: list[tuple[str, float]] = []
    flying: dict[str, float] = {}
    for kind, what, number in steps:
        flying = {message: until for message, until in flying.items() if until > now}
        if kind == "send":
            box.add(Stored(str(sent), "x", now, str(what)), now, float(number))
            sent += 1
        elif kind == "receive":
            assert isinstance(what, int)
            found, dead = box.receive(what, now, float(number))
            assert not dead
            for each in found:
                assert each.id not in flying
                if number:
                    flying[each.id] = now + number
                held.append((box.handle(each), now + number))
        elif kind == "delete" and held:
            assert isinstance(what, int)
            stored, _received = box.find(held.pop(what % len(held))[0])
            if stored is not None:
                box.delete(stored)
                flying.pop(stored.id, None)
                deleted += 1
        elif kind == "hide" and held:
            assert isinstance(what, int)
            stored, _received = box.find(held[what % len(held)][0])
            if stored is not None and stored.state == FLYING:
                box.postpone(stored, now, float(number))
                flying[stored.id] = now + number
        elif kind == "wait":
            assert isinstance(what, int)
            now += what
        assert sum(box.count(state, now) for state in (READY, DELAYED, FLYING)) == len(box) == sent - deleted
    assert box.count(READY, now + 100) == sent - deleted


@given(STEPS)
def test_a_group_is_given_to_one_at_a_time_and_in_order(steps: list[tuple[str, object, int]]) -> None:
    box, now, sent = Box(fifo=True), 0.0, 0
    for kind, what, number in steps:
        if kind == "send":
            box.add(Stored(f"{sent:03}", "x", now, "g"), now)
            sent += 1
        elif kind == "receive":
            assert isinstance(what, int)
            busy = box.count(FLYING, now)
            found, _dead = box.receive(what, now, float(number))
            assert not (busy and found)
            assert [each.id for each in found] == sorted(each.id for each in found)
        elif kind == "wait":
            assert isinstance(what, int)
            now += what


def test_what_is_received_too_often_is_dead() -> None:
    box = filled(1)
    for moment in (0.0, 10.0):
        found, dead = box.receive(1, moment, 5.0, deaths=2)
        assert (len(found), len(dead)) == (1, 0)
    found, dead = box.receive(1, 20.0, 5.0, deaths=2)
    assert (len(found), len(dead), len(box)) == (0, 1, 0)


def test_what_is_too_old_is_forgotten() -> None:
    box = filled(2)
    assert box.receive(1, 100.0, 5.0, retention=60.0) == ([], [])
    assert len(box) == 0


def test_a_copy_within_five_minutes_is_left_out() -> None:
    box = Box(fifo=True)
    assert box.add(Stored("1", "x", 0.0, "g", "same"), 0.0)
    assert not box.add(Stored("2", "x", 10.0, "g", "same"), 10.0)
    assert box.add(Stored("3", "x", 400.0, "g", "same"), 400.0)


def test_it_says_when_the_next_message_comes() -> None:
    box = filled(1)
    box.receive(1, 0.0, 30.0)
    box.add(Stored("later", "x", 0.0), 0.0, 5.0)
    assert box.change() == 5.0
    box.advance(5.0)
    assert box.change() == 30.0
