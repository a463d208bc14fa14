import importlib
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from lab_helpers import Lab, exercises
from lab_helpers.errors import CloudUnavailable, NotFound
from lab_helpers.exercises import CheckError, Done, Exercise, Outcome

LABS = [number for number in range(13) if exercises.of_lab(number)]


def exercise(check: Any) -> Exercise:
    return Exercise("03a", "Try", check, ("Think.",), "    a = 1\n    b = 2\n")


def raising(error: Exception) -> Exercise:
    def check(lab: Lab) -> Outcome:
        raise error

    return exercise(check)


def test_an_outcome_gets_its_exercise() -> None:
    found = exercises.run_check(exercise(lambda lab: Done("Yes.")), cast("Lab", None))
    assert found == Done("Yes.", exercise="03a")


@pytest.mark.parametrize(
    ("error", "problem", "remedy"),
    [
        (CloudUnavailable("It is off.", "Turn it on."), "It is off.", "Turn it on."),
        (ClientError({"Error": {"Code": "X", "Message": "No."}}, "Op"), "AWS answered X: No.", "lab.start()"),
        (EndpointConnectionError(endpoint_url="u"), "The cloud does not answer", "lab.start()"),
        (KeyError("tasks"), "The check itself failed: KeyError: 'tasks'", "not in your work"),
    ],
)
def test_a_check_never_raises(error: Exception, problem: str, remedy: str) -> None:
    found = exercises.run_check(raising(error), cast("Lab", None))
    assert isinstance(found, CheckError)
    assert problem in found.problem
    assert remedy in found.remedy
    assert found.exercise == "03a"


def test_a_solution_can_be_run() -> None:
    names: dict[str, Any] = {}
    exec(exercise(None).code, names)
    assert (names["a"], names["b"]) == (1, 2)


@pytest.mark.parametrize("written", ["3a", "03A", " 03a"])
def test_an_id_may_be_written_in_a_hurry(written: str) -> None:
    assert exercises.find(written).id == "03a"


@pytest.mark.parametrize("wrong", ["a3", "03", "99a", "03aa", "03z", "", 3])
def test_an_id_that_is_not_there(wrong: Any) -> None:
    with pytest.raises(NotFound) as caught:
        exercises.find(wrong)
    assert caught.value.remedy


@pytest.mark.parametrize("number", LABS)
def test_the_exercises_of_a_lab_are_whole(number: int) -> None:
    module = importlib.import_module(f"lab_helpers.exercises.lab_{number:02d}")
    for key, one in module.EXERCISES.items():
        assert key == one.id == exercises.find(key).id
        assert key.startswith(f"{number:02d}")
        assert len(one.hints) >= 2
        assert one.title
        compile(one.code, key, "exec")
        assert not any(hint in one.code or one.code.strip() in hint for hint in one.hints)
