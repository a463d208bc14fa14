"""HTTPS listeners through boto3 and real TLS clients; one cloud for all, each test with its own load balancer."""

import contextlib
import itertools
import os
import socket
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket
from botocore.exceptions import ClientError

from lab_cloud.elb.authority import Authority

from .small_cloud import SmallCloud, until
from .stage import Talk, forever
from .test_websocket import frames

NUMBERS = itertools.count(1)
OK = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "safe"}}]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCloud]:
    made = SmallCloud(Path(tmp_path_factory.mktemp("home")))
    yield made
    made.close()


class Site:
    """A load balancer that is open on 80 and 443."""

    def __init__(self, cloud: SmallCloud) -> None:
        self.cloud = cloud
        self.name = f"tls-{next(NUMBERS)}"
        group = cloud.security_group(self.name)
        rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        cloud.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
        self.balancer = cloud.balancer([group], self.name)

    def https(self, certificate: str, **more: Any) -> str:
        settings = {"Protocol": "HTTPS", "Port": 443, "DefaultActions": OK} | more
        made = self.cloud.elbv2.create_listener(
            LoadBalancerArn=self.balancer, Certificates=[{"CertificateArn": certificate}], **settings
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def url(self) -> str:
        return self.cloud.elb.url(f"{self.name}:443")[0]

    @property
    def ca(self) -> str:
        return str(self.cloud.elb.authority.ca_file)

    def get(self, **more: Any) -> requests.Response:
        return requests.get(self.url(), timeout=10, verify=self.ca, **more)

    def shown(self, name: str) -> set[str]:
        """The names of the certificate that a client gets who asks for this one, checked with the authority."""
        with connection(self.url(), ssl.create_default_context(cafile=self.ca), name) as sock:
            certificate = sock.getpeercert()
        assert certificate is not None
        return {str(value) for kind, value in certificate["subjectAltName"] if kind == "DNS"}  # type: ignore[misc]


def connection(url: str, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    port = int(url.rstrip("/").rpartition(":")[2])
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10), server_hostname=name)


@pytest.fixture
def site(cloud: SmallCloud) -> Site:
    return Site(cloud)


def requested(cloud: SmallCloud, name: str, *more: str) -> str:
    """A certificate of ACM that has been issued."""
    acm = cloud.client("acm")
    extra = {"SubjectAlternativeNames": list(more)} if more else {}
    arn = str(acm.request_certificate(DomainName=name, ValidationMethod="DNS", **extra)["CertificateArn"])
    until(lambda: acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED")
    acm.close()
    return arn


@pytest.fixture(scope="module")
def issued(cloud: SmallCloud) -> str:
    return requested(cloud, "www.example.com", "*.shop.example")


def own_pair(folder: Path, *names: str) -> tuple[str, str, Authority]:
    """A certificate and a key of another authority, as somebody would import them."""
    other = Authority(folder)
    text = other.issue(names).read_text()
    key, _, rest = text.partition("-----BEGIN CERTIFICATE-----")
    leaf = "-----BEGIN CERTIFICATE-----" + rest.partition("-----BEGIN CERTIFICATE-----")[0]
    return leaf, key, other


def test_a_requested_certificate_is_signed_by_this_machine(site: Site, issued: str) -> None:
    site.https(issued)
    assert site.url().startswith("https://127.0.0.1:")
    answer = site.get()
    assert (answer.status_code, answer.text) == (200, "safe")
    assert requests.get(site.url().replace("127.0.0.1", "localhost"), timeout=10, verify=site.ca).ok
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(site.url(), timeout=10)
    dns = site.cloud.elbv2.describe_load_balancers(Names=[site.name])["LoadBalancers"][0]["DNSName"]
    assert site.shown("www.example.com") == {"www.example.com", "*.shop.example", dns, "localhost"}
    assert site.shown(dns) == site.shown("a.shop.example")
    if os.name == "posix":
        folder = site.cloud.elb.authority.folder
        for file in folder.iterdir():
            if "PRIVATE KEY" in file.read_text():
                assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_target_is_told_of_https(site: Site, cloud: SmallCloud, issued: str) -> None:
    group = cloud.group(site.name)
    address = cloud.task(forever, [cloud.security_group(f"{site.name}-task")])
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": 80}])
    site.https(issued, DefaultActions=[{"Type": "forward", "TargetGroupArn": group}])
    body = site.get(data=b"x" * 300_000).text.lower()
    assert "x-forwarded-proto: https" in body
    assert "x-forwarded-port: 443" in body


def test_a_redirect_from_http_leads_to_https(site: Site, cloud: SmallCloud, issued: str) -> None:
    site.https(issued)
    config = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    cloud.elbv2.create_listener(
        LoadBalancerArn=site.balancer, Protocol="HTTP", Port=80,
        DefaultActions=[{"Type": "redirect", "RedirectConfig": config}],
    )  # fmt: skip
    url = cloud.elb.url(site.name)[0]
    assert url.startswith("http://")
    answer = requests.get(f"{url}a?b=c", timeout=10, verify=site.ca)
    assert (answer.url, answer.text) == (f"{site.url()}a?b=c", "safe")


def test_certificates_by_name(site: Site, cloud: SmallCloud, issued: str, tmp_path: Path) -> None:
    listener = site.https(issued)
    second = requested(cloud, "second.example.com")
    added = cloud.elbv2.add_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": second}])
    assert added["Certificates"] == [{"CertificateArn": second, "IsDefault": False}]
    cloud.elbv2.add_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": second}])
    shown = cloud.elbv2.describe_listener_certificates(ListenerArn=listener)["Certificates"]
    assert [(one["CertificateArn"], one["IsDefault"]) for one in shown] == [(issued, True), (second, False)]
    site.url()
    assert "second.example.com" in site.shown("second.example.com")
    assert "second.example.com" not in site.shown("localhost")
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        cloud.elbv2.remove_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": issued}])
    cloud.elbv2.modify_listener(ListenerArn=listener, Certificates=[{"CertificateArn": second}])
    shown = cloud.elbv2.describe_listener_certificates(ListenerArn=listener)["Certificates"]
    assert [(one["CertificateArn"], one["IsDefault"]) for one in shown] == [(second, True), (second, False)]
    cloud.elbv2.remove_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": second}])
    site.url()
    assert "second.example.com" in site.shown("localhost")


@pytest.mark.parametrize("service", ["acm", "iam"])
def test_an_imported_certificate_is_shown_as_it_is(site: Site, cloud: SmallCloud, service: str, tmp_path: Path) -> None:
    leaf, key, other = own_pair(tmp_path, "own.example.com")
    client = cloud.client(service)
    if service == "acm":
        arn = client.import_certificate(Certificate=leaf.encode(), PrivateKey=key.encode())["CertificateArn"]
    else:
        made = client.upload_server_certificate(ServerCertificateName=site.name, CertificateBody=leaf, PrivateKey=key)
        arn = made["ServerCertificateMetadata"]["Arn"]
    client.close()
    site.https(arn)
    assert requests.get(site.url(), timeout=10, verify=str(other.ca_file)).text == "safe"
    with pytest.raises(requests.exceptions.SSLError):
        site.get()


def test_the_policy_says_which_versions(site: Site, cloud: SmallCloud, issued: str) -> None:
    listener = site.https(issued, SslPolicy="ELBSecurityPolicy-TLS13-1-3-2021-06")
    old = ssl.create_default_context(cafile=site.ca)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    url = site.url()
    with pytest.raises(ssl.SSLError), connection(url, old, "localhost") as sock:
        sock.recv(1)
    cloud.elbv2.modify_listener(ListenerArn=listener, SslPolicy="ELBSecurityPolicy-TLS-1-2-2017-01")
    site.url()
    with connection(url, old, "localhost") as sock:
        assert sock.version() == "TLSv1.2"
    new = ssl.create_default_context(cafile=site.ca)
    new.set_alpn_protocols(["h2", "http/1.1"])
    with connection(url, new, "localhost") as sock:
        assert sock.selected_alpn_protocol() == "http/1.1"


def test_a_client_that_does_not_speak_tls_harms_nobody(site: Site, issued: str) -> None:
    site.https(issued)
    port = int(site.url().rstrip("/").rpartition(":")[2])
    with Talk(socket.create_connection(("127.0.0.1", port), timeout=10)) as talk:
        talk.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert not talk.rest().startswith(b"HTTP")
    assert site.get().text == "safe"


def test_a_listener_changes_its_protocol(site: Site, cloud: SmallCloud, issued: str) -> None:
    listener = site.https(issued)
    secure = site.url()
    assert site.get().text == "safe"
    cloud.elbv2.modify_listener(ListenerArn=listener, Protocol="HTTP")
    plain = cloud.elb.url(f"{site.name}:443")[0]
    assert plain == secure.replace("https", "http")
    until(lambda: requests.get(plain, timeout=10).text == "safe")
    cloud.elbv2.modify_listener(ListenerArn=listener, Protocol="HTTPS", Certificates=[{"CertificateArn": issued}])
    assert site.url() == secure
    until(lambda: site.get().text == "safe")


def test_actions_that_are_not_simulated_say_so(site: Site, issued: str) -> None:
    config = {
        "Issuer": "https://idp.example", "AuthorizationEndpoint": "https://idp.example/a", "ClientId": "x",
        "TokenEndpoint": "https://idp.example/t", "UserInfoEndpoint": "https://idp.example/u", "ClientSecret": "y",
    }  # fmt: skip
    sign_in = {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": config}
    site.https(issued, DefaultActions=[sign_in, OK[0] | {"Order": 2}])
    answer = site.get()
    assert answer.status_code == 501
    assert "does not simulate the action authenticate-oidc" in answer.text


def test_bad_https_listeners(site: Site, cloud: SmallCloud, issued: str) -> None:
    def code(**more: Any) -> str:
        settings = {"LoadBalancerArn": site.balancer, "Protocol": "HTTPS", "Port": 443, "DefaultActions": OK} | more
        with pytest.raises(ClientError) as raised:
            cloud.elbv2.create_listener(**settings)
        return str(raised.value.response["Error"]["Code"])

    certificate = [{"CertificateArn": issued}]
    assert code() == "ValidationError"
    assert code(Certificates=certificate * 2) == "ValidationError"
    assert code(Certificates=[{"CertificateArn": issued + "0"}]) == "CertificateNotFound"
    iam = issued.replace(":acm:us-east-1:", ":iam::").replace(":certificate/", ":server-certificate/")
    assert code(Certificates=[{"CertificateArn": iam}]) == "CertificateNotFound"
    assert code(Certificates=certificate, SslPolicy="ELBSecurityPolicy-None") == "SSLPolicyNotFound"
    assert code(Protocol="HTTP", Port=80, Certificates=certificate) == "ValidationError"
    acm = cloud.client("acm")
    fresh = acm.request_certificate(DomainName="fresh.example.com")["CertificateArn"]
    acm.close()
    assert code(Certificates=[{"CertificateArn": fresh}]) == "UnsupportedCertificate"
    listener = site.https(issued)
    with pytest.raises(ClientError, match="CertificateNotFound"):
        cloud.elbv2.add_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": issued + "0"}])
    with pytest.raises(ClientError, match="ListenerNotFound"):
        cloud.elbv2.describe_listener_certificates(ListenerArn=listener + "0")


def test_a_target_that_speaks_https(site: Site, cloud: SmallCloud, issued: str, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Authority(tmp_path).issue(["anybody.example"]))  # nobody asks whose it is

    def target(talk: Talk) -> None:
        talk.sock = context.wrap_socket(talk.sock, server_side=True)
        forever(talk)

    group = cloud.group(site.name, Protocol="HTTPS", Port=443)
    tasks = cloud.security_group(f"{site.name}-task", port=443)
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": cloud.task(target, [tasks], 443)}])
    site.https(issued, DefaultActions=[{"Type": "forward", "TargetGroupArn": group}])
    until(lambda: cloud.states(group) == ["healthy"])
    for _ in range(3):
        assert site.get().text.startswith("GET / HTTP/1.1")


def test_the_target_may_be_told_what_was_agreed_on(site: Site, cloud: SmallCloud, issued: str) -> None:
    group = cloud.group(site.name)
    address = cloud.task(forever, [cloud.security_group(f"{site.name}-task")])
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": address}])
    site.https(issued, DefaultActions=[{"Type": "forward", "TargetGroupArn": group}])
    assert "tls-version" not in site.get().text.lower()
    key = "routing.http.x_amzn_tls_version_and_cipher_suite.enabled"
    cloud.elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=site.balancer, Attributes=[{"Key": key, "Value": "true"}]
    )
    site.url()
    seen = site.get().text
    assert "X-Amzn-Tls-Version: TLSv1." in seen
    assert "X-Amzn-Tls-Cipher-Suite: " in seen

    name = "routing.http.request.x_amzn_tls_version.header_name"
    (listener,) = cloud.elbv2.describe_listeners(LoadBalancerArn=site.balancer)["Listeners"]
    cloud.elbv2.modify_listener_attributes(
        ListenerArn=listener["ListenerArn"], Attributes=[{"Key": name, "Value": "X-My-Version"}]
    )
    site.url()
    renamed = site.get().text
    assert "X-My-Version: TLSv1." in renamed
    assert "X-Amzn-Tls-Version" not in renamed


def test_a_websocket_over_tls(site: Site, cloud: SmallCloud, issued: str) -> None:
    group = cloud.group(site.name)
    address = cloud.task(frames, [cloud.security_group(f"{site.name}-task")])
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": address}])
    site.https(issued, DefaultActions=[{"Type": "forward", "TargetGroupArn": group}])
    client = websocket.create_connection(site.url().replace("https", "wss"), timeout=10, sslopt={"ca_certs": site.ca})
    client.send("safe and sound")
    assert client.recv() == "safe and sound"
    client.close()


def test_the_authority_stays_the_same_across_restarts(tmp_path: Path) -> None:
    first = Authority(tmp_path)
    file = first.issue(["a.example"])
    again = Authority(tmp_path)
    assert again.issue(["a.example"]) == file
    assert again.issue(["b.example"]) != file
    assert again.ca_file.read_text() == first.ca_file.read_text()
    again.ca_file.write_text("broken")
    assert Authority(tmp_path).issue(["a.example"]) != file
