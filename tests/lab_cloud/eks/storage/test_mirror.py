"""What is done about files that change in a folder which is kept in step with a bucket."""

import pytest

from lab_cloud.eks.storage.bucket import fits
from lab_cloud.eks.storage.mirror import Options, Stamp, decide

OLD, NEWER, OTHER = (1, 10, 5), (2, 20, 5), (1, 30, 5)


@pytest.mark.parametrize(
    ("known", "seen", "options", "whats"),
    [
        ({"a": OLD}, {"a": OLD}, Options(), []),
        ({}, {"a": OLD}, Options(), ["put a"]),
        ({}, {"a": OLD}, Options(read_only=True), ["remove a"]),
        ({"a": OLD}, {"a": NEWER}, Options(), ["restore a"]),
        ({"a": OLD}, {"a": NEWER}, Options(allow_overwrite=True), ["put a"]),
        ({"a": OLD}, {"a": NEWER}, Options(read_only=True, allow_overwrite=True), ["restore a"]),
        ({"a": OLD}, {}, Options(), ["restore a"]),
        ({"a": OLD}, {}, Options(allow_delete=True), ["delete a"]),
        ({"a": OLD}, {}, Options(read_only=True, allow_delete=True), ["restore a"]),
        ({"a": OLD}, {"b": OLD}, Options(allow_delete=True, allow_overwrite=True), ["rename a"]),
        # a new file may get the inode of one that has just gone
        ({"a": OLD}, {"b": OTHER}, Options(allow_delete=True), ["delete a", "put b"]),
    ],
)
def test_what_is_done(known: dict[str, Stamp], seen: dict[str, Stamp], options: Options, whats: list[str]) -> None:
    assert [f"{each.what} {each.path}" for each in decide(known, seen, options)] == whats


@pytest.mark.parametrize("path", ["", "a//b", "../a", "a/./b", "/a", "a/", "a\0b", "x" * 256])
def test_a_key_that_is_no_path_is_left_out(path: str) -> None:
    assert not fits(path)
    assert fits("a/b c/ü.txt")
