from typing import Any

import pytest

from lab_helpers.errors import LoadRefused
from lab_helpers.load.plan import Plan, plan, rate

URL = "http://127.0.0.1:8080/shop?page=2"


def test_the_whole_request() -> None:
    made = plan(URL, 20, 10, 60.0, headers={"X-Who": "me", "accept": "text/html"})
    assert made.message == (
        "GET /shop?page=2 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: lab.load\r\n"
        "X-Who: me\r\naccept: text/html\r\n\r\n"
    )
    assert (made.address, made.port, made.tls, made.rps, made.seconds, made.timeout) == (
        *("127.0.0.1", 8080, False, 20.0),
        *(10.0, 10.0),
    )


def test_a_body_of_any_bytes() -> None:
    made = plan(URL, 1, 1, 1.0, method="POST", body="é\n")
    assert made.message.encode("latin-1").endswith(b"Content-Length: 3\r\n\r\n\xc3\xa9\n")
    assert Plan.read(made.line()) == made


@pytest.mark.parametrize(("url", "port"), [("http://a.example", 80), ("https://a.example/x", 443)])
def test_the_usual_ports(url: str, port: int) -> None:
    made = plan(url, 1, 1, 1.0)
    assert (made.port, made.host, made.address) == (port, "a.example", "a.example")


def test_minutes_are_those_of_aws() -> None:
    assert plan(URL, 1, 3, 60.0).seconds == 3
    assert plan(URL, 1, 3, 1.0).seconds == 180


@pytest.mark.parametrize(
    "url", ["", "/proxy/8080/", "127.0.0.1:8080", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:x/", 7, None]
)
def test_what_is_no_url(url: Any) -> None:
    with pytest.raises(LoadRefused) as caught:
        plan(url, 1, 1, 60.0)
    assert "lab.url" in caught.value.remedy


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y", "http://127.0.0.1/é", "http://u:p@127.0.0.1/"]
)
def test_what_a_url_cannot_hold(url: str) -> None:
    with pytest.raises(LoadRefused):
        plan(url, 1, 1, 60.0)


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "20", None, True, 1_000_000])
def test_what_is_no_rate(value: Any) -> None:
    with pytest.raises(LoadRefused, match="rps"):
        rate(value)


@pytest.mark.parametrize("minutes", [0, -1, "ten", 100_000])
def test_what_is_no_length(minutes: Any) -> None:
    with pytest.raises(LoadRefused, match="minutes"):
        plan(URL, 1, minutes, 60.0)


@pytest.mark.parametrize(
    "more",
    [
        {"method": "HEAD"},
        {"method": "get"},
        {"timeout": 0},
        {"headers": {"Host": "other"}},
        {"headers": {"X": "a\r\nY: b"}},
        {"headers": {"a b": "c"}},
    ],
)
def test_what_cannot_be_sent(more: dict[str, Any]) -> None:
    with pytest.raises(LoadRefused):
        plan(URL, 1, 1, 60.0, **more)
