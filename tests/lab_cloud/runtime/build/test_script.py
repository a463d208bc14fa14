import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.runtime.build.script import Command, NotAShell, commands
from lab_cloud.runtime.build.variables import BadWord

KNOWN = {"X": "a b", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("python x.py", [Command(("python", "x.py"))]),
        ("a && b ; c", [Command(("a",)), Command(("b",), after_success=True), Command(("c",))]),
        ("a\nb\n\n# c && d\n e", [Command(("a",)), Command(("b",)), Command(("e",))]),
        ("a 'b && c' \"d;e\"", [Command(("a", "b && c", "d;e"))]),
        ("a $X '$X' \"$X\"", [Command(("a", "a b", "$X", "a b"))]),
        ("a $EMPTY \"\" '$EMPTY'", [Command(("a", "", "$EMPTY"))]),
        ("A=1 B='2 3' a", [Command(("a",), (("A", "1"), ("B", "2 3")))]),
        ("a \\\n b", [Command(("a", "b"))]),
        ("a#b", [Command(("a#b",))]),
    ],
)
def test_commands(text: str, wanted: list[Command]) -> None:
    assert commands(text, KNOWN) == wanted


@pytest.mark.parametrize(
    "text", ["a | b", "a > b", "a < b", "a & b", "(a)", "`a`", "a $(b)", "a || b", "&& a", "a &&", "'a"]
)
def test_what_needs_a_shell(text: str) -> None:
    with pytest.raises(NotAShell):
        commands(text, KNOWN)


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    with contextlib.suppress(NotAShell, BadWord):
        commands(text, {})
