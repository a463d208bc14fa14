from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.ecr.tokens import DOWNLOAD_SECONDS, LOGIN_SECONDS, Tokens
from lab_cloud.iam.principal import Principal

USER = Principal("arn:aws:iam::123456789012:user/an", "123456789012", ("arn:aws:iam::123456789012:role/a",))
NOW = 1_700_000_000.0


def test_a_token_knows_whose_it_is_until_it_expires() -> None:
    tokens = Tokens()
    token, until = tokens.login(USER, "eu-west-1", NOW)
    assert until == NOW + LOGIN_SECONDS
    assert tokens.read_login(token, until - 1) == (USER, "eu-west-1")
    assert tokens.read_login(token, until) is None
    assert Tokens().read_login(token, NOW) is None  # a cloud that starts anew knows no older token


def test_one_kind_of_token_is_not_the_other() -> None:
    tokens = Tokens()
    download = tokens.download("sha256:1", NOW)
    assert tokens.read_download(download, NOW) == "sha256:1"
    assert tokens.read_download(download, NOW + DOWNLOAD_SECONDS) is None
    assert tokens.read_login(download, NOW) is None
    assert tokens.read_download(tokens.login(USER, "x", NOW)[0], NOW) is None


@given(st.text())
def test_no_text_is_a_token(text: str) -> None:
    assert Tokens().read_login(text, NOW) is None


@given(st.integers(0, 400), st.characters(codec="ascii"))
def test_a_changed_token_is_none(place: int, letter: str) -> None:
    tokens = Tokens()
    token, _ = tokens.login(USER, "us-east-1", NOW)
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    assert changed == token or tokens.read_login(changed, NOW) is None
