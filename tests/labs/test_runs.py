"""Every lab, really run: as shipped, again with every exercise solved, and any lab first.

A lab that has a test in the browser has already run there as shipped; then this one belongs to the matrix.
"""

from pathlib import Path

import pytest

from lab_helpers import exercises
from tests.lab_cloud.runtime.kinds import need
from tests.labs.running import checked, nbval, outcomes, run, solved
from tools.notebooks import ROOT, fresh_cloud, read

NOTEBOOKS = sorted((ROOT / "labs").glob("*.ipynb"))
OF_IMAGES = [path for path in NOTEBOOKS if path.name[:2] in ("01", "08")]
"""The labs that build images, which are another thing where an engine runs them."""

pytestmark = pytest.mark.labs
IN_BROWSER = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "browser").glob("test_lab_*.py"))


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.matrix if path.name in IN_BROWSER else ()) for path in NOTEBOOKS],
    ids=[path.stem for path in NOTEBOOKS],
)
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


@pytest.mark.parametrize("path", OF_IMAGES, ids=lambda path: f"docker-{path.stem}")
def test_solved_on_the_docker_runtime(path: Path) -> None:
    need("docker")
    with fresh_cloud() as environment:
        done = run(solved(path), {**environment, "LAB_RUNTIME": "docker", "LAB_DOCKER_PULL": "off"})
    assert checked(done) == checked(read(path))
    said = dict(outcomes(done))
    assert list(said) == list(exercises.of_lab(int(path.name[:2])))
    assert [one for one, words in said.items() if "Done." not in words] == [], said
