from pathlib import Path

import pytest

from lab_helpers.errors import LabError
from lab_helpers.store import Store


def test_nothing_written_reads_as_nothing(tmp_path: Path) -> None:
    assert Store(tmp_path / "no" / "file.json").read() == {}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    store = Store(tmp_path / "new" / "file.json")
    store.write({"a": 1})
    assert store.read() == {"a": 1}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file.json"]


@pytest.mark.parametrize("broken", ["{", "[]", "", "\x00\xff"])
def test_a_broken_file_is_set_aside_not_lost(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "file.json"
    for number in (1, 2):
        path.write_text(broken, encoding="utf-8")
        assert Store(path).read() == {}
        assert (tmp_path / f"file.broken-{number}.json").read_text(encoding="utf-8") == broken
        assert not path.exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(LabError, match="cannot be written") as caught:
        Store(tmp_path / "taken" / "file.json").write({})
    assert "LAB_HOME" in caught.value.remedy
