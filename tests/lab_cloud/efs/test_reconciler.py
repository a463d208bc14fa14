"""When states end, and what a folder weighs."""

from pathlib import Path

import pytest

from lab_cloud.efs.file_system import EMPTY_BYTES
from lab_cloud.efs.reconciler import due, size_of


@pytest.mark.parametrize(
    ("state", "now", "ends"),
    [("creating", 9.9, False), ("creating", 10.0, True), ("deleting", 11.0, True), ("available", 99.0, False)],
)
def test_states_that_do_not_last(state: str, now: float, ends: bool) -> None:
    assert due(state, 0.0, now, 10.0) is ends


def test_files_and_folders_count_in_blocks(tmp_path: Path) -> None:
    assert size_of(tmp_path) == EMPTY_BYTES
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "small").write_bytes(b"x")
    (tmp_path / "large").write_bytes(b"x" * 4097)
    assert size_of(tmp_path) == EMPTY_BYTES + 4096 + 4096 + 8192
    assert size_of(tmp_path / "nowhere") == EMPTY_BYTES
