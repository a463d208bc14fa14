import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.runtime.build.ignore import Ignore, glob


@pytest.mark.parametrize(
    ("rules", "path", "hidden"),
    [
        ("*.log", "a.log", True),
        ("*.log", "sub/a.log", False),
        ("**/*.log", "a.log", True),
        ("**/*.log", "x/y/a.log", True),
        ("node", "node/x", True),
        ("/node", "node", True),
        ("node/", "node", True),
        ("a/**", "a/b/c", True),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/x/y/c", True),
        ("*\n!keep.txt", "keep.txt", False),
        ("*\n!keep.txt", "other", True),
        ("a\n!a/b\na/b/c", "a/b/x", False),
        ("a\n!a/b\na/b/c", "a/b/c", True),
        ("# a comment\n\na?c", "abc", True),
        ("a[b-d]e", "ace", True),
        ("a[^b-d]e", "ace", False),
        ("./a/../b", "b", True),
        ("\\#x", "#x", True),
        (".", "a", False),
    ],
)
def test_rules(rules: str, path: str, hidden: bool) -> None:
    assert (Ignore(rules).hides(path) is not None) is hidden


def test_the_rule_is_named() -> None:
    rule = Ignore("a\n*.txt\n").hides("x.txt")
    assert rule is not None
    assert (rule.line, rule.text) == (2, "*.txt")


def test_a_pattern_without_end_names_its_line() -> None:
    with pytest.raises(ValueError, match="line 2"):
        Ignore("a\n[b\n")


@given(st.text("abc*?", max_size=6).filter(lambda text: "**" not in text), st.text("abc", max_size=6))
def test_without_folders_it_is_as_the_standard_library_has_it(pattern: str, name: str) -> None:
    assert bool(glob(pattern).fullmatch(name)) == fnmatch.fnmatchcase(name, pattern)
