from pathlib import Path

import pytest

from lab_helpers import Lab
from lab_helpers.errors import NotFound, ReplayFailed
from lab_helpers.inventory import Thing
from lab_helpers.replay import Built, footprint, replay
from tests.lab_helpers.test_home import write

pytestmark = pytest.mark.usefixtures("home")


def test_the_build_cells_run_in_one_namespace_and_in_silence(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(course, 2, [], "print('seen')\nnumber = lab.number", "lab._hints['x'] = number + 1")
    lab = Lab(2)
    replay(lab)
    assert lab._hints == {"x": 3}
    assert capsys.readouterr().out == ""


def test_a_cell_that_fails_is_named(course: Path) -> None:
    write(course, 2, [], "\n# the cluster\n1 / 0")
    with pytest.raises(ReplayFailed) as caught:
        replay(Lab(2))
    assert "ZeroDivisionError: division by zero" in caught.value.message
    assert "(in the cell that begins: # the cluster)" in caught.value.message
    assert "reset" in caught.value.remedy


def test_an_error_of_the_helpers_keeps_its_words(course: Path) -> None:
    write(course, 2, [], "lab.solution('99x')")
    with pytest.raises(ReplayFailed, match="There is no exercise '99x'") as caught:
        replay(Lab(2))
    assert isinstance(caught.value.__cause__, NotFound)


def test_the_footprint_holds_what_can_change_and_no_ids() -> None:
    things = [Thing("service", "web", "arn:1", 3, "2 of web:1"), Thing("cluster", "demo", "arn:2", 2)]
    assert footprint(things) == ["cluster demo", "service web 2 of web:1"]


def test_what_was_built_is_remembered_per_cloud() -> None:
    built = Built("embedded")
    assert built.print_of(2) is None
    built.remember(2, ["cluster demo"])
    built.remember(3, [])
    built.used("iam")
    built.used("ecs")
    built.used("ecs")
    again = Built("embedded")
    assert again.print_of(2) == ["cluster demo"]
    assert again.print_of(3) == []
    assert again.services() == ["ecs", "iam"]
    assert Built("aws").print_of(2) is None
    again.forget([2])
    assert (built.print_of(2), built.print_of(3)) == (None, [])


def test_another_cloud_has_nothing_of_the_one_before() -> None:
    built = Built("embedded")
    assert built.begin("1")
    built.remember(2, ["cluster demo"])
    built.used("ecs")
    assert not built.begin("1")
    assert not built.begin("")
    assert built.print_of(2) == ["cluster demo"]
    assert built.begin("2")
    assert (built.print_of(2), built.services()) == (None, [])
