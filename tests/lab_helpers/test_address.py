import urllib.parse

import pytest

from lab_helpers.address import Url, browser_address

pytestmark = pytest.mark.usefixtures("home")


def test_text_for_code_and_a_link_for_the_page() -> None:
    url = Url("http://127.0.0.1:8000").at("/a?b=1&c")
    assert url == "http://127.0.0.1:8000/a?b=1&c"
    assert urllib.parse.urlsplit(url).port == 8000
    assert url._repr_html_() == (
        '<a href="http://127.0.0.1:8000/a?b=1&amp;c" target="_blank" rel="noopener">http://127.0.0.1:8000/a?b=1&amp;c</a>'
    )


def test_a_page_in_the_notebook_cannot_reach_the_notebook() -> None:
    frame = Url("http://127.0.0.1:8000/", "/proxy/8000/").at("/a?b=1&c").frame(200)
    shown = frame._repr_html_()
    assert 'src="/proxy/8000/a?b=1&amp;c"' in shown
    assert 'sandbox="allow-scripts"' in shown
    assert "height:200px" in shown
    assert "http://127.0.0.1:8000/a?b=1&c" in repr(frame)


def test_on_this_machine_the_browser_uses_the_same_address() -> None:
    assert browser_address("http://127.0.0.1:8000") == "http://127.0.0.1:8000"


@pytest.mark.parametrize("name", ["LAB_PROXY_BASE", "JUPYTERHUB_SERVICE_PREFIX"])
def test_from_elsewhere_the_browser_goes_through_jupyter(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "/user/an/")
    local = "http://127.0.0.1:8000"
    url = Url(local, browser_address(local)).at("/x")
    assert url == "http://127.0.0.1:8000/x"
    shown = url._repr_html_()
    assert '<a href="/user/an/proxy/8000/x" target="_blank" rel="noopener">/user/an/proxy/8000/x</a>' in shown
    assert "for Python in this notebook it is <code>http://127.0.0.1:8000/x</code>" in shown
    assert browser_address("http://my-alb.elb.amazonaws.com") == "http://my-alb.elb.amazonaws.com"
