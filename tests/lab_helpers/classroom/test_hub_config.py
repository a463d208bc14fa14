"""The hub's settings, read as JupyterHub reads them: by traitlets, after the teacher's own file."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from tests.lab_helpers.conftest import ROOT

FILE = ROOT / "jupyter" / "hub_config.py"


def read(folder: Path, before: str = "c = get_config()") -> Config:
    """What the hub gets from a file that has some lines of its own before the course's."""
    own = folder / "jupyterhub_config.py"
    own.write_text(f'{before}\nload_subconfig("{FILE.as_posix()}")\n', encoding="utf-8")
    return PyFileConfigLoader(str(own)).load_config()


class Asked:
    """Stands for the question whether a Python has JupyterHub, which not every machine has."""

    def __init__(self) -> None:
        self.pythons: list[str] = []
        self.code = 0

    def __call__(self, argv: list[str], **_: Any) -> SimpleNamespace:
        self.pythons.append(argv[0])
        return SimpleNamespace(returncode=self.code)


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    made = Asked()
    monkeypatch.setattr(subprocess, "run", made)
    return made


def spawned(config: Config) -> dict[str, Any]:
    """The variables that a learner's server gets beside the hub's own."""
    given: dict[str, Any] = config.Spawner.environment
    return given if isinstance(given, dict) else given.get_value({})


@pytest.mark.parametrize("line", ["c.Spawner.environment = {'OWN': '1'}", "c.Spawner.environment.update({'OWN': '1'})"])
def test_the_teachers_own_settings_stay(line: str, tmp_path: Path) -> None:
    config = read(tmp_path, f"c = get_config()\n{line}\nc.Spawner.args = ['--own']")
    given = spawned(config)
    assert (given["OWN"], given["LAB_HOME"], given["LAB_MEMORY_MB"]) == ("1", "~/.lab", "500")
    assert given["LAB_LEARNER"](SimpleNamespace(user=SimpleNamespace(name="an"))) == "an"
    assert config.Spawner.args == ["--own", "--KernelManager.transport=ipc"]


def test_what_containers_may_hold_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_CLASS_CONTAINERS_MB", "300")
    config = read(tmp_path)
    assert spawned(config)["LAB_MEMORY_MB"] == "300"
    assert config.Spawner.mem_limit == "1000M"


def test_a_server_of_a_learners_runs_on_the_courses_python(tmp_path: Path, asked: Asked) -> None:
    python, script = read(tmp_path).Spawner.cmd
    assert Path(script) == ROOT / "jupyter" / "learner_server.py"
    assert asked.pythons == [python]
    assert python == (str(ROOT / ".venv/bin/python") if (ROOT / ".venv/bin/python").exists() else sys.executable)


def test_a_python_without_jupyterhub_is_told_when_the_hub_starts(tmp_path: Path, asked: Asked) -> None:
    asked.code = 1
    with pytest.raises(SystemExit, match=r"-m uv pip install .*--group hub"):
        read(tmp_path)
