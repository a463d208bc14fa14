import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from lab_helpers.load.report import Latency, Slice
from lab_helpers.views.load_chart import chart


def part(number: int, answered: int = 5, failed: int = 0, rps: float = 20.0, p99: float = 0.01) -> Slice:
    latency = Latency(p99 / 2, p99, p99, p99)
    return Slice(number * 0.25, 0.25, rps, answered + failed, answered, failed, latency)


def test_nothing_to_draw() -> None:
    assert chart((), 10.0, 60.0) == ""


def test_it_says_in_words_what_it_shows() -> None:
    drawn = ET.fromstring(chart([part(0), part(1, failed=2)], 10.0, 60.0))
    words = "".join(drawn.itertext())
    assert "Up to 20 answers and 8 failures a second; p99 up to" in words
    assert "failed below the line" in words
    assert "10 min of AWS" in words
    assert drawn.get("role") == "img"


def test_without_failures_there_is_no_room_for_them() -> None:
    assert "below the line" not in chart([part(0)], 1.0, 1.0)


numbers = st.integers(min_value=0, max_value=5000)


@given(
    st.lists(st.tuples(numbers, numbers, st.floats(0.1, 5000), st.floats(0, 60)), min_size=1, max_size=50),
    st.floats(0.01, 1440),
)
def test_all_of_it_lies_on_the_paper(slices: list[tuple[int, int, float, float]], planned: float) -> None:
    made = [part(number, *one) for number, one in enumerate(slices)]
    drawn = ET.fromstring(chart(made, planned, 60.0))
    _, _, width, height = (float(one) for one in drawn.attrib["viewBox"].split())
    for path in drawn.iter("{http://www.w3.org/2000/svg}path"):
        for word in path.attrib["d"].replace("Z", "").replace("M", " H").replace("V", " V").replace("H", " H").split():
            limit = height if word[0] == "V" else width
            found = float(word.lstrip("HV"))
            assert -0.1 <= found <= limit + 0.1
