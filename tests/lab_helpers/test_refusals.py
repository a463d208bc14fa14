import pytest
from botocore.exceptions import ClientError

from lab_helpers import expect_error
from lab_helpers.errors import NotRefused


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "No."}}, "Operation")


def test_the_refusal_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with expect_error("A", "B"):
        raise refusal("B")
    assert capsys.readouterr().out == "AWS refused: B: No.\n"


def test_a_call_that_succeeds_fails() -> None:
    with pytest.raises(NotRefused, match="did not refuse"), expect_error("A"):
        pass


def test_another_reason_fails() -> None:
    with pytest.raises(NotRefused, match="for another reason: B: No"), expect_error("A"):
        raise refusal("B")


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), expect_error("A"):
        raise ZeroDivisionError
