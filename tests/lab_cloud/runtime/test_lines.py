from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.runtime.lines import LONGEST, Lines


def test_lines_are_whole() -> None:
    lines = Lines()
    assert lines.feed(b"one\ntw") == ["one"]
    assert lines.feed(b"o\r\n\nthree") == ["two", ""]
    assert lines.end() == ["three"]
    assert lines.end() == []


def test_what_is_not_utf8_is_replaced() -> None:
    assert Lines().feed(b"\xff ok\n") == ["\ufffd ok"]


def test_a_very_long_line_is_split() -> None:
    lines = Lines()
    got = lines.feed(b"x" * (LONGEST * 2 + 5)) + lines.feed(b"\nnext\n")
    assert [len(line) for line in got] == [LONGEST, LONGEST, 5, 4]


def test_a_split_does_not_cut_a_character() -> None:
    lines = Lines(longest=10)
    assert "".join(lines.feed("ăâđêô".encode() * 5) + lines.end()) == "ăâđêô" * 5


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_however_bytes_come_the_lines_are_the_same(parts: list[bytes]) -> None:
    lines, whole = Lines(), b"".join(parts)
    got = [line for part in parts for line in lines.feed(part)] + lines.end()
    wanted = [line.removesuffix(b"\r").decode("utf-8", "replace") for line in whole.split(b"\n")]
    assert got == (wanted if wanted[-1] or (not whole.endswith(b"\n") and whole) else wanted[:-1])
