import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_helpers.views import watching
from lab_helpers.views.scaling import ScalingView
from lab_helpers.views.scaling_chart import chart
from lab_helpers.views.scaling_state import Count, Happening, Metric, Scaled, Watch, in_words
from tests.waiting import until

CPU = Metric("cpu", "CPUUtilization", "Average", 40.0, True, ((960.0, 20.0), (990.0, 90.0)))
PICTURE = Scaled(
    service="shop",
    cluster="DemoCluster",
    status="ACTIVE",
    at=1000.0,
    minute=1.0,
    desired=3,
    running=1,
    least=1,
    most=5,
    counts=(Count(950.0, 1, 1), Count(995.0, 3, 1)),
    metrics=(CPU,),
    watches=(Watch("AlarmHigh", "cpu", "AlarmHigh: > 40 for 3 min", "ALARM"),),
    happenings=(Happening("a", 995.0, "Setting desired count to 3.", "Monitor alarm AlarmHigh.", "InProgress"),),
)


class Scene:
    """Stands where a ScalingObserver stands; the test moves the actors."""

    cluster, service = "DemoCluster", "shop"
    pace = 0.01

    def __init__(self) -> None:
        self.now: Scaled | Exception = PICTURE

    def read(self) -> Scaled:
        if isinstance(self.now, Exception):
            raise self.now
        return self.now


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def view(scene: Scene) -> Iterator[ScalingView]:
    view = ScalingView(scene)
    yield view
    view.close()


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("chart of")]


def test_it_shows_all_of_it_at_once(view: ScalingView) -> None:
    state = view.state
    assert (state["phase"], state["count"]) == ("scaling out", "1 of 3 tasks running, between 1 and 5")
    assert (state["metrics"][0]["value"], state["metrics"][0]["above"]) == ("90", True)
    assert (state["alarms"][0]["glyph"], state["activities"][0]["glyph"]) == ("!", "◔")
    assert state["chart"].startswith("<svg")


def test_it_follows_changes_by_itself(view: ScalingView, scene: Scene) -> None:
    scene.now = replace(PICTURE, running=3)
    until(lambda: view.state["phase"] == "steady")


def test_pause_and_watch_again(view: ScalingView, scene: Scene) -> None:
    view._handle_custom_msg({"watch": False}, [])
    until(lambda: not threads())
    scene.now = replace(PICTURE, running=3)
    view._handle_custom_msg({"watch": True}, [])
    until(lambda: view.state["phase"] == "steady")


def test_no_answer_is_shown_and_what_was_seen_stays(view: ScalingView, scene: Scene) -> None:
    scene.now = ConnectionError("Could not connect")
    until(lambda: view.state["status"] == "UNREACHABLE")
    assert "Could not connect" in view.state["problem"]
    assert view.state["metrics"]


def test_it_ends_when_the_service_has_gone_and_when_it_is_closed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "GIVE_UP_AFTER", 0.05)
    view = ScalingView(scene)
    newer = ScalingView(scene)
    until(lambda: not view.watching and len(threads()) == 1)
    scene.now = Scaled("shop", "DemoCluster", "MISSING")
    until(lambda: not newer.watching and not threads())
    view.close()
    newer.close()


def test_a_still_copy_is_one_svg_and_says_the_same_in_words(view: ScalingView) -> None:
    still = view.snapshot()
    bundle, root = still._repr_mimebundle_(), ET.fromstring(still.svg())
    assert root.findtext("{http://www.w3.org/2000/svg}title") == "How shop scales"
    for words in (
        "1 of 3 tasks running",
        "target 40",
        "AlarmHigh: > 40 for 3 min (cpu): ALARM",
        "Setting desired count",
    ):
        assert words in bundle["text/plain"]
    drawn = "".join(root.itertext())
    assert "▲3" in drawn
    assert "target 40" in drawn


def test_a_step_at_the_right_edge_has_its_label_before_it() -> None:
    for since, anchor in ((0.0, "end"), (30.0, "start")):
        now = replace(PICTURE, counts=(Count(950.0, 1, 1), Count(PICTURE.at - since, 3, 1)))
        labels = [one for one in ET.fromstring(chart(now, 60)).iter() if one.text == "▲3"]
        assert [one.get("text-anchor") for one in labels] == [anchor]


def test_a_service_that_does_not_scale_says_so() -> None:
    plain = Scaled("shop", "c", "ACTIVE", 10.0, 1.0, 1, 1, counts=(Count(5.0, 1, 1),))
    assert "does not scale by itself" in in_words(plain)
    ET.fromstring(chart(plain, 45.0))


def test_names_from_the_account_cannot_break_the_picture() -> None:
    odd = replace(PICTURE, service="<script>&", metrics=(replace(CPU, name="<b>"),))
    assert "<script>" not in chart(odd, 45.0)
    assert "<script>&" in "".join(ET.fromstring(chart(odd, 45.0)).itertext())


numbers = st.floats(0, 1e6)
moments = st.lists(st.tuples(st.floats(0, 1e4), numbers), max_size=30)


@given(
    moments,
    numbers,
    st.lists(st.tuples(st.floats(0, 1e4), st.integers(0, 90), st.integers(0, 90)), min_size=1, max_size=20),
)
def test_all_of_it_lies_on_the_paper(
    points: list[tuple[float, float]], aim: float, counts: list[tuple[float, int, int]]
) -> None:
    metric = replace(CPU, aim=aim, points=tuple(sorted(points)))
    seen = tuple(Count(*one) for one in sorted(counts))
    picture = replace(PICTURE, at=max(1e4, seen[-1].at), metrics=(metric,), counts=seen, most=50)
    drawn = ET.fromstring(chart(picture, 45.0))
    _, _, width, height = (float(one) for one in drawn.attrib["viewBox"].split())
    for text in drawn.iter("{http://www.w3.org/2000/svg}text"):
        assert 0 <= float(text.attrib["x"]) <= width
        assert 0 <= float(text.attrib["y"]) <= height
