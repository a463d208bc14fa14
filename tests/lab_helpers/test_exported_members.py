import lab_helpers


def test_the_public_names_are_few_and_sorted() -> None:
    assert lab_helpers.__all__ == ["Lab", "LabError", "expect_error"]
    assert lab_helpers.__all__ == sorted(lab_helpers.__all__)


def test_every_public_name_is_there_and_says_what_it_is() -> None:
    for name in lab_helpers.__all__:
        assert getattr(lab_helpers, name).__doc__


LAB = "check client glossary hint images interrupt load now progress quiz session solution start teardown url view wait"


def test_what_a_lab_can_do() -> None:
    assert sorted(name for name in vars(lab_helpers.Lab) if not name.startswith("_")) == LAB.split()
