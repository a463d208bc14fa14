"""Which files are still held open."""

from pathlib import Path

from lab_cloud.system.opened import still_open


def test_a_file_is_held_until_it_is_closed(tmp_path: Path) -> None:
    held, left = tmp_path / "held", tmp_path / "left"
    left.touch()
    with held.open("w"):
        assert still_open([held, left, tmp_path / "nothing"]) == {held}
    assert still_open([held, left]) == set()
