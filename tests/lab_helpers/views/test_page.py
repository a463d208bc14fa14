from pathlib import Path

import pytest

from lab_helpers.views import page

SCRIPTS = sorted(path.stem for path in page.HERE.glob("*.js") if path.stem != "common")

SENT = sorted([*page.HERE.glob("*.js"), *page.HERE.glob("*.css")])


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_comes_with_what_all_share(name: str) -> None:
    text = page.script(name)
    assert text.startswith((page.HERE / "common.js").read_text(encoding="utf-8"))
    assert text.endswith((page.HERE / f"{name}.js").read_text(encoding="utf-8"))
    assert "export default { render };" in text


@pytest.mark.parametrize(
    "path", sorted([*page.HERE.glob("*.js"), *page.HERE.glob("*.css")]), ids=lambda path: path.name
)
def test_none_asks_for_anything_from_the_network(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not any(thing in text for thing in ("http:", "https:", "@import", "import ", "url("))


def test_a_still_stands_beside_the_widget_and_in_place_of_its_words() -> None:
    still = {"text/plain": "words", "text/html": "<p>"}
    own = {"a": "1", "text/plain": "own"}, {"b": "2"}
    assert page.with_still(own, "words", "<p>") == ({"a": "1", **still}, {"b": "2"})
    assert page.with_still({"a": "1"}, "words", "<p>") == ({"a": "1", **still}, {})
    assert page.with_still(None, "words", "<p>") == (still, {})
