"""`course.py`, which sets everything up: what it copies, what it keeps, what it installs."""

import shutil
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest

import course


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of one lab, with no workspace yet."""
    for name, path in [("LABS", "labs"), ("WORKSPACE", "workspace"), ("COPIED", "workspace/.copied.json")]:
        monkeypatch.setattr(course, name, tmp_path / path)
    monkeypatch.setattr(course, "ROOT", tmp_path)
    (tmp_path / "labs" / ".ipynb_checkpoints").mkdir(parents=True)
    (tmp_path / "labs" / ".ipynb_checkpoints" / "00-a.ipynb").write_text("no")
    (tmp_path / "labs" / "00-a.ipynb").write_text("first")
    (tmp_path / "labs" / "01-web").mkdir()
    (tmp_path / "labs" / "01-web" / "Dockerfile").write_text("of a lab that was run where it came")
    return tmp_path


def mine(folder: Path) -> str:
    return (folder / "workspace" / "00-a.ipynb").read_text()


def test_labs_are_copied_once(folder: Path) -> None:
    assert course.fill_workspace() == []
    assert mine(folder) == "first"
    assert sorted(path.name for path in (folder / "workspace").iterdir()) == [".copied.json", "00-a.ipynb"]


def test_what_the_learner_changed_is_never_overwritten(folder: Path) -> None:
    course.fill_workspace()
    (folder / "workspace" / "00-a.ipynb").write_text("mine")
    assert course.fill_workspace() == []
    (folder / "labs" / "00-a.ipynb").write_text("second")
    for _ in range(2):
        assert course.fill_workspace() == ["00-a.ipynb"]
        assert mine(folder) == "mine"


def test_an_untouched_copy_follows_its_lab(folder: Path) -> None:
    course.fill_workspace()
    (folder / "labs" / "00-a.ipynb").write_text("second")
    assert course.fill_workspace() == []
    assert mine(folder) == "second"


def test_a_lab_that_the_learner_removed_or_renamed_comes_back(folder: Path) -> None:
    course.fill_workspace()
    (folder / "workspace" / "00-a.ipynb").rename(folder / "workspace" / "old.ipynb")
    assert course.fill_workspace() == []
    assert mine(folder) == "first"
    assert (folder / "workspace" / "old.ipynb").exists()


def test_a_copy_from_elsewhere_is_the_learners(folder: Path) -> None:
    (folder / "workspace").mkdir()
    (folder / "workspace" / "00-a.ipynb").write_text("from elsewhere")
    assert course.fill_workspace() == ["00-a.ipynb"]
    assert mine(folder) == "from elsewhere"


def test_the_bytecode_of_the_course_is_there_before_its_first_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # as in a classroom, where no learner writes it
    source = folder / "lab_cloud" / "deep" / "one.py"
    source.parent.mkdir(parents=True)
    source.write_text("ONE = 1\n")
    course.precompile()
    assert Path(cache_from_source(str(source))).is_file()


def test_python_is_the_courses_own_in_jupyterlab() -> None:
    found = shutil.which("python", path=course.surroundings()["PATH"])
    assert found is not None
    assert Path(found).parent == course.PYTHON.parent


def test_uv_is_installed_as_the_lock_says() -> None:
    lines = course.locked("uv").splitlines()
    assert lines[0].startswith("uv==")
    assert len(lines) > 5
    assert all("--hash=sha256:" in line for line in lines[1:])
    assert not lines[-1].endswith("\\")
    with pytest.raises(course.CourseError, match="does not name nothing"):
        course.locked("nothing")


def test_an_old_python_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    with pytest.raises(course.CourseError, match=r"needs Python 3\.11"):
        course.main(["setup"])


@pytest.mark.parametrize(("argv", "code"), [([], 0), (["help"], 0), (["nonsense"], 2)])
def test_it_says_what_it_can_do(argv: list[str], code: int) -> None:
    command = [sys.executable, str(Path(course.__file__)), *argv]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code
    for name in ("lab", "setup", "test", "test-fast", "test-matrix", "lint", "bench", "lock", "link", "clean"):
        assert f"\n{name} " in done.stdout


def test_the_makefile_knows_the_same_commands() -> None:
    text = (Path(course.__file__).parent / "Makefile").read_text(encoding="utf-8")
    assert "lab setup test test-fast test-matrix lint bench lock clean help:" in text
