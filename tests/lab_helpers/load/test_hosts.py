from typing import Any

import pytest

from lab_helpers.backends import Aws, Backend, Embedded, Endpoint
from lab_helpers.errors import LoadRefused
from lab_helpers.load import hosts

pytestmark = pytest.mark.usefixtures("home")
MINE = [{"Key": "lab", "Value": "containers-on-aws"}, {"Key": "learner", "Value": "an"}]
RUNNER, EXPRESS = "abc.us-east-1.awsapprunner.com", "ex-1.ecs.us-east-1.on.aws"
NAME = "DemoALBForECS-1.eu-west-1.elb.amazonaws.com"


class Account:
    """Stands where a client of elbv2 stands: one load balancer with these tags."""

    def __init__(self, tags: list[dict[str, str]]) -> None:
        self.tags = tags

    def get_paginator(self, operation: str) -> "Account":
        assert operation == "describe_load_balancers"
        return self

    def paginate(self) -> Any:
        other = {"LoadBalancerArn": "arn:other", "DNSName": "other.elb.amazonaws.com"}
        yield {"LoadBalancers": [other]}
        yield {"LoadBalancers": [{"LoadBalancerArn": "arn:mine", "DNSName": NAME}]}

    def describe_tags(self, **words: Any) -> Any:
        assert words == {"ResourceArns": ["arn:mine"]}
        return {"TagDescriptions": [{"ResourceArn": "arn:mine", "Tags": self.tags}]}


class Runner:
    """Stands where a client of App Runner stands: one service with these tags."""

    def __init__(self, tags: list[dict[str, str]]) -> None:
        self.tags = tags

    def list_services(self) -> Any:
        return {"ServiceSummaryList": [{"ServiceArn": "arn:mine", "ServiceUrl": RUNNER}]}

    def list_tags_for_resource(self, **words: Any) -> Any:
        assert words == {"ResourceArn": "arn:mine"}
        return {"Tags": self.tags}


class Express:
    """Stands where a client of ECS stands: one Express service with these tags."""

    def __init__(self, tags: list[dict[str, str]]) -> None:
        self.tags = tags

    def can_paginate(self, operation: str) -> bool:
        return False

    def list_clusters(self) -> Any:
        return {"clusterArns": ["default"]}

    def list_services(self, **words: Any) -> Any:
        assert words == {"cluster": "default", "resourceManagementType": "ECS"}
        return {"serviceArns": ["arn:mine"]}

    def describe_express_gateway_service(self, **words: Any) -> Any:
        assert words == {"serviceArn": "arn:mine", "include": ["TAGS"]}
        paths = [{"accessType": "PUBLIC", "endpoint": f"https://{EXPRESS}"}]
        return {"service": {"activeConfigurations": [{"ingressPaths": paths}], "tags": self.tags}}


def address(url: str, backend: Backend, account: Any = None) -> str:
    def client(_service: str) -> Any:
        assert account is not None, "the account is not to be asked"
        return account

    return hosts.address(url, backend, client, "an")


@pytest.mark.parametrize(("host", "kind"), [("RUNNER", Runner), ("EXPRESS", Express)])
def test_on_aws_a_service_that_a_lab_made(host: str, kind: Any) -> None:
    name = {"RUNNER": RUNNER, "EXPRESS": EXPRESS}[host]
    assert address(f"https://{name}/", Aws(), kind(MINE)) == name
    with pytest.raises(LoadRefused, match="not a load balancer or service that a lab made"):
        address(f"https://{name}/", Aws(), kind([]))
    with pytest.raises(LoadRefused, match="not a load balancer or service that a lab made"):
        address(f"https://other-{name}/", Aws(), kind(MINE))


@pytest.mark.parametrize(
    ("host", "where"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.8.9.1", "127.8.9.1"),
        ("localhost", "127.0.0.1"),
        ("x.localhost", "127.0.0.1"),
        ("[::1]", "::1"),
    ],
)
@pytest.mark.parametrize("backend", [Embedded, Endpoint])
def test_this_machine_is_ones_own(backend: type[Embedded] | type[Endpoint], host: str, where: str) -> None:
    assert address(f"http://{host}:80/", backend()) == where


@pytest.mark.parametrize(
    "host",
    ["example.com", "10.0.0.1", "0.0.0.0", "192.168.1.1", "127.0.0.1.example.com", "169.254.169.254", NAME, "[::2]"],
)
def test_nobody_elses_server(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: Any, **__: Any) -> Any:
        pytest.fail("no name is asked for")

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    with pytest.raises(LoadRefused, match="is not this machine") as caught:
        address(f"http://{host}/", Embedded())
    assert "lab.url" in caught.value.remedy


def test_a_name_of_the_endpoint_must_mean_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"a.localhost.localstack.cloud": ["127.0.0.1"], "mixed.example": ["127.0.0.1", "10.1.1.1"]}

    def resolve(host: str, *_: Any, **__: Any) -> Any:
        if host not in found:
            raise OSError
        return [(0, 0, 0, "", (one, 0)) for one in found[host]]

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    assert address("http://a.localhost.localstack.cloud:4566/", Endpoint()) == "127.0.0.1"
    for host in ("mixed.example", "unknown.example"):
        with pytest.raises(LoadRefused):
            address(f"http://{host}/", Endpoint())


def test_the_endpoints_own_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://10.9.8.7:4566")
    assert address("http://10.9.8.7:4566/", Endpoint()) == "10.9.8.7"


@pytest.mark.parametrize("host", [NAME, NAME.upper(), f"dualstack.{NAME}"])
def test_on_aws_a_load_balancer_that_a_lab_made(host: str) -> None:
    assert address(f"http://{host}/", Aws(), Account(MINE)) == host.lower()


@pytest.mark.parametrize(
    ("host", "tags"),
    [
        (NAME, []),
        (NAME, [MINE[0], {"Key": "learner", "Value": "somebody"}]),
        ("other.example", MINE),
        ("127.0.0.1", MINE),
        ("x-1.eu-west-1.elb.amazonaws.com", MINE),
    ],
)
def test_on_aws_nothing_else(host: str, tags: list[dict[str, str]]) -> None:
    with pytest.raises(LoadRefused, match="not a load balancer or service that a lab made"):
        address(f"http://{host}/", Aws(), Account(tags))
