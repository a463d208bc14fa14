import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_helpers.views.path import PathView
from lab_helpers.views.path_observe import NO_RECORD, SHOWN, PathObserver
from lab_helpers.views.path_picture import picture
from lab_helpers.views.path_state import Depth, Journey, Lane, Paths, Stage, in_words, journey
from tests.waiting import until

CLUSTER, TASK = "arn:aws:ecs:us-east-1:1:cluster/Demo", "arn:aws:ecs:us-east-1:1:task/Demo/abcdef123456"
CALLED = {"step": "target called", "rule": "uploads", "target": CLUSTER, "tasks": [TASK]}
UPLOAD: list[dict[str, Any]] = [
    {"at": 10.0, "step": "event came", "subject": "in/a"},
    {"at": 10.0, "step": "rule matched", "rule": "uploads", "targets": 1},
    {"at": 10.1, **CALLED},
    {"at": 10.2, "step": "task PENDING", "task": TASK},
    {"at": 10.3, "step": "task RUNNING", "task": TASK},
    {"at": 10.9, "step": "object written", "task": TASK, "object": "s3://bucket/out/a"},
    {"at": 11.4, "step": "task STOPPING", "task": TASK},
    {"at": 11.5, "step": "task STOPPED", "task": TASK, "why": "Essential container in task exited"},
]


def path(*steps: dict[str, Any], name: str = "1") -> dict[str, Any]:
    return {"id": name, "what": "aws.s3 / Object Created", "steps": list(steps)}


def stages(*steps: dict[str, Any]) -> list[tuple[str, str, str]]:
    (lane,) = journey(path(*steps)).lanes
    return [(stage.state, stage.title, stage.name) for stage in lane.stages]


PICTURE = Paths(
    "uploads", "ACTIVE", 12.0, (journey(path(*UPLOAD)),), (Depth("work", 12, 2), Depth("dead", 0, 0)), ("workers", 1, 3)
)


class Scene:
    """Stands where a PathObserver stands; the test moves the actors."""

    match, pace = "uploads", 0.01

    def __init__(self) -> None:
        self.now: Paths | Exception = PICTURE

    def read(self) -> Paths:
        if isinstance(self.now, Exception):
            raise self.now
        return self.now


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def view(scene: Scene) -> Iterator[PathView]:
    view = PathView(scene)
    yield view
    view.close()


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "paths of events"]


def test_an_upload_is_one_line_from_the_rule_to_the_end_of_its_task() -> None:
    assert stages(*UPLOAD) == [
        ("done", "rule matched", "uploads"),
        ("done", "target called", "Demo"),
        ("done", "task RUNNING", "…123456"),
        ("done", "object written", "out/a"),
        ("ended", "task STOPPED", "…123456"),
    ]
    assert stages(*UPLOAD[:4])[-1] == ("waiting", "task PENDING", "…123456")
    assert stages(*UPLOAD[:5])[-1] == ("running", "task RUNNING", "…123456")
    assert stages(*UPLOAD[:4], UPLOAD[-1])[-2:] == [
        ("failed", "task PENDING", "…123456"),
        ("ended", "task STOPPED", "…123456"),
    ]


def test_tries_stand_as_one_stage_and_end_as_a_dead_letter() -> None:
    about = {"rule": "uploads", "target": CLUSTER, "code": "ERROR_FROM_TARGET", "message": "no room"}
    again = [{"at": 10.0 + n, "step": "tried again soon", "retries": n, **about} for n in (1, 2)]
    assert stages(*UPLOAD[:2], *again)[-1] == ("waiting", "try 2 failed, tried again soon", "Demo")
    assert stages(*UPLOAD[:2], *again, {"at": 13.0, **CALLED})[1:] == [("done", "target called", "Demo")]
    end = [{"at": 13.0, "step": "target failed", "retries": 2, **about}]
    grave = {"at": 13.0, "step": "dead letter kept", "queue": "arn:aws:sqs:us-east-1:1:dead", **about}
    assert stages(*UPLOAD[:2], *again, *end, grave)[1:] == [
        ("failed", "failed after 2 retries", "Demo"),
        ("kept", "dead letter kept", "dead"),
    ]


def test_two_rules_are_two_lanes_and_a_rule_without_target_is_told() -> None:
    found = journey(path(*UPLOAD, {"at": 10.0, "step": "rule matched", "rule": "audit", "targets": 0}))
    assert [lane.stages[0].name for lane in found.lanes] == ["uploads", "audit"]
    dropped = journey(path(UPLOAD[0], {"at": 10.0, "step": "event dropped", "why": "There is no event bus x."}))
    assert dropped.lanes[0].stages[0].state == "failed"


def test_a_schedule_stands_where_a_rule_stands() -> None:
    fired = {"at": 10.0, "step": "schedule fired", "schedule": "arn:aws:scheduler:us-east-1:1:schedule/night/batch"}
    assert stages(fired, {"at": 10.1, **CALLED, "rule": "batch"}) == [
        ("done", "schedule fired", "batch"),
        ("done", "target called", "Demo"),
    ]


def test_it_says_the_same_in_words(view: PathView) -> None:
    words = view.text()
    for part in (
        "aws.s3 / Object Created in/a",
        "✓ rule matched uploads (+0.00 s) → ✓ target called Demo (+0.10 s)",
        "✓ object written out/a (+0.90 s)",
        "queue work: 12 waiting, 2 in flight",
        "workers: 1 of 3 tasks running",
    ):
        assert part in words
    assert "No event yet." in in_words(Paths("x", "ACTIVE"))
    assert in_words(Paths("", "ACTIVE", queues=(Depth("work", 1, 0),))).splitlines()[0] == "Queues and workers"


def test_it_shows_all_of_it_at_once(view: PathView) -> None:
    (one,) = view.state["journeys"]
    assert [stage["glyph"] for stage in one["lanes"][0]["stages"]] == ["✓", "✓", "✓", "✓", "■"]
    assert len(one["steps"]) == len(UPLOAD)
    assert view.state["queues"][0]["words"] == "12 waiting, 2 in flight"
    assert view.state["slots"] == [True, False, False]
    assert view.state["latest"] == "aws.s3 / Object Created in/a: task STOPPED …123456."


def test_it_follows_changes_and_can_be_paused(view: PathView, scene: Scene) -> None:
    scene.now = replace(PICTURE, workers=("workers", 3, 3))
    until(lambda: view.state["slots"] == [True, True, True])
    view._handle_custom_msg({"watch": False}, [])
    until(lambda: not threads())
    view._handle_custom_msg({"watch": True}, [])
    until(lambda: len(threads()) == 1)


def test_a_newer_view_ends_an_older_one_whatever_it_shows(view: PathView, scene: Scene) -> None:
    newer = PathView(scene)
    until(lambda: not view.watching and len(threads()) == 1)
    newer.close()


def test_no_answer_is_shown_and_what_was_seen_stays(view: PathView, scene: Scene) -> None:
    scene.now = ConnectionError("Could not connect")
    until(lambda: view.state["status"] == "UNREACHABLE")
    assert "Could not connect" in view.state["note"]
    assert view.state["journeys"]


def test_a_still_copy_is_one_svg_and_says_the_same_in_words(view: PathView) -> None:
    still = view.snapshot()
    bundle, root = still._repr_mimebundle_(), ET.fromstring(still.svg())
    assert root.findtext("{http://www.w3.org/2000/svg}title") == "Events on their way: uploads"
    drawn = "".join(root.itertext())
    for words in ("rule matched", "object written", "12 waiting, 2 in flight", "workers: 1 of 3"):
        assert words in drawn
        assert words in bundle["text/plain"]


def test_names_from_the_account_cannot_break_the_picture() -> None:
    odd = replace(PICTURE, match="<script>&", queues=(Depth("<b>", 1, 1),))
    assert "<script>" not in picture(odd)
    assert "<script>&" in "".join(ET.fromstring(picture(odd)).itertext())


words = st.text(max_size=60)
any_stage = st.builds(Stage, words, words, st.floats(0, 1e5), st.sampled_from(("done", "waiting", "failed", "kept")))
any_lane = st.builds(Lane, words, st.lists(any_stage, max_size=12).map(tuple))
any_journey = st.builds(Journey, words, words, words, st.floats(0, 1e9), st.lists(any_lane, max_size=3).map(tuple))
depths = st.lists(st.builds(Depth, words, st.integers(0, 10**6), st.integers(0, 10**6)), max_size=3).map(tuple)


@given(st.lists(any_journey, max_size=5).map(tuple), depths, st.integers(0, 50), st.integers(0, 50))
def test_all_of_it_lies_on_the_paper(
    journeys: tuple[Journey, ...], queues: tuple[Depth, ...], running: int, desired: int
) -> None:
    paths = Paths("x", "ACTIVE", 1.0, journeys, queues, ("w", running, desired))
    # control characters are no part of XML, and no name of AWS has one
    drawn = ET.fromstring("".join(one for one in picture(paths) if one >= " " and not 0xD800 <= ord(one) < 0xE000
                                  and one not in "\ufffe\uffff"))  # fmt: skip
    _, _, width, height = (float(one) for one in drawn.attrib["viewBox"].split())
    for tag in ("text", "rect"):
        for node in drawn.iter(f"{{http://www.w3.org/2000/svg}}{tag}"):
            assert 0 <= float(node.attrib["x"]) <= width
            assert 0 <= float(node.attrib["y"]) <= height
            assert float(node.attrib["x"]) + float(node.attrib.get("width", 0)) <= width + 1


def test_the_observer_asks_only_for_what_is_new_and_keeps_the_newest() -> None:
    asked: list[tuple[str, int]] = []
    answers = [{"paths": [path(*UPLOAD, name=str(n)) for n in range(SHOWN + 3)], "last": 7}, {"paths": [], "last": 7}]

    def trail(match: str, since: int) -> dict[str, Any]:
        asked.append((match, since))
        return answers[len(asked) - 1]

    observer = PathObserver({}, trail, "uploads", (), "")
    assert len(observer.read().journeys) == SHOWN
    assert len(observer.read().journeys) == SHOWN
    assert asked == [("uploads", 0), ("uploads", 7)]


def test_a_cloud_without_a_record_says_where_to_look() -> None:
    assert PathObserver({}, None, "uploads", (), "").read().problem == NO_RECORD
