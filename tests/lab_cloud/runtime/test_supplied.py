import os
from pathlib import Path

import pytest

from lab_cloud.runtime import supplied
from lab_cloud.runtime.catalog import INTERPRETER
from lab_cloud.runtime.spec import Image
from lab_cloud.system import LINUX

pytestmark = pytest.mark.skipif(not LINUX, reason="for sandboxes, which only Linux has")


def test_the_label_tells_what_the_base_stands_for() -> None:
    assert supplied.stands_for(Image("x", "d", {"Labels": {INTERPRETER: "python:3"}})) == "python:3"
    assert supplied.stands_for(Image("x", "d", {"Labels": None})) == ""
    assert supplied.stands_for(Image("x", "d", {})) == ""


def test_an_empty_root_gets_a_python_and_a_shell(tmp_path: Path) -> None:
    supplied.lay(tmp_path)
    python = (tmp_path / "usr/local/bin/python3").readlink()
    seen = {there: here for here, there in supplied.mounts()}
    prefix = next(there for there in sorted(seen, key=len, reverse=True) if str(python).startswith(f"{there}/"))
    assert Path(seen[prefix] + str(python).removeprefix(prefix)).samefile(supplied.interpreter())
    assert os.path.lexists(tmp_path / "bin" / "sh")
    assert (tmp_path / "etc/passwd").read_text().startswith("root:")


def test_what_the_image_has_is_kept(tmp_path: Path) -> None:
    for name in ("usr/bin/cat", "usr/lib/mine.txt", "etc/passwd", "bin/sh"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("the image's own")
    supplied.lay(tmp_path)
    for name in ("usr/bin/cat", "usr/lib/mine.txt", "etc/passwd", "bin/sh"):
        assert (tmp_path / name).read_text() == "the image's own"
        assert not (tmp_path / name).is_symlink()
    assert os.path.lexists(tmp_path / "bin" / "echo")
    assert len(list((tmp_path / "usr/lib").iterdir())) > 1
