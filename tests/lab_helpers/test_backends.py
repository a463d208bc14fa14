import socket
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest

from lab_helpers import backends, cloud
from lab_helpers.address import Url
from lab_helpers.backends import Aws, Embedded, Endpoint
from lab_helpers.errors import BackendError, CloudUnavailable, NotConfirmed

pytestmark = pytest.mark.usefixtures("home")


def nothing(**_: Any) -> None:
    """A hook that changes nothing."""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


# -- choosing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"), [("", Embedded), ("embedded", Embedded), ("endpoint", Endpoint), ("aws", Aws)]
)
def test_one_of_three(name: str, kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_BACKEND", name)
    assert isinstance(backends.choose(), kind)


def test_none_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_BACKEND", "azure")
    with pytest.raises(BackendError, match="'azure'") as caught:
        backends.choose()
    assert caught.value.remedy == "Set it to one of embedded, endpoint, aws."


# -- embedded ------------------------------------------------------------------------------------------------------


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a cloud that has gone."""
    endpoint = f"http://127.0.0.1:{free_port()}"
    keys = {"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "y", "AWS_REGION": "eu-west-1"}
    monkeypatch.setattr(cloud, "environment", lambda: {"AWS_ENDPOINT_URL": endpoint, **keys})
    return endpoint


@pytest.mark.parametrize("service", ["ecs", "s3", "iam", "apprunner", "ecr-public"])
def test_every_service_has_the_clouds_address_and_keys(
    nobody: str, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "not-there")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    client = Embedded().client(service, nothing)
    assert client.meta.endpoint_url == nobody
    assert client.meta.region_name in ("eu-west-1", "aws-global")
    assert client._request_signer._credentials.access_key == "AKIAX"
    assert client.meta.config.proxies == {}


def test_a_cloud_that_has_gone_is_told_in_two_lines(nobody: str) -> None:
    with pytest.raises(CloudUnavailable) as caught:
        Embedded().client("ecs", nothing).list_clusters()
    assert caught.value.remedy.startswith("Run lab.start() again")


def test_each_lab_has_its_own_hook(nobody: str) -> None:
    seen: list[str] = []
    backend = Embedded()
    first = backend.client("ecs", lambda **_: seen.append("first"))
    backend.client("ecs", lambda **_: seen.append("second"))
    with pytest.raises(CloudUnavailable):
        first.list_clusters()
    assert seen == ["first"]


# -- endpoint ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["ecs", "apprunner", "ecr-public"])
@pytest.mark.parametrize(
    ("name", "value"), [("LOCALSTACK_HOST", "127.0.0.1:4599"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:4599")]
)
def test_an_endpoint_by_either_name(service: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    client = Endpoint().client(service, nothing)
    assert client.meta.endpoint_url == "http://127.0.0.1:4599"
    assert client._request_signer._credentials.access_key == "mine"


def test_no_endpoint_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(BackendError, match="No cloud answers at") as caught:
        Endpoint().start(None)
    assert "LOCALSTACK_HOST" in caught.value.remedy


def test_only_the_embedded_cloud_has_a_speed() -> None:
    for backend in (Endpoint(), Aws()):
        with pytest.raises(BackendError):
            backend.start(10)


@pytest.mark.parametrize("kind", [Endpoint, Aws])
def test_only_the_embedded_cloud_interrupts_on_demand(kind: type) -> None:
    with pytest.raises(BackendError) as caught:
        kind().interrupt("task")
    assert "stop_task" in caught.value.remedy


def test_a_local_load_balancer_answers_at_the_endpoints_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALSTACK_HOST", "127.0.0.1:4599")
    assert Endpoint().url("web.elb.localhost.localstack.cloud") == "http://web.elb.localhost.localstack.cloud:4599"
    monkeypatch.setenv("LOCALSTACK_HOST", "cloud.example:4599")
    assert Endpoint().url("web.elb.amazonaws.com") == Url("http://web.elb.amazonaws.com")


def test_a_name_that_only_aws_resolves_is_a_path_of_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    class Elb:
        def describe_load_balancers(self, **_: Any) -> dict[str, Any]:
            return {"LoadBalancers": [{"LoadBalancerName": "web", "DNSName": "web-1.us-east-1.elb.amazonaws.com"}]}

    monkeypatch.setenv("LOCALSTACK_HOST", "127.0.0.1:4599")
    monkeypatch.setattr(Endpoint, "client", lambda *_: Elb())
    assert Endpoint().url("web") == "http://127.0.0.1:4599/_alb/web"
    assert Endpoint().url("web").at("/x") == "http://127.0.0.1:4599/_alb/web/x"


# -- aws -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Aws:
    """A real account as it looks from here; a call that would leave this machine fails the test."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", _answer)
    return Aws()


def _answer(self: object, request: AWSRequest) -> Any:
    from botocore.awsrequest import AWSResponse

    assert request.url.startswith("https://sts.")
    body = (
        b"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account>"
        b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
    )

    class Raw:
        def stream(self) -> list[bytes]:
            return [body]

    return AWSResponse(request.url, 200, {"Content-Type": "text/xml"}, Raw())


def test_nothing_is_made_before_the_learner_says_yes(
    account: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account.cost = 0.13
    monkeypatch.setattr("builtins.input", lambda _: "no")
    with pytest.raises(NotConfirmed, match="Nothing was made"):
        account.start(None)
    said = capsys.readouterr().out
    assert "AWS account 111122223333, region eu-west-1" in said
    assert "about 0.13 US dollars an hour" in said
    with pytest.raises(NotConfirmed, match="CreateCluster would change your AWS account"):
        account.client("ecs", nothing).create_cluster()


def test_yes_is_asked_once(account: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["yes"])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    account.start(None)
    account.start(None)
    assert account.confirmed


def test_yes_can_be_given_where_nobody_types(account: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_CONFIRM", "yes")
    account.start(None)
    assert account.confirmed


def test_no_keyboard_is_a_no(account: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", refuse)
    with pytest.raises(NotConfirmed):
        account.start(None)


def test_no_region(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/none")
    with pytest.raises(BackendError, match="No region"):
        Aws().start(None)
