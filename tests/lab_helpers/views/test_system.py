"""The picture of a system: every part has its box, arrows go the way of the work, and the words are in it."""

from xml.etree import ElementTree

from lab_helpers.system import Queue, System
from lab_helpers.views.system import WIDTH, SystemPicture, layout
from tests.lab_helpers.test_system import WHOLE


def test_boxes_and_arrows() -> None:
    boxes, arrows = layout(WHOLE)
    ways = {(begin.lines[0], end.lines[0]) for begin, end in arrows}
    assert ways == {
        ("front", "page"),
        ("HTTPS by Express Mode", "office"),
        ("often", "report"),
        ("orders", "hands"),
        ("orders", "dead"),
    }
    assert len({(box.column, box.row) for box in boxes}) == len(boxes), "no box lies on another"
    assert max(box.x for box in boxes) + 250 < WIDTH


def test_the_svg_is_whole_and_says_the_same_in_words() -> None:
    data = SystemPicture(WHOLE)._repr_mimebundle_()
    root = ElementTree.fromstring(SystemPicture(WHOLE).svg())
    assert root.attrib["role"] == "img"
    assert next(node.text for node in root if node.tag.endswith("desc")) == data["text/plain"]
    assert repr(SystemPicture(WHOLE)) == data["text/plain"]


def test_names_are_only_text() -> None:
    picture = SystemPicture(System(queues=(Queue("<b>", "u"),)))
    assert "<b>" not in picture.svg()
    assert "&lt;b&gt;" in picture.svg()


def test_an_empty_system_says_so() -> None:
    assert "Nothing of your system is there yet." in SystemPicture(System()).svg()
