from pathlib import Path

import pytest

from lab_cloud.errors import RuntimeUnavailable
from lab_cloud.runtime.choice import ABOUT, NAMES, choose


def test_a_plain_process_when_nothing_is_said(tmp_path: Path) -> None:
    made = choose("", tmp_path, 1)
    assert made.name == "process"
    made.close()


def test_a_name_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailable, match="no runtime 'lxc'") as caught:
        choose("lxc", tmp_path, 1)
    assert caught.value.remedy.endswith("process, sandbox, docker.")


def test_each_says_what_it_promises() -> None:
    assert set(ABOUT) == set(NAMES)
    assert "not isolated" in ABOUT["process"]
