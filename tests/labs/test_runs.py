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
    shipped, said = dict(outcomes(read(path))), dict(outcomes(second))
    assert list(shipped) == list(said) == list(wanted)
    assert [one for one, words in shipped.items() if "Not attempted." not in words] == [], shipped
    assert [one for one, words in said.items() if "Done." not in words] == [], said
