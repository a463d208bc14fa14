"""The picture of images: its state, its widget, its still copy."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest

from lab_helpers import Lab
from lab_helpers.errors import ImageProblem
from lab_helpers.image_facts import Image, Layer
from lab_helpers.views.layers import LayersView
from lab_helpers.views.layers_state import Picture, in_words, picture
from tests.waiting import until


def layer(letter: str, size: int = 1000, *others: str) -> Layer:
    return Layer("sha256:" + letter * 64, size, f"COPY {letter} /", others)


def image(name: str, *layers: Layer) -> Image:
    full = f"docker.io/library/{name}"
    return Image(full, "sha256:" + "f" * 64, "sha256:" + "e" * 64, sum(each.size for each in layers), True, layers)


ONE = image("web:1", layer("a", 4000), layer("b"))
TWO = image("web:2", layer("a", 4000), layer("c", 10))


def marks(seen: Picture) -> list[list[str]]:
    return [[each.mark for each in stack.layers] for stack in seen.images]


def test_a_shared_layer_has_one_mark_and_the_others_none() -> None:
    seen = picture([ONE, TWO], ["web:1", "web:2"])
    assert marks(seen) == [["", "◆ A"], ["", "◆ A"]]
    assert [each.colour for each in seen.images[0].layers] == [0, 1]
    assert seen.images[0].layers[1].share == 1
    assert seen.summary == "2 images with 4 layers, 3 of them different: sharing saves 4 kB."
    assert in_words(seen).splitlines()[1] == "web:1: 2 layers, 5 kB, the newest on top"


def test_one_image_shares_with_nobody_that_is_shown() -> None:
    seen = picture([ONE, TWO], ["docker.io/library/web:1"])
    assert marks(seen) == [["", ""]]
    assert seen.summary == "1 image with 2 layers, no two the same."


def test_an_image_that_is_not_here() -> None:
    seen = picture([ONE], ["web", "127.0.0.1:4566/web:1", "mine/web:1"])
    assert [stack.missing for stack in seen.images] == [True, True, True]
    assert "web: not here" in in_words(seen)


def test_many_shared_layers_keep_their_letters() -> None:
    layers = [layer(letter) for letter in "0123456789abcdef"]
    first = marks(picture([image("a:1", *layers), image("b:1", *layers)], ["a:1", "b:1"]))[0]
    assert len(set(first)) == len(first)


class Shelf:
    """Stands where the cloud's list of images stands."""

    def __init__(self) -> None:
        self.images: list[Image] | Exception = [ONE]
        self.looks = 0

    def read(self) -> list[Image]:
        self.looks += 1
        if isinstance(self.images, Exception):
            raise self.images
        return self.images


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def view(shelf: Shelf) -> Iterator[LayersView]:
    view = LayersView(shelf.read, ["web:1", "web:2"], every=0.01)
    yield view
    view.close()


def test_it_follows_a_build(view: LayersView, shelf: Shelf) -> None:
    assert [stack["missing"] for stack in view.state["images"]] == [False, True]
    shelf.images = [ONE, TWO]
    until(lambda: not view.state["images"][1]["missing"])
    assert "sharing saves" in view.text()
    view._handle_custom_msg({"watch": False}, [])
    assert not view.watching
    view._handle_custom_msg({"watch": True}, [])
    assert view.watching


def test_what_fails_is_shown_until_there_is_an_answer_again(view: LayersView, shelf: Shelf) -> None:
    shelf.images = OSError("it is gone")
    until(lambda: view.state["problem"] == "The cloud does not answer: it is gone")
    assert view.state["images"][0]["name"] == "web:1"  # what was seen last stays
    assert "it is gone" in view.text()
    shelf.images = [TWO]
    until(lambda: not view.state["problem"])
    assert view.watching


def test_a_newer_view_of_the_same_images_takes_over(view: LayersView, shelf: Shelf) -> None:
    newer = LayersView(shelf.read, ["web:1", "web:2"])
    assert (view.watching, newer.watching) == (False, True)
    newer.close()


def test_it_ends_by_itself(shelf: Shelf) -> None:
    view = LayersView(shelf.read, ["web:1"], every=0.01, minutes=0)
    until(lambda: not view.watching)
    data, _ = view._repr_mimebundle_()
    assert data["text/plain"] == view.text()
    assert "data-still" in data["text/html"]


def test_the_still_copy_is_one_sound_picture(view: LayersView, shelf: Shelf) -> None:
    shelf.images = [ONE, image("web:2", Layer("sha256:" + "d" * 64, 5, "COPY <x> & /", ()))]
    svg = view.snapshot().svg()
    root = ET.fromstring(svg)
    words = "".join(root.itertext())
    assert "COPY <x> & /" in words
    assert "web:2" in words
    assert "<script" not in svg


@pytest.mark.usefixtures("cloud")
def test_the_images_of_a_cloud() -> None:
    lab = Lab(1)
    with pytest.raises(ImageProblem, match="Which images"):
        lab.images.view()
    lab.images.pull("containers-on-aws/web:1")
    view = lab.images.view("containers-on-aws/web:1")
    assert "COPY data/images/course-web/root /" in view.text()
    view.close()
