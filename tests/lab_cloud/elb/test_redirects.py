import pytest

from lab_cloud.elb.model import Redirect
from lab_cloud.elb.redirects import location, reachable

OWN = b"demo-1.us-east-1.elb.amazonaws.com"
NEIGHBOURS = ((80, "http", 41000), (443, "https", 41001), (8080, "http", 41002))


@pytest.mark.parametrize(
    ("redirect", "expected"),
    [
        (Redirect(protocol="HTTPS", port="443"), "https://demo:443/a/b?x=1"),
        (Redirect(path="/new/#{path}", query=""), "http://demo:80/new/a/b"),
        (Redirect(host="www.#{host}", path="/", query="from=#{path}&#{query}"), "http://www.demo:80/?from=a/b&x=1"),
        (Redirect(path="/#{host}/#{port}"), "http://demo:80/demo/80?x=1"),
    ],
)
def test_locations_as_aws_makes_them(redirect: Redirect, expected: str) -> None:
    assert location(redirect, scheme="http", host="demo", port=80, path="/a/b", query="x=1") == expected


@pytest.mark.parametrize(
    ("target", "came_by", "expected"),
    [
        (b"https://%b:443/a?b" % OWN, b"127.0.0.1:41000", b"https://127.0.0.1:41001/a?b"),
        (b"https://%b/a" % OWN, b"localhost:41000", b"https://localhost:41001/a"),
        (b"HTTP://%b" % OWN.upper(), b"localhost:41000", b"http://localhost:41000"),
        (b"http://%b:8080/" % OWN, b"", b"http://127.0.0.1:41002/"),
        (b"https://shop.test:443/a", b"shop.test:41000", b"https://shop.test:41001/a"),
        # left as they are: another name, a name that the client knows otherwise, a port where nothing listens
        (b"https://other.example:443/", b"127.0.0.1:41000", b"https://other.example:443/"),
        (b"https://shop.test:443/a", b"shop.test", b"https://shop.test:443/a"),
        (b"https://%b:8443/" % OWN, b"127.0.0.1:41000", b"https://%b:8443/" % OWN),
        (b"http://%b:443/" % OWN, b"127.0.0.1:41000", b"http://%b:443/" % OWN),
        (b"https://%b.evil.example/" % OWN, b"127.0.0.1:41000", b"https://%b.evil.example/" % OWN),
        (b"/relative", b"127.0.0.1:41000", b"/relative"),
        (b"//%b/x" % OWN, b"127.0.0.1:41000", b"//%b/x" % OWN),
        (b"http://%b:99999999/" % OWN, b"", b"http://%b:99999999/" % OWN),
    ],
)
def test_locations_that_work_from_here(target: bytes, came_by: bytes, expected: bytes) -> None:
    assert reachable(target, OWN, came_by, 41000, NEIGHBOURS) == expected
