"""Every lab, really run: the whole course as a learner does it, and what a browser does not run as it is shipped.

A lab that has a test in the browser has already run there as shipped; here that belongs to the matrix.
"""

import sys
from pathlib import Path

import pytest

from lab_helpers import exercises, home
from lab_helpers.quiz import questions
from tests.lab_cloud.runtime.kinds import need
from tests.labs.running import checked, nbval, outcomes, run, solved
from tools import course_walk
from tools.notebooks import ROOT, fresh_cloud, read

NOTEBOOKS = sorted((ROOT / "labs").glob("*.ipynb"))
OF_IMAGES = [path for path in NOTEBOOKS if path.name[:2] in ("01", "08")]
"""The labs that build images, which are another thing where an engine runs them."""

pytestmark = pytest.mark.labs
IN_BROWSER = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "browser").glob("test_lab_*.py"))
AS_SHIPPED = [path for path in NOTEBOOKS if path.name not in IN_BROWSER]


@pytest.mark.matrix
def test_the_whole_course_as_a_learner_does_it() -> None:
    walks = []
    for one in course_walk.walk(home.all_numbers()):
        walks.append(one)
        course_walk.report(walks)  # of a course that does not end, too
        print(course_walk.table([one]), *one.problems, *one.left, sep="\n", file=sys.stderr, flush=True)
    assert [one.lab for one in walks] == home.all_numbers()
    assert [one.lab for one in walks if not one.well] == []
    assert all(one.solved == one.exercises == len(exercises.of_lab(one.lab)) for one in walks)
    assert all(one.right == one.questions == len(questions(one.lab)) for one in walks)


@pytest.mark.parametrize("path", AS_SHIPPED, ids=lambda path: path.stem)
def test_alone_on_a_fresh_cloud_as_shipped(path: Path) -> None:
    with fresh_cloud() as environment:
        first = nbval(path, environment)
    assert first.returncode == 0, first.stdout + first.stderr


@pytest.mark.parametrize("path", OF_IMAGES, ids=lambda path: f"docker-{path.stem}")
def test_solved_on_the_docker_runtime(path: Path) -> None:
    need("docker")
    with fresh_cloud() as environment:
        done = run(solved(path), {**environment, "LAB_RUNTIME": "docker", "LAB_DOCKER_PULL": "off"})
    assert checked(done) == checked(read(path))
    said = dict(outcomes(done))
    assert list(said) == list(exercises.of_lab(int(path.name[:2])))
    assert [one for one, words in said.items() if "Done." not in words] == [], said
