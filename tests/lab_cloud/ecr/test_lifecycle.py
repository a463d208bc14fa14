from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.ecr.lifecycle import DAY, View, decide
from lab_cloud.ecr.lifecycle_policy import COUNT, PULLED, PUSHED, TRANSITIONED, Rule

NOW = 1_800_000_000.0


def rule(priority: int = 1, **more: Any) -> Rule:
    plain = Rule(priority, "any", (), (), False, COUNT, 1, False)
    return replace(plain, **more)


def image(name: str, *tags: str, days: float = 0, **more: Any) -> View:
    return View(name, tags, NOW - days * DAY, **more)


def gone(rules: list[Rule], images: list[View], now: float = NOW) -> list[str]:
    return [action.digest for action in decide(rules, images, now)]


def test_the_newest_stay() -> None:
    images = [image("old", days=3), image("new", days=1), image("middle", days=2)]
    assert gone([rule(count=1)], images) == ["middle", "old"]
    assert gone([rule(count=3)], images) == []


def test_days_since_it_was_pushed() -> None:
    images = [image("a", days=14), image("b", days=14.1), image("c", days=1)]
    assert gone([rule(count_type=PUSHED, count=14)], images) == ["b"]


def test_days_since_it_was_pulled_or_else_pushed() -> None:
    pulled = image("pulled", days=30, pulled=NOW - DAY)
    assert gone([rule(count_type=PULLED, count=14)], [pulled, image("never", days=30)]) == ["never"]


def test_days_in_the_archive() -> None:
    rules = [rule(count_type=TRANSITIONED, count=90, archived=True)]
    images = [
        image("long", days=300, archived=True, transitioned=NOW - 91 * DAY),
        image("short", days=300, archived=True, transitioned=NOW - 9 * DAY),
        image("active", days=300),
    ]
    assert gone(rules, images) == ["long"]


def test_tags_must_all_be_there() -> None:
    images = [image("both", "prod-1", "eu-1"), image("one", "prod-2"), image("none")]
    assert gone([rule(tag_status="tagged", prefixes=("prod", "eu"), count_type=PUSHED, count=0)], images, NOW + 1) == [
        "both"
    ]
    patterns = rule(tag_status="tagged", patterns=("*rod-?",), count_type=PUSHED, count=0)
    assert gone([patterns], images, NOW + 1) == []  # only the asterisk is a wildcard
    assert gone([replace(patterns, patterns=("*rod-*",))], images, NOW + 1) == ["both", "one"]
    assert gone([rule(tag_status="untagged", count_type=PUSHED, count=0)], images, NOW + 1) == ["none"]


def test_a_rule_keeps_its_images_from_later_rules() -> None:
    images = [image("prod", "prod-1", days=50), image("other", days=40)]
    rules = [rule(1, tag_status="tagged", prefixes=("prod",), count=10), rule(2, count_type=PUSHED, count=14)]
    assert gone(rules, images) == ["other"]


def test_what_an_index_lists_stays_while_the_index_does() -> None:
    images = [image("index", "v1", days=1, children=("child",)), image("child", days=50), image("free", days=50)]
    rules = [rule(tag_status="untagged", count_type=PUSHED, count=14)]
    assert gone(rules, images) == ["free"]
    old = replace(images[0], pushed=NOW - 60 * DAY)
    everything = [rule(count_type=PUSHED, count=14)]
    assert sorted(gone(everything, [old, *images[1:]])) == ["child", "free", "index"]


tags = st.lists(st.sampled_from(["prod-1", "prod-2", "dev-1", "v1"]), unique=True, max_size=3).map(tuple)
days = st.floats(0, 400)
images = st.lists(
    st.builds(
        View,
        digest=st.integers(0, 10_000).map(str),
        tags=tags,
        pushed=days.map(lambda each: NOW - each * DAY),
        pulled=st.none() | days.map(lambda each: NOW - each * DAY),
        transitioned=st.none() | days.map(lambda each: NOW - each * DAY),
        archived=st.booleans(),
        children=st.lists(st.integers(0, 10_000).map(str), max_size=2).map(tuple),
    ),
    max_size=25,
    unique_by=lambda each: each.digest,
)
selections = st.one_of(
    st.just({"tag_status": "untagged"}),
    st.builds(lambda each: {"tag_status": "tagged", "prefixes": (each,)}, st.sampled_from(["prod", "dev", "v"])),
    st.builds(lambda each: {"tag_status": "tagged", "patterns": (each,)}, st.sampled_from(["*-1", "prod*", "*"])),
)
kinds = st.sampled_from(
    [{"count_type": COUNT}, {"count_type": PUSHED}, {"count_type": PULLED}, {"count_type": PUSHED, "transition": True}]
)


@st.composite
def policies(draw: Any) -> list[Rule]:
    size = draw(st.integers(1, 4))
    found = [rule(n, count=draw(st.integers(1, 100)), **draw(selections), **draw(kinds)) for n in range(1, size + 1)]
    if draw(st.booleans()):
        found.append(rule(size + 1, count=draw(st.integers(1, 100)), **draw(kinds)))
    return found


@given(policies(), images)
def test_an_image_meets_one_rule_at_most_the_first_that_selects_it(rules: list[Rule], every: list[View]) -> None:
    actions = decide(rules, every, NOW)
    by_digest = {each.digest: each for each in every}
    assert len({action.digest for action in actions}) == len(actions)
    for action in actions:
        image = by_digest[action.digest]
        first = next(each for each in rules if each.selects(image.tags, archived=image.archived))
        assert action.rule is first


@given(policies(), images)
def test_what_stays_never_lists_what_goes(rules: list[Rule], every: list[View]) -> None:
    going = set(gone(rules, every))
    for one in every:
        if one.digest not in going:
            assert not going & set(one.children)


@given(policies(), images, st.randoms())
def test_the_order_of_images_does_not_matter(rules: list[Rule], every: list[View], random: Any) -> None:
    mixed = list(every)
    random.shuffle(mixed)
    assert decide(rules, every, NOW) == decide(rules, mixed, NOW)


@given(st.integers(1, 30), images)
def test_a_count_keeps_exactly_so_many(count: int, every: list[View]) -> None:
    plain = [replace(each, archived=False, children=()) for each in every]
    going = gone([rule(count=count)], plain)
    assert len(plain) - len(going) == min(count, len(plain))
    kept = [each.pushed for each in plain if each.digest not in going]
    assert all(each.pushed <= min(kept) for each in plain if each.digest in going)


@given(images, st.integers(1, 300), st.floats(0, 400))
def test_time_only_adds_to_what_is_too_old(every: list[View], count: int, later: float) -> None:
    plain = [replace(each, archived=False, children=()) for each in every]
    rules = [rule(count_type=PUSHED, count=count)]
    assert set(gone(rules, plain)) <= set(gone(rules, plain, NOW + later * DAY))
