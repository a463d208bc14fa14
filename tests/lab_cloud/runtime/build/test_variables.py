import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.runtime.build.variables import BadWord, expand, expand_heredoc, raw_words, words

KNOWN = {"X": "value", "EMPTY": "", "Y_1": "two words"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$X", "value"),
        ("${X}s", "values"),
        ("$Xs", ""),
        ("a$NONE.b", "a.b"),
        ("${NONE:-d}", "d"),
        ("${EMPTY:-d}", "d"),
        ("${EMPTY-d}", ""),
        ("${X:-d}", "value"),
        ("${X:+other}", "other"),
        ("${EMPTY:+other}", ""),
        ("${EMPTY+other}", "other"),
        ("${NONE:+other}", ""),
        ("${NONE:-${X}-$X}", "value-value"),
        ("${X:?must be}", "value"),
        ("\\$X", "$X"),
        ("'$X'", "$X"),
        ('"$X"', "value"),
        ('"a \\"b\\" \\$X"', 'a "b" $X'),
        ("100$", "100$"),
        ("a\\ b", "a b"),
        ("$Y_1", "two words"),
    ],
)
def test_expand(text: str, wanted: str) -> None:
    assert expand(text, KNOWN) == wanted


@pytest.mark.parametrize("text", ["${X", "'open", '"open', "${X:=d}", "${X#v}", "${}", "${NONE:?must be}"])
def test_what_makes_no_sense(text: str) -> None:
    with pytest.raises(BadWord):
        expand(text, KNOWN)


def test_words() -> None:
    assert words("a 'b c' \"d $X\" e\\ f ${NONE:-g h}", KNOWN) == ["a", "b c", "d value", "e f", "g h"]


def test_a_heredoc_keeps_its_quotes() -> None:
    assert expand_heredoc("'$X' \"\\$X\" \\n", KNOWN) == "'value' \"$X\" \\n"


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    try:
        found = raw_words(text)
        assert all(found)
        expand(text, {})
        expand_heredoc(text, {})
    except BadWord:
        pass


@given(st.text(alphabet=st.characters(exclude_characters="'", exclude_categories=["Cs"])))
def test_single_quotes_keep_everything(text: str) -> None:
    assert expand(f"'{text}'", KNOWN) == text
