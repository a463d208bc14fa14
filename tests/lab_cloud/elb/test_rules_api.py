"""Rules made through boto3, and followed by real requests; one cloud for all, each test with its own load balancer."""

import http.client
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .small_cloud import SmallCloud, until
from .stage import Talk

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCloud]:
    made = SmallCloud(Path(tmp_path_factory.mktemp("home")))
    yield made
    made.close()


class Site:
    """A load balancer with one listener whose default answer is 404."""

    def __init__(self, cloud: SmallCloud) -> None:
        self.cloud = cloud
        self.name = f"site-{next(NUMBERS)}"
        self.balancer = cloud.balancer([cloud.security_group(self.name)], self.name)
        made = cloud.elbv2.create_listener(
            LoadBalancerArn=self.balancer, Protocol="HTTP", Port=80, DefaultActions=[fixed("default", "404")]
        )
        self.listener = str(made["Listeners"][0]["ListenerArn"])

    def group(self, name: str, **more: Any) -> str:
        """A target group with one task that answers with the group's name."""
        arn = self.cloud.group(f"{self.name}-{name}", **more)
        self.task(arn, name.encode())
        return arn

    def task(self, arn: str, says: bytes) -> None:
        def target(talk: Talk) -> None:
            while True:
                head = talk.head()
                more = b"Set-Cookie: SESSION=1\r\n" if head.startswith(b"GET /login") else b""
                first, host, *_rest = head.split(b"\r\n")
                talk.reply(b"%b %b %b" % (says, first, host), headers=more)

        group = self.cloud.security_group(f"{self.name}-{next(NUMBERS)}")
        address = self.cloud.task(target, [group])
        self.cloud.elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": address, "Port": 80}])

    def rule(self, priority: int, conditions: list[Any], *actions: Any, **more: Any) -> str:
        made = self.cloud.elbv2.create_rule(
            ListenerArn=self.listener, Priority=priority, Conditions=conditions, Actions=list(actions), **more
        )
        return str(made["Rules"][0]["RuleArn"])

    def get(self, path: str = "/", **headers: str) -> tuple[int, str, http.client.HTTPMessage]:
        url, _warning = self.cloud.elb.url(self.name)
        connection = http.client.HTTPConnection(url.removeprefix("http://").rstrip("/"), timeout=10)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body, answer.headers

    def text(self, path: str = "/", **headers: str) -> str:
        return self.get(path, **headers)[1].split(" ")[0]

    def refused(self, *actions: Any, conditions: list[Any] | None = None, priority: int = 1, **more: Any) -> str:
        with pytest.raises(ClientError) as raised:
            self.rule(priority, path("/x") if conditions is None else conditions, *actions, **more)
        return str(raised.value.response["Error"]["Code"])


def fixed(body: str, status: str = "200") -> dict[str, Any]:
    config = {"StatusCode": status, "ContentType": "text/plain", "MessageBody": body}
    return {"Type": "fixed-response", "FixedResponseConfig": config}


def forward(*groups: str, weights: list[int] | None = None, sticky: int = 0) -> dict[str, Any]:
    pairs = zip(groups, weights or [1] * len(groups), strict=True)
    config: dict[str, Any] = {"TargetGroups": [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in pairs]}
    if sticky:
        config["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": sticky}
    return {"Type": "forward", "ForwardConfig": config}


def path(*values: str) -> list[dict[str, Any]]:
    return [{"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}}]


@pytest.fixture
def site(cloud: SmallCloud) -> Site:
    return Site(cloud)


def test_rules_decide_and_every_change_counts_from_the_next_request_on(site: Site, cloud: SmallCloud) -> None:
    assert site.get()[:2] == (404, "default")
    img = site.rule(20, path("/img/*"), fixed("img"))
    png = site.rule(30, path("*.png"), fixed("png"))
    assert [site.text(one) for one in ("/img/a.png", "/b.png?x", "/")] == ["img", "png", "default"]
    priorities = [{"RuleArn": img, "Priority": 30}, {"RuleArn": png, "Priority": 20}]
    answer = cloud.elbv2.set_rule_priorities(RulePriorities=priorities)["Rules"]
    assert {one["RuleArn"]: one["Priority"] for one in answer} == {img: "30", png: "20"}
    assert site.text("/img/a.png") == "png"
    cloud.elbv2.modify_rule(RuleArn=png, Conditions=path("*.gif"))
    assert [site.text("/img/a.png"), site.text("/a.gif")] == ["img", "png"]
    cloud.elbv2.modify_rule(RuleArn=png, Actions=[fixed("gif")])
    assert site.text("/a.gif") == "gif"
    shown = cloud.elbv2.describe_rules(ListenerArn=site.listener)["Rules"]
    assert [one["Priority"] for one in shown] == ["20", "30", "default"]
    assert [one["IsDefault"] for one in shown] == [False, False, True]
    assert shown[0]["Conditions"] == [
        {"Field": "path-pattern", "Values": ["*.gif"], "PathPatternConfig": {"Values": ["*.gif"]}}
    ]
    assert cloud.elbv2.describe_rules(RuleArns=[img])["Rules"][0]["Priority"] == "30"
    paged = cloud.elbv2.get_paginator("describe_rules").paginate(
        ListenerArn=site.listener, PaginationConfig={"PageSize": 2}
    )
    assert [len(page["Rules"]) for page in paged] == [2, 1]
    cloud.elbv2.delete_rule(RuleArn=img)
    assert site.text("/img/a.png") == "default"
    for call in (cloud.elbv2.delete_rule, cloud.elbv2.modify_rule):
        with pytest.raises(ClientError, match="RuleNotFound"):
            call(RuleArn=img)
        with pytest.raises(ClientError, match="OperationNotPermitted"):
            call(RuleArn=shown[-1]["RuleArn"])


def test_every_kind_of_condition(site: Site) -> None:
    site.rule(1, [{"Field": "host-header", "Values": ["api.*.com"]}], fixed("host"))
    header = {"HttpHeaderName": "User-Agent", "Values": ["curl*"]}
    method = {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "HEAD"]}}
    site.rule(2, [{"Field": "http-header", "HttpHeaderConfig": header}, method], fixed("header"))
    query = {"Values": [{"Key": "v", "Value": "2?"}]}
    site.rule(3, [{"Field": "query-string", "QueryStringConfig": query}], fixed("query"))
    config = {"RegexValues": ["^/v[0-9]+/"]}
    site.rule(4, [{"Field": "path-pattern", "PathPatternConfig": config}], fixed("regex"))
    site.rule(5, [{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}], fixed("elsewhere"))
    own = [{"Field": "host-header", "HostHeaderConfig": {"Values": ["*.elb.amazonaws.com"]}}]
    site.rule(6, [*own, *path("/own")], fixed("own"))
    site.rule(7, [{"Field": "source-ip", "SourceIpConfig": {"Values": ["127.0.0.0/8"]}}], fixed("here"))
    assert site.text("/", Host="API.example.com") == "host"
    assert site.text("/", **{"User-Agent": "curl/8"}) == "header"
    assert site.text("/?v=22") == "query"
    assert site.text("/v7/x") == "regex"
    assert site.text("/own") == "own"  # the loopback address stands for the load balancer's own name
    assert site.text("/?v=3") == "here"


def test_weighted_groups(site: Site, cloud: SmallCloud) -> None:
    blue, green = site.group("blue"), site.group("green")
    rule = site.rule(1, path("/*"), forward(blue, green, weights=[1, 1]))
    assert {site.text() for _ in range(40)} == {"blue", "green"}
    cloud.elbv2.modify_rule(RuleArn=rule, Actions=[forward(blue, green, weights=[0, 1])])
    assert {site.text() for _ in range(20)} == {"green"}
    cloud.elbv2.modify_rule(RuleArn=rule, Actions=[forward(blue, green, weights=[0, 0])])
    assert site.get()[0] == 503
    cloud.elbv2.modify_rule(RuleArn=rule, Actions=[forward(blue, green, weights=[1, 1], sticky=60)])
    _status, body, headers = site.get()
    jar = "; ".join(one.split(";")[0] for one in headers.get_all("Set-Cookie", []))
    assert "AWSALBTG=" in jar
    assert {site.text(Cookie=jar) for _ in range(20)} == {body.split(" ")[0]}


def test_sticky_targets(site: Site, cloud: SmallCloud) -> None:
    group = site.group("one")
    for name in (b"two", b"three"):
        site.task(group, name)
    site.rule(1, path("/*"), {"Type": "forward", "TargetGroupArn": group})
    until(lambda: cloud.states(group) == ["healthy"] * 3)
    assert {site.text() for _ in range(6)} == {"one", "two", "three"}

    def attributes(**values: str) -> None:
        pairs = [{"Key": "stickiness." + name.replace("__", "."), "Value": value} for name, value in values.items()]
        cloud.elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=pairs)

    attributes(enabled="true", type="lb_cookie", lb_cookie__duration_seconds="60")
    _status, body, headers = site.get()
    jar = [one.split(";")[0] for one in headers.get_all("Set-Cookie", [])]
    assert [one.split("=")[0] for one in jar] == ["AWSALB", "AWSALBCORS"]
    assert {site.text(Cookie="; ".join(jar)) for _ in range(6)} == {body.split(" ")[0]}
    attributes(type="app_cookie", app_cookie__cookie_name="SESSION", app_cookie__duration_seconds="60")
    assert site.get()[2].get_all("Set-Cookie") is None
    _status, body, headers = site.get("/login")
    jar = [one.split(";")[0] for one in headers.get_all("Set-Cookie", [])]
    assert [one.split("=")[0] for one in jar] == ["SESSION", "AWSALBAPP-0"]
    assert {site.text(Cookie="; ".join(jar)) for _ in range(6)} == {body.split(" ")[0]}
    pairs = [{"Key": "load_balancing.algorithm.type", "Value": "least_outstanding_requests"}]
    cloud.elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=pairs)
    assert site.get()[0] == 200


def test_redirects_lead_to_the_other_listener_from_here(site: Site, cloud: SmallCloud) -> None:
    cloud.elbv2.create_listener(
        LoadBalancerArn=site.balancer, Protocol="HTTP", Port=8080, DefaultActions=[fixed("other")]
    )
    site.rule(1, path("/old/*"), redirect(Port="8080", Path="/new/#{path}", Query="a=1&#{query}", code="HTTP_301"))
    site.rule(2, path("/away"), redirect(Host="example.org", Path="/#{host}"))
    code, _body, headers = site.get("/old/x?b=2")
    here = cloud.elb.url(f"{site.name}:8080")[0]
    assert (code, headers["Location"]) == (301, f"{here}new/old/x?a=1&b=2")
    code, _body, headers = site.get("/away")
    assert (code, headers["Location"]) == (302, f"http://example.org:80/{dns(cloud, site)}")


def redirect(code: str = "HTTP_302", **config: str) -> dict[str, Any]:
    return {"Type": "redirect", "RedirectConfig": config | {"StatusCode": code}}


def dns(cloud: SmallCloud, site: Site) -> str:
    found = cloud.elbv2.describe_load_balancers(Names=[site.name])["LoadBalancers"][0]
    return str(found["DNSName"])


def rewrite(kind: str, regex: str, replace: str) -> dict[str, Any]:
    config = {"Rewrites": [{"Regex": regex, "Replace": replace}]}
    return {
        "Type": f"{kind}-rewrite",
        {"url": "UrlRewriteConfig", "host-header": "HostHeaderRewriteConfig"}[kind]: config,
    }


def test_transforms(site: Site, cloud: SmallCloud) -> None:
    group = site.group("web")
    transforms = [
        rewrite("url", "^/dp/([A-Z0-9]+)/?", "/product.php?id=$1"),
        rewrite("host-header", "^shop-(.+)\\.com$", "internal.$1.example"),
    ]
    rule = site.rule(1, path("/dp/*"), forward(group), Transforms=transforms)
    assert (
        site.get("/dp/B09", Host="shop-eu.com")[1] == "web GET /product.php?id=B09 HTTP/1.1 Host: internal.eu.example"
    )
    assert "GET /dp/x HTTP" in site.get("/dp/x", Host="other.com")[1]
    shown = cloud.elbv2.describe_rules(RuleArns=[rule])["Rules"][0]
    assert shown["Transforms"] == transforms
    cloud.elbv2.modify_rule(RuleArn=rule, Transforms=[rewrite("url", "^/dp/", "no-url $1")])
    code, body, _headers = site.get("/dp/B09")
    assert (code, "transform" in body or "replacement" in body) == (500, True)
    cloud.elbv2.modify_rule(RuleArn=rule, ResetTransforms=True)
    assert "GET /dp/B09 HTTP" in site.get("/dp/B09")[1]


def test_bad_priorities(site: Site, cloud: SmallCloud) -> None:
    first = site.rule(1, path("/a"), fixed("a"))
    second = site.rule(2, path("/b"), fixed("b"))
    assert site.refused(fixed("x")) == "PriorityInUse"
    assert site.refused(fixed("x"), priority=50_001) == "ValidationError"
    set_priorities = cloud.elbv2.set_rule_priorities
    with pytest.raises(ClientError, match=r"PriorityInUse.*'1' is currently in use"):
        set_priorities(RulePriorities=[{"RuleArn": second, "Priority": 1}])
    with pytest.raises(ClientError, match="provided multiple times"):
        set_priorities(RulePriorities=[{"RuleArn": first, "Priority": 3}, {"RuleArn": second, "Priority": 3}])
    with pytest.raises(ClientError, match="RuleNotFound"):
        set_priorities(RulePriorities=[{"RuleArn": first, "Priority": 3}, {"RuleArn": second + "x", "Priority": 4}])
    assert [one["Priority"] for one in cloud.elbv2.describe_rules(ListenerArn=site.listener)["Rules"]][:2] == ["1", "2"]


def test_bad_conditions(site: Site) -> None:
    def bad(field: str, **config: Any) -> None:
        assert site.refused(fixed("x"), conditions=[{"Field": field} | config]) == "ValidationError", config

    assert site.refused(fixed("x"), conditions=[]) == "ValidationError"
    bad("cookie", Values=["a"])
    bad("path-pattern", Values=["/a", "/b"])
    bad("path-pattern", PathPatternConfig={"Values": []})
    bad("path-pattern", PathPatternConfig={"Values": ["/" + "x" * 128]})
    bad("path-pattern", PathPatternConfig={"Values": ["/a b"]})
    bad("path-pattern", PathPatternConfig={"Values": [f"/{number}" for number in range(6)]})
    bad("path-pattern", PathPatternConfig={"Values": ["/*/*/*", "/*/*/*"]})
    bad("path-pattern", PathPatternConfig={"RegexValues": ["(a+)+"]})
    bad("path-pattern", PathPatternConfig={"Values": ["/a"], "RegexValues": ["a"]})
    bad("path-pattern", HostHeaderConfig={"Values": ["a.com"]})
    bad("host-header", HostHeaderConfig={"Values": ["no-dot"]})
    bad("host-header", HostHeaderConfig={"Values": ["a.1"]})
    bad("http-header", HttpHeaderConfig={"HttpHeaderName": "bad name", "Values": ["x"]})
    bad("http-header", HttpHeaderConfig={"HttpHeaderName": "x" * 41, "Values": ["x"]})
    bad("http-header", HttpHeaderConfig={"HttpHeaderName": "Host", "Values": ["x"]})
    bad("http-header", Values=["x"])
    bad("http-request-method", HttpRequestMethodConfig={"Values": ["get"]})
    bad("query-string", QueryStringConfig={"Values": [{"Key": "a"}]})
    bad("source-ip", SourceIpConfig={"Values": ["10.0.0.1"]})
    bad("source-ip", SourceIpConfig={"Values": ["10.0.0.0/99"]})
    assert site.refused(fixed("x"), conditions=path("/a") + path("/b")) == "ValidationError"
    once_more = [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-A", "Values": ["x"]}}] * 2
    site.rule(1, once_more, fixed("x"))


def test_bad_actions(site: Site, cloud: SmallCloud) -> None:
    group, other = cloud.group(f"{site.name}-a"), cloud.group(f"{site.name}-b")
    assert site.refused() == "ValidationError"
    assert site.refused(fixed("x"), fixed("y")) == "ValidationError"
    assert site.refused(fixed("x") | {"Order": 1}, fixed("y") | {"Order": 2}) == "InvalidLoadBalancerAction"
    assert site.refused({"Type": "redirect"}) == "ValidationError"
    assert site.refused({"Type": "fixed-response"}) == "ValidationError"
    assert site.refused(fixed("x", "302")) == "ValidationError"
    assert site.refused(redirect()) == "InvalidLoadBalancerAction"
    assert site.refused(redirect(Port="0")) == "ValidationError"
    assert site.refused(redirect(Path="no-slash")) == "ValidationError"
    assert site.refused(redirect(Host="#{path}.com")) == "InvalidLoadBalancerAction"
    assert site.refused({"Type": "authenticate-oidc"}) == "InvalidLoadBalancerAction"
    assert site.refused(forward(group + "x")) == "TargetGroupNotFound"
    assert site.refused(forward(group, weights=[1000])) == "ValidationError"
    assert site.refused(forward(group, group)) == "InvalidLoadBalancerAction"
    assert site.refused(forward(group) | {"TargetGroupArn": other}) == "InvalidLoadBalancerAction"
    assert site.refused(forward(group, sticky=700_000)) == "ValidationError"
    assert site.refused(forward(*[group + str(number) for number in range(6)])) == "TooManyTargetGroups"
    elsewhere = cloud.group(f"{site.name}-c", VpcId=cloud.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])
    assert site.refused(forward(elsewhere)) == "InvalidConfigurationRequest"
    assert site.refused(forward(cloud.group(f"{site.name}-d", Protocol="TCP"))) == "IncompatibleProtocols"
    Site(cloud).rule(1, path("/x"), forward(other))
    assert site.refused(forward(other)) == "TargetGroupAssociationLimit"
    bad = [rewrite("url", "(?=x)", "/")]
    assert site.refused(fixed("x"), Transforms=bad) == "ValidationError"
    assert site.refused(fixed("x"), Transforms=[rewrite("url", "a", "/")] * 2) == "ValidationError"
    assert len(cloud.elbv2.describe_rules(ListenerArn=site.listener)["Rules"]) == 1


def test_too_many_rules(site: Site) -> None:
    for number in range(1, 101):
        site.rule(number, path(f"/{number}"), fixed(str(number)))
    assert site.refused(fixed("x"), priority=101) == "TooManyRules"
    assert [site.text("/1"), site.text("/100"), site.text("/101")] == ["1", "100", "default"]


def test_a_rule_of_no_listener(site: Site, cloud: SmallCloud) -> None:
    with pytest.raises(ClientError, match="ListenerNotFound"):
        cloud.elbv2.create_rule(ListenerArn=site.listener + "x", Priority=1, Conditions=path("/"), Actions=[fixed("x")])
    with pytest.raises(ClientError, match="ValidationError"):
        cloud.elbv2.describe_rules()
