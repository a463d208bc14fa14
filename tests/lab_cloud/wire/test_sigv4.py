import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.wire.sigv4 import Refused, Request, Signer, verify

KEY, SECRET = "AKIAABCDEFGHIJKLMNOP", "secret/key"


def secret_of(access_key: str) -> str | None:
    return SECRET if access_key == KEY else None


def now() -> float:
    return datetime.datetime.now(datetime.UTC).timestamp()


def signed(url: str, body: bytes = b"", *, auth: Any = None, method: str = "POST", **headers: str) -> Request:
    wanted = AWSRequest(method, url, data=body, headers=headers)
    (auth or SigV4Auth(Credentials(KEY, SECRET), "ecs", "us-east-1")).add_auth(wanted)
    prepared = wanted.prepare()
    parts = urlsplit(prepared.url)
    found = {
        name.lower(): value.decode() if isinstance(value, bytes) else value for name, value in prepared.headers.items()
    }
    found.setdefault("host", parts.netloc)
    return Request(method, parts.path or "/", parts.query, found, body)


def test_a_signature_of_botocore_holds() -> None:
    request = signed("http://127.0.0.1:4566/", b'{"cluster":"x"}', **{"X-Amz-Target": "A.B"})
    assert verify(request, secret_of, now()) == Signer(KEY, "us-east-1", "ecs")


def test_paths_and_queries_with_odd_letters_hold() -> None:
    request = signed("http://127.0.0.1/2017/a%20b/c:d?x=1%2F2&a=%C3%A9&empty=", method="GET")
    verify(request, secret_of, now())


def test_s3_paths_are_signed_as_they_are() -> None:
    auth = S3SigV4Auth(Credentials(KEY, SECRET), "s3", "us-east-1")
    verify(signed("http://127.0.0.1/bucket/a%20b//c", b"x", auth=auth, method="PUT"), secret_of, now())


def test_a_presigned_url_holds() -> None:
    auth = S3SigV4QueryAuth(Credentials(KEY, SECRET), "s3", "us-east-1", expires=60)
    request = signed("http://127.0.0.1/bucket/key", auth=auth, method="GET")
    verify(request, secret_of, now())
    with pytest.raises(Refused, match="expired"):
        verify(request, secret_of, now() + 61)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"body": b"other"}, "mismatch"),
        ({"path": "/other"}, "mismatch"),
        ({"query": "a=2"}, "mismatch"),
        ({"method": "GET"}, "mismatch"),
    ],
)
def test_whatever_is_changed_breaks_it(change: dict[str, Any], kind: str) -> None:
    request = signed("http://127.0.0.1/?a=1", b"body")
    with pytest.raises(Refused) as caught:
        verify(Request(**{**request.__dict__, **change}), secret_of, now())
    assert caught.value.kind == kind


def test_a_signed_header_is_covered() -> None:
    request = signed("http://127.0.0.1/", b"{}", **{"X-Amz-Target": "A.Describe"})
    headers = {**request.headers, "x-amz-target": "A.Delete"}
    with pytest.raises(Refused, match="does not match"):
        verify(Request(**{**request.__dict__, "headers": headers}), secret_of, now())


def test_an_unsigned_request_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        verify(Request("POST", "/", "", {"host": "127.0.0.1"}, b"{}"), secret_of, now())
    assert caught.value.kind == "missing"


def test_an_unknown_key_is_refused() -> None:
    request = signed("http://127.0.0.1/", b"{}")
    with pytest.raises(Refused) as caught:
        verify(request, lambda _key: None, now())
    assert caught.value.kind == "unknown-key"


def test_a_wrong_secret_is_refused() -> None:
    request = signed("http://127.0.0.1/", b"{}")
    with pytest.raises(Refused) as caught:
        verify(request, lambda _key: "another", now())
    assert caught.value.kind == "mismatch"


@pytest.mark.parametrize("skew", [-16 * 60, 16 * 60])
def test_an_old_or_early_signature_is_refused(skew: int) -> None:
    with pytest.raises(Refused) as caught:
        verify(signed("http://127.0.0.1/", b"{}"), secret_of, now() + skew)
    assert caught.value.kind == "expired"


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=200))
def test_any_authorization_header_is_an_answer_not_a_crash(text: str) -> None:
    request = Request("POST", "/", "", {"host": "127.0.0.1", "authorization": f"AWS4-HMAC-SHA256 {text}"}, b"")
    with pytest.raises(Refused):
        verify(request, secret_of, now())
