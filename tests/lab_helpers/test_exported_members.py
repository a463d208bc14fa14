import lab_helpers


def test_the_public_names_are_few_and_sorted() -> None:
    assert lab_helpers.__all__ == ["Lab", "LabError", "expect_error"]
    assert lab_helpers.__all__ == sorted(lab_helpers.__all__)


def test_every_public_name_is_there_and_says_what_it_is() -> None:
    for name in lab_helpers.__all__:
        assert getattr(lab_helpers, name).__doc__


LAB = "chart check client containers costs exec glossary guide hint images interrupt kubectl kubernetes load nodes now"
LAB += " path progress quiz read_system session solution start system teardown url view wait"


def test_what_a_lab_can_do() -> None:
    names = {name for part in lab_helpers.Lab.__mro__[:-1] for name in vars(part) if not name.startswith("_")}
    assert sorted(names) == LAB.split()
