"""The three clouds that a notebook can talk to: embedded, endpoint, aws.

Each makes boto3 clients of the same kind; the cells do not know which one they use. `LAB_BACKEND` chooses.
"""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from . import cloud
from .address import Url, browser_address
from .aws.account import Aws
from .elsewhere import Elsewhere, dns_name
from .errors import BackendError, CloudUnavailable
from .waiting import ticking

REGION = "us-east-1"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

Hook = Callable[..., Any]


class Backend(Protocol):
    """A cloud, as the notebook's object sees it."""

    name: str
    delay: float | None
    """Seconds between two looks of a waiter; None keeps AWS's own."""
    speed: float
    """How many times shorter AWS's own waiting is."""

    def start(self, speed: float | None) -> str:
        """Make it ready; answers what tells it from the cloud before, of which nothing is left, or nothing."""

    def client(self, service: str, hook: Hook) -> Any:
        """A boto3 client; `hook` sees every call's parameters before they are sent."""

    def session(self, hook: Hook) -> Any:
        """A boto3 session whose clients reach this cloud."""

    def url(self, name: str) -> Url:
        """The address at which a load balancer answers from here."""

    def interrupt(self, task: str) -> str:
        """Interrupt a Fargate Spot task, and say what was done."""

    def hurried(self, skipped: list[float]) -> AbstractContextManager[None]:
        """While a lab's work is brought: no waiting that nobody watches, where the cloud can do without."""

    def now(self) -> datetime:
        """The calendar that schedules read."""

    def describe(self) -> str:
        """One line for the learner: which cloud this is."""


RUNTIMES = {
    "process": "plain processes, not isolated",
    "sandbox": "sandboxed processes",
    "docker": "real ones, run by the container engine",
}


class Embedded:
    """The cloud in this repository."""

    name = "embedded"
    delay: float | None = 0.1
    speed = 60.0
    runtime = "process"

    def __init__(self) -> None:
        self._session: Any = None

    def start(self, speed: float | None) -> str:
        """Start the cloud if it is not up; forget what an earlier one was reached by."""
        with ticking("the cloud"):
            identity, self.speed, self.runtime = cloud.start(speed)
        self._session = None
        return identity

    def client(self, service: str, hook: Hook) -> Any:
        """A client with this cloud's address and keys."""
        if self._session is None:
            self._session = self.session()
        return _hooked(self._session.client(service), hook)

    def session(self, hook: Hook | None = None) -> Any:
        """A session with this cloud's address and keys."""
        import boto3
        import botocore.config

        found = cloud.environment()
        core = _session(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"])
        core.get_component("config_store").set_config_variable("endpoint_url", found["AWS_ENDPOINT_URL"])
        # Never through a proxy: the cloud is on this machine.
        core.set_default_client_config(botocore.config.Config(proxies={}, s3={"addressing_style": "path"}))
        core.register("needs-retry", _cloud_gone)
        if hook is not None:
            core.register("provide-client-params", hook)
        return boto3.Session(botocore_session=core, region_name=found.get("AWS_REGION", REGION))

    def url(self, name: str) -> Url:
        """The loopback port that stands for the load balancer."""
        local = cloud.url(name).rstrip("/")
        return Url(local, browser_address(local))

    def interrupt(self, task: str) -> str:
        """Let the cloud act as if it needed the capacity back."""
        return cloud.interrupt(task)

    def hurried(self, skipped: list[float]) -> AbstractContextManager[None]:
        """What AWS prepares is ready at once; `skipped` gets the seconds that it takes on AWS."""
        return cloud.hurried(skipped)

    def now(self) -> datetime:
        """The lab calendar, which runs at the cloud's speed."""
        found = cloud.status().get("calendar")
        if not found:
            raise CloudUnavailable("The embedded cloud is not running.", "Run lab.start() first.")
        return datetime.fromisoformat(found)

    def describe(self) -> str:
        """Name, speed, and how containers run."""
        containers = RUNTIMES.get(self.runtime, self.runtime)
        return f"the embedded cloud (AWS's own waiting is divided by {self.speed:g}; containers are {containers})"


class Endpoint(Elsewhere):
    """Any AWS-compatible endpoint, reached as `localstack_client` finds it."""

    name = "endpoint"
    delay: float | None = 0.5
    speed = 1.0

    def start(self, speed: float | None) -> str:
        """Ask who we are, so that a wrong address is told at once."""
        import botocore.exceptions

        if speed is not None:
            raise BackendError("Only the embedded cloud has a speed.", "Call lab.start() without it.")
        try:
            self.client("sts", lambda **_: None).get_caller_identity()
        except botocore.exceptions.BotoCoreError as error:
            raise BackendError(
                f"No cloud answers at {self.address()}: {error}",
                "Start it, or set LOCALSTACK_HOST=host:port (or AWS_ENDPOINT_URL) to where it is.",
            ) from error
        return ""

    def client(self, service: str, hook: Hook) -> Any:
        """A client through `localstack_client`, or plain boto3 for the services that it does not list."""
        import boto3
        from localstack_client import config
        from localstack_client.session import Session

        if service in config.get_service_endpoints():
            found = Session(*self._keys(), region_name=self._region()).client(service)
        else:
            found = boto3.client(service, endpoint_url=self.address(), **self._named_keys(), region_name=self._region())
        return _hooked(found, hook)

    def session(self, hook: Hook) -> Any:
        """A boto3 session with the endpoint's address."""
        import boto3

        core = _session(*self._keys())
        core.get_component("config_store").set_config_variable("endpoint_url", self.address())
        core.register("provide-client-params", hook)
        return boto3.Session(botocore_session=core, region_name=self._region())

    def address(self) -> str:
        """The endpoint's URL."""
        from localstack_client import config

        return str(config.get_service_endpoints()["sts"])

    def url(self, name: str) -> Url:
        """The load balancer's DNS name; a local endpoint answers on its own port unless the name has one."""
        elbv2 = self.client("elbv2", lambda **_: None)
        host, address = dns_name(elbv2, name), self.address()
        if host.endswith(".elb.amazonaws.com") and urlsplit(address).hostname in LOOPBACK:
            # Nobody but AWS resolves that name. MiniStack serves its load balancers below this path.
            found = elbv2.describe_load_balancers()["LoadBalancers"]
            names = [one["LoadBalancerName"] for one in found if one["DNSName"] == host]
            if names:
                return Url(f"{address.rstrip('/')}/_alb/{names[0]}")
        port = address.rsplit(":", 1)[-1]
        local = host.endswith(("localhost", ".localstack.cloud")) and port.isdigit()
        return Url(f"http://{host}:{port}" if local else f"http://{host}")

    def describe(self) -> str:
        """The endpoint's address."""
        return f"the endpoint {self.address()}"

    def _keys(self) -> tuple[str, str]:
        return os.environ.get("AWS_ACCESS_KEY_ID", "test"), os.environ.get("AWS_SECRET_ACCESS_KEY", "test")

    def _named_keys(self) -> dict[str, str]:
        access, secret = self._keys()
        return {"aws_access_key_id": access, "aws_secret_access_key": secret}

    def _region(self) -> str:
        return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or REGION


def choose() -> Backend:
    """The backend that `LAB_BACKEND` names; the embedded cloud when it is not set.

    Raises
    ------
    BackendError
        When it names none of the three.
    """
    name = os.environ.get("LAB_BACKEND") or "embedded"
    kinds: dict[str, Callable[[], Backend]] = {"embedded": Embedded, "endpoint": Endpoint, "aws": Aws}
    if name not in kinds:
        raise BackendError(f"LAB_BACKEND is {name!r}, which is no backend.", f"Set it to one of {', '.join(kinds)}.")
    return kinds[name]()


def _session(access_key: str, secret_key: str) -> Any:
    """A botocore session that reads nothing of the learner's own AWS configuration."""
    import botocore.session

    core = botocore.session.Session(profile=None)
    store = core.get_component("config_store")
    store.set_config_variable("profile", None)
    for variable in ("config_file", "credentials_file"):
        store.set_config_variable(variable, os.devnull)
    core.set_credentials(access_key, secret_key)
    return core


def _hooked(client: Any, hook: Hook) -> Any:
    """The client, with a hook that sees each call's parameters: one session serves several labs, a client only one."""
    client.meta.events.register("provide-client-params", hook)
    return client


def _cloud_gone(caught_exception: Exception | None = None, **_: Any) -> None:
    import botocore.exceptions

    if isinstance(caught_exception, botocore.exceptions.EndpointConnectionError):
        raise CloudUnavailable(
            "The embedded cloud does not answer any more.",
            "Run lab.start() again, then the cells that make your clients.",
        ) from None
