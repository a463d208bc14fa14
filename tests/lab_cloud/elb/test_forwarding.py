"""What the target sees, as transforms and the load balancer's attributes say."""

import http.client

import pytest

from lab_cloud.elb.forwarding import RewriteFailed, rewritten
from lab_cloud.elb.model import Rewrite

from .small_cloud import SmallCloud
from .stage import Talk, forever


def url(regex: str, replace: str) -> Rewrite:
    return Rewrite("url-rewrite", regex, replace)


def host(regex: str, replace: str) -> Rewrite:
    return Rewrite("host-header-rewrite", regex, replace)


@pytest.mark.parametrize(
    ("rewrite", "expected"),
    [
        (url("^/a/(.*)$", "/b/$1"), (b"/b/c?d=e", b"www.example.com")),
        (url("^/a/([^?]*)\\?(.*)$", "/$2?$1"), (b"/d=e?c", b"www.example.com")),
        (url("^/nothing", "/x"), (b"/a/c?d=e", b"www.example.com")),
        (url("[ace]", "X"), (b"/X/c?d=e", b"www.example.com")),  # the first match only
        (url("^/a(x)?", "/b$1"), (b"/b/c?d=e", b"www.example.com")),
        (host("^WWW\\.(.+)$", "internal.$1"), (b"/a/c?d=e", b"internal.example.com")),
    ],
)
def test_rewrites(rewrite: Rewrite, expected: tuple[bytes, bytes]) -> None:
    assert rewritten((rewrite,), b"/a/c?d=e", b"www.example.com") == expected


@pytest.mark.parametrize(
    "rewrite",
    [
        url("^/a", "no-slash"),
        url("^/a", "/a b"),
        url("^/a", "/$1"),
        url("^/a", "/\r\nX: y"),
        host("www", "a b"),
        host("^www", "w:8080"),
    ],
)
def test_rewrites_that_make_nothing_valid(rewrite: Rewrite) -> None:
    with pytest.raises(RewriteFailed):
        rewritten((rewrite,), b"/a/c", b"www.example.com")


def test_attributes_count_from_the_next_request_on(cloud: SmallCloud) -> None:
    balancer, group = cloud.balancer([cloud.security_group()]), cloud.group()
    cloud.listener(balancer, group)
    address = cloud.task(forever, [cloud.security_group("task")])
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": 80}])

    def seen(**attributes: str) -> str:
        pairs = [{"Key": name.replace("__", "."), "Value": value} for name, value in attributes.items()]
        if pairs:
            cloud.elbv2.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=pairs)
        place = cloud.elb.url("demo")[0].removeprefix("http://").rstrip("/")
        connection = http.client.HTTPConnection(place, timeout=10)
        connection.request("GET", "/", headers={"X-Forwarded-For": "9.9.9.9", "X_Odd": "1", "Content_Length": "0"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return text if answer.status == 200 else str(answer.status)

    first = seen()
    assert "X-Forwarded-For: 9.9.9.9, 127.0.0.1\r\n" in first
    assert "X_Odd: 1" in first
    assert "Host: demo-1.us-east-1.elb.amazonaws.com" in first
    assert "9.9.9.9, 127.0.0.1:" in seen(routing__http__xff_client_port__enabled="true")
    assert "X-Forwarded-For: 9.9.9.9\r\n" in seen(routing__http__xff_header_processing__mode="preserve")
    assert "X-Forwarded-For" not in seen(routing__http__xff_header_processing__mode="remove")
    assert "Host: 127.0.0.1:" in seen(routing__http__preserve_host_header__enabled="true")
    assert seen(routing__http__desync_mitigation_mode="strictest") == "400"
    dropped = seen(routing__http__drop_invalid_header_fields__enabled="true")  # what is dropped confuses nobody
    assert "X_Odd" not in dropped
    assert dropped.startswith("GET / HTTP/1.1")


def test_listener_attributes_change_the_heads_of_answers(cloud: SmallCloud) -> None:
    balancer, group = cloud.balancer([cloud.security_group()]), cloud.group()
    listener = cloud.listener(balancer, group)

    def serve(talk: Talk) -> None:
        while talk.head():
            talk.reply(headers=b"Server: own\r\nX-Frame-Options: SAMEORIGIN\r\nAccess-Control-Max-Age: 1\r\n")

    def head(**attributes: str) -> list[str]:
        pairs = [
            {"Key": "routing.http.response." + name.replace("__", "."), "Value": value}
            for name, value in attributes.items()
        ]
        cloud.elbv2.modify_listener_attributes(ListenerArn=listener, Attributes=pairs)
        return cloud.get("demo").partition(b"\r\n\r\n")[0].decode().split("\r\n")

    alone = head(x_content_type_options__header_value="nosniff", server__enabled="true")
    assert alone[0].startswith("HTTP/1.1 503")
    assert {"Server: awselb/2.0", "X-Content-Type-Options: nosniff"} <= set(alone)
    assert not [line for line in head(server__enabled="false") if line.startswith("Server:")]

    address = cloud.task(serve, [cloud.security_group("task")])
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": 80}])
    seen = head(x_frame_options__header_value="DENY", access_control_allow_origin__header_value="https://example.com")
    assert seen[0] == "HTTP/1.1 200 OK"
    assert {"Server: own", "X-Content-Type-Options: nosniff", "Access-Control-Max-Age: 1"} <= set(seen)
    assert [line for line in seen if line.startswith("X-Frame")] == ["X-Frame-Options: DENY"]
    assert "Access-Control-Allow-Origin: https://example.com" in seen
    assert "X-Frame-Options: SAMEORIGIN" in head(x_frame_options__header_value="")
