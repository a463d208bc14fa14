"""The list of what the labs may make on a real account is as botocore's models say, and has all that the labs call."""

import pytest

from tools import aws_makes


def test_the_list_is_as_it_should_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert aws_makes.main(["--check"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("ecs,CreateCluster,tags,cluster,it has none", "take the reason away"),
        ("ecr,PutImage,,,", "say why that is no harm"),
        ("ecs,DescribeClusters,,,", "it makes nothing"),
        ("ecs,CreateNothing,,,", "botocore has no such operation"),
        ("ecs,CreateCluster,,,", "say with which kind"),
        ("ecs,CreateCluster,,cluster,", "run python -m tools.aws_makes"),
    ],
)
def test_a_wrong_row_is_told(
    row: str, wrong: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = aws_makes.Path(str(tmp_path)) / "makes.csv"
    file.write_text(f"{','.join(aws_makes.HEAD)}\n{row}\n", encoding="utf-8")
    monkeypatch.setattr(aws_makes, "FILE", file)
    assert aws_makes.main(["--check"]) == 1
    assert wrong in capsys.readouterr().out
