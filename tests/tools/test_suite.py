"""A test that fails only beside others costs nothing and is told; any other failure is red."""

from pathlib import Path

import pytest

from tools import suite

LOADED = """
import os

def test_needs_a_calm_machine():
    assert "PYTEST_XDIST_WORKER" not in os.environ, "too busy"

def test_is_right():
    pass
"""
# Without workers, a first run stands for the busy one.
ONCE = """
import pathlib

def fails_once(name):
    if not (seen := pathlib.Path(name)).exists():
        seen.touch()
        raise AssertionError(f"{name} was late")
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", str(suite.ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # the plugins of the course take seconds to load
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def run(project: Path, code: str, *arguments: str) -> int:
    (project / "test_it.py").write_text(code)
    return suite.run(project, "test", [["-q", *arguments]])


def report(project: Path) -> str:
    return (project / "artifacts" / "passed-alone-test.txt").read_text()


def test_what_passes_alone_is_green_and_told(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(project, LOADED, "-p", "xdist", "-n", "2") == 0
    said = capfd.readouterr().out
    assert "Once more, with nothing beside: test_it.py::test_needs_a_calm_machine\n" in said
    told = said.partition("GREEN, BUT: these tests failed under load, and passed when they ran alone.")[2]
    assert "test_it.py::test_needs_a_calm_machine\n" in told
    assert "AssertionError: too busy" in told
    assert "AssertionError: too busy" in report(project)
    assert "test_is_right" not in report(project)


def test_three_may_fail_at_first_but_not_four(project: Path) -> None:
    many = "".join(f"\ndef test_{n}(): fails_once('{n}')\n" for n in "abc")
    assert run(project, ONCE + many) == 0
    assert [f"{n} was late" in report(project) for n in "abc"] == [True] * 3
    for each in "abc":
        (project / each).unlink()
    assert run(project, ONCE + many + "\ndef test_d(): fails_once('d')\n") == 1
    assert not (project / "artifacts" / "passed-alone-test.txt").exists()


def test_what_fails_again_is_red(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(project, ONCE + "\ndef test_a(): fails_once('a')\n\ndef test_b(): assert not 'wrong'\n") == 1
    assert "GREEN" not in capfd.readouterr().out
    assert not (project / "artifacts" / "passed-alone-test.txt").exists()


def test_a_fixture_that_fails_counts_as_its_test(project: Path) -> None:
    fixture = "\nimport pytest\n\n@pytest.fixture(params=['a::b'])\ndef thing(request): fails_once('made')\n"
    assert run(project, ONCE + fixture + "\ndef test_a(thing): pass\n") == 0
    assert "made was late" in report(project)


def test_what_a_file_cannot_set_up_counts_once(project: Path) -> None:
    fixture = "\nimport pytest\n\n@pytest.fixture(scope='module')\ndef place(): fails_once('cloud')\n"
    many = "".join(f"\ndef test_{n}(place): pass\n" for n in "abcde")
    assert run(project, ONCE + fixture + many) == 0
    assert report(project).count("cloud was late") == 5


@pytest.mark.parametrize(("code", "wanted"), [("def test_(:", 2), ("", 5)])
def test_a_run_that_is_no_result_is_red(project: Path, code: str, wanted: int) -> None:
    assert run(project, code) == wanted


def test_an_old_report_does_not_stay(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(project, ONCE + "\ndef test_a(): fails_once('a')\n") == 0
    assert run(project, "def test_a(): pass\n") == 0
    assert capfd.readouterr().out.count("GREEN, BUT") == 1
    assert not (project / "artifacts" / "passed-alone-test.txt").exists()


def test_a_later_part_keeps_what_an_earlier_one_told(project: Path) -> None:
    (project / "test_it.py").write_text(ONCE + "\ndef test_a(): fails_once('a')\n\ndef test_b(): fails_once('b')\n")
    assert suite.run(project, "test", [["-k", "test_a"], ["-k", "test_b"]]) == 0
    assert "a was late" in report(project)
    assert "b was late" in report(project)
