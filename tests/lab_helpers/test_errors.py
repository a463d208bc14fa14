import inspect

from lab_helpers import errors
from lab_helpers.errors import LabError, NotFound


def test_two_lines_in_place_of_a_traceback() -> None:
    error = NotFound("There is no lab 99.", "The course has 00, 02.")
    assert error._render_traceback_() == ["NotFound: There is no lab 99.", "The course has 00, 02."]
    assert str(error) == "There is no lab 99.\nThe course has 00, 02."


def test_no_remedy_no_second_line() -> None:
    assert LabError("Oh.")._render_traceback_() == ["LabError: Oh."]


def test_the_tree_in_the_docstring_is_whole() -> None:
    kinds = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, LabError)]
    assert [kind.__name__ for kind in kinds if kind.__name__ not in (errors.__doc__ or "")] == []
