"""A cloud of its own for the tests of one file."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab_helpers import Lab
from tests.waiting import until
from tools.notebooks import fresh_cloud


@contextmanager
def begun(number: int) -> Iterator[Lab]:
    """A lab that has begun on a fresh cloud."""
    with fresh_cloud() as environment, pytest.MonkeyPatch.context() as patch:
        for name in ("LAB_HOME", "LAB_PROGRESS"):
            patch.setenv(name, environment[name])
        patch.delenv("LAB_BACKEND", raising=False)
        lab = Lab(number)
        lab.start()
        yield lab


def solve(lab: Lab, exercise: str) -> None:
    """Run the solution of an exercise as a learner would."""
    exec(compile(lab.solution(exercise).code, exercise, "exec"), {"lab": lab})


def said(lab: Lab, exercise: str) -> tuple[str, str]:
    """What kind of outcome a check has, and its words."""
    outcome = lab.check(exercise)
    return outcome.kind, str(outcome)


def wait_done(lab: Lab, exercise: str) -> None:
    """The check says done, at once or after the state has settled."""
    until(lambda: lab.check(exercise).kind == "done", seconds=20, every=0.2)
