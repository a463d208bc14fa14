"""Every lab, really run: as shipped, again with every exercise solved, and any lab first."""

from pathlib import Path

import pytest

from lab_helpers import exercises
from tests.labs.running import checked, nbval, outcomes, run, solved
from tools.notebooks import ROOT, fresh_cloud, read

NOTEBOOKS = sorted((ROOT / "labs").glob("*.ipynb"))

pytestmark = pytest.mark.labs


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_alone_on_a_fresh_cloud_as_shipped_then_again_solved(path: Path) -> None:
    wanted = exercises.of_lab(int(path.name[:2]))
    with fresh_cloud() as environment:
        first = nbval(path, environment)
        assert first.returncode == 0, first.stdout + first.stderr
        # The second run meets what the first one left, as a learner does who comes back.
        second = run(solved(path), environment)
    assert checked(second) == checked(read(path))
    said = dict(outcomes(second))
    assert list(said) == list(wanted)
    assert [one for one, words in said.items() if "Done." not in words] == [], said


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_as_shipped_no_exercise_counts_as_attempted(path: Path) -> None:
    if not exercises.of_lab(int(path.name[:2])):
        pytest.skip("this lab has no exercises yet")
    with fresh_cloud() as environment:
        said = dict(outcomes(run(read(path), environment)))
    assert [one for one, words in said.items() if "Not attempted." not in words] == [], said
