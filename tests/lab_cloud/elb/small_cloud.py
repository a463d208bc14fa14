"""Enough of the cloud for load balancing: moto, overrides, reconciler and data plane; boto3 without HTTP."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from lab_cloud.clock import Clock
from lab_cloud.elb.api import ElbApi
from lab_cloud.elb.reconciler import Elb
from lab_cloud.network.addresses import AddressBook
from lab_cloud.network.api import NetworkApi
from lab_cloud.wire import moto_ec2, moto_load
from lab_cloud.wire.dispatch import Dispatcher
from lab_cloud.wire.moto_apps import MotoApps
from lab_cloud.wire.sigv4 import Request, Signer
from lab_cloud.world import World
from tests.waiting import until

from .stage import Backend, LoopThread, Talk

REGION = "us-east-1"


class SmallCloud:
    def __init__(self, home: Path | None = None, speed: float = 60.0) -> None:
        moto_load.load()
        self.thread = LoopThread(server_loop())
        self.world = World(Clock(speed))
        self.book = AddressBook()
        self.elb = Elb(self.world, self.book, home)
        self.moto = MotoApps()
        self.forget()
        self.dispatcher = Dispatcher(self.moto, self.world.wake)
        self.dispatcher.override("elbv2", ElbApi(self.elb))
        self.dispatcher.override("ec2", NetworkApi())
        self.world.add(self.elb)
        self.world.start(self.thread.loop)
        self.elb.start()
        self.ec2 = self.client("ec2")
        self.elbv2 = self.client("elbv2")
        self.backends: list[Backend] = []
        self._closed = False

    def forget(self) -> None:
        """An empty account; quicker than moto's own reset, which makes every backend anew first."""
        from moto.core.base_backend import BackendDict

        with self.world.lock:
            for backends in BackendDict._instances:
                backends.clear()

    def client(self, service: str) -> Any:
        made = boto3.client(service, REGION, aws_access_key_id="a", aws_secret_access_key="b")
        made.meta.events.register("before-send", self._send)
        return made

    def _send(self, request: AWSPreparedRequest, **_others: Any) -> AWSResponse:
        path, _, query = request.url.partition("://")[2].partition("/")[2].partition("?")
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else bytes(body)
        service = headers["authorization"].split("/")[3]
        with self.world.lock:
            answer = self.dispatcher.answer(
                Request(request.method, f"/{path}", query, headers, body), Signer("a", REGION, service)
            )
        return AWSResponse(request.url, answer.status, answer.headers, _Raw(answer.body))

    # what a learner makes first

    def subnets(self, count: int = 2) -> list[str]:
        found = self.ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
        return [one["SubnetId"] for one in sorted(found, key=lambda one: one["AvailabilityZone"])[:count]]

    def vpc(self) -> str:
        return str(self.ec2.describe_vpcs()["Vpcs"][0]["VpcId"])

    def security_group(self, name: str = "web", port: int | None = 80, cidr: str = "0.0.0.0/0") -> str:
        group = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc())["GroupId"]
        if port is not None:
            rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}
            self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
        return str(group)

    def balancer(self, groups: list[str], name: str = "demo", **more: Any) -> str:
        made = self.elbv2.create_load_balancer(Name=name, Subnets=self.subnets(), SecurityGroups=groups, **more)
        return str(made["LoadBalancers"][0]["LoadBalancerArn"])

    def group(self, name: str = "web", **more: Any) -> str:
        settings = {"Protocol": "HTTP", "Port": 80, "VpcId": self.vpc(), "TargetType": "ip"} | more
        return str(self.elbv2.create_target_group(Name=name, **settings)["TargetGroups"][0]["TargetGroupArn"])

    def listener(self, balancer: str, group: str, port: int = 80) -> str:
        made = self.elbv2.create_listener(
            LoadBalancerArn=balancer, Protocol="HTTP", Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )  # fmt: skip
        return str(made["Listeners"][0]["ListenerArn"])

    def task(self, script: Any, groups: list[str], port: int = 80) -> str:
        """What ECS does for a task: an interface, a process, an entry in the book; returns the address."""
        backend = Backend(script)
        self.backends.append(backend)
        with self.world.lock:
            eni = moto_ec2.create_eni(REGION, self.subnets()[0], groups)
        self.book.add(eni.private_ip, port, backend.port)
        return eni.private_ip

    def health(self, group: str) -> list[dict[str, Any]]:
        answer = self.elbv2.describe_target_health(TargetGroupArn=group)
        return list(answer["TargetHealthDescriptions"])

    def states(self, group: str) -> list[str]:
        return [one["TargetHealth"]["State"] for one in self.health(group)]

    def get(self, name: str, path: str = "/") -> bytes:
        url, _warning = self.elb.url(name)
        return get(url, path)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.world.close()
        self.thread.run(self.elb.stop())
        self.elb.close()
        for backend in self.backends:
            backend.close()
        self.thread.close()
        for client in (self.ec2, self.elbv2):
            client.close()


def server_loop() -> asyncio.AbstractEventLoop:
    """The loop that the server uses: uvloop where there is one.

    asyncio's own drops a connection that is accepted in the very moment its listener closes, and warns of it later.
    """
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def get(url: str, path: str = "/") -> bytes:
    """The whole answer to a GET."""
    import socket

    host, _, port = url.removeprefix("http://").strip("/").partition(":")
    with Talk(socket.create_connection((host, int(port)), timeout=10)) as talk:
        talk.send(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        return talk.rest()


class _Raw:
    """What botocore reads an answer from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_some: Any, **_others: Any) -> Iterator[bytes]:
        yield self._body

    def read(self, *_some: Any) -> bytes:
        body, self._body = self._body, b""
        return body


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallCloud]:
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")  # no policy matters here, and they take their time
    made = SmallCloud(tmp_path)
    yield made
    made.close()


__all__ = ["SmallCloud", "cloud", "get", "until"]
