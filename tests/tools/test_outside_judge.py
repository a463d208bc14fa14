from pathlib import Path

from tools import outside_judge as judge


def test_reasons_stay_with_differences_only(tmp_path: Path) -> None:
    table = tmp_path / "tables" / "moto_x.csv"
    judge.write(table, {"a": ("differs", "AWS refuses it, too"), "b": ("differs", "was wrong"), "gone": ("passed", "")})
    rows = judge.merge({"c": "differs", "b": "passed", "a": "differs"}, judge.read(table))
    assert list(rows.items()) == [
        ("a", ("differs", "AWS refuses it, too")),
        ("b", ("passed", "")),
        ("c", ("differs", "")),
    ]


def test_every_difference_in_the_tables_has_a_reason() -> None:
    for table in judge.TABLES.glob("*.csv"):
        rows = judge.read(table)
        assert rows
        assert [test for test, (result, reason) in rows.items() if (result == "differs") != bool(reason)] == []


def test_a_folder_without_the_suite_is_refused(tmp_path: Path) -> None:
    assert judge.main(["elbv2", str(tmp_path)]) == 2
