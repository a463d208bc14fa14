"""Whose server a load may go to: only the learner's own. A load generator must not be a weapon."""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from lab_helpers.backends import Backend, Endpoint
from lab_helpers.errors import LoadRefused
from lab_helpers.inventory import Tags, pages
from lab_helpers.kinds_apprunner import pages_of
from lab_helpers.load.plan import split


def address(url: object, backend: Backend, client: Callable[[str], Any], learner: str) -> str:
    """Where a load on this URL connects.

    Parameters
    ----------
    url : str
        The page to ask for.
    backend : Backend
        The cloud that the lab talks to.
    client : callable
        Gives the client of a service, to find what the lab has made; only asked on the backend `aws`.
    learner : str
        Whose things count.

    Returns
    -------
    str
        An address or a name.

    Raises
    ------
    LoadRefused
        When it is no URL, or the server is not known to be the learner's own.

    Notes
    -----
    AWS allows tests of your own load balancers up to 1 Gbit/s without asking:
    https://aws.amazon.com/ec2/testing/
    """
    host = (split(url).hostname or "").lower().rstrip(".")
    if backend.name == "aws":
        if not _made_by_the_lab(host, client, Tags(learner)):
            raise LoadRefused(
                f"{host} is not a load balancer or service that a lab made in this account.",
                'A load goes only to your own servers. Take the address from lab.url("NAME").',
            )
        return host
    found = _loopback(host, resolve=isinstance(backend, Endpoint))
    if found:
        return found
    if isinstance(backend, Endpoint) and host == urlsplit(backend.address()).hostname:
        return host
    raise LoadRefused(
        f"{host} is not this machine.",
        'A load goes only to your own servers. Take the address from lab.url("NAME").',
    )


def _loopback(host: str, resolve: bool) -> str:
    """The loopback address that a host stands for; nothing when it stands for anything else."""
    if host == "localhost" or host.endswith(".localhost"):
        return "127.0.0.1"
    try:
        return host if ipaddress.ip_address(host).is_loopback else ""
    except ValueError:
        pass
    if not resolve:
        return ""
    try:
        found = [str(one[4][0]) for one in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except OSError:
        return ""
    ours = all(ipaddress.ip_address(one.partition("%")[0]).is_loopback for one in found)
    return sorted(found)[0] if found and ours else ""


def _made_by_the_lab(host: str, client: Callable[[str], Any], tags: Tags) -> bool:
    if host.endswith(".awsapprunner.com"):
        return _app_runner(host, client("apprunner"), tags)
    if host.endswith(".on.aws"):
        return _express(host, client("ecs"), tags)
    elbv2, name = client("elbv2"), host.removeprefix("dualstack.")
    for page in elbv2.get_paginator("describe_load_balancers").paginate():
        for balancer in page["LoadBalancers"]:
            if balancer.get("DNSName", "").lower() != name:
                continue
            told = elbv2.describe_tags(ResourceArns=[balancer["LoadBalancerArn"]])["TagDescriptions"]
            return any(tags.lab(one["Tags"]) is not None for one in told)
    return False


def _app_runner(host: str, apprunner: Any, tags: Tags) -> bool:
    for one in pages_of(apprunner, "list_services", "ServiceSummaryList"):
        if one["ServiceUrl"].lower() == host:
            return tags.lab(apprunner.list_tags_for_resource(ResourceArn=one["ServiceArn"])["Tags"]) is not None
    return False


def _express(host: str, ecs: Any, tags: Tags) -> bool:
    for cluster in pages(ecs, "list_clusters", "clusterArns"):
        for arn in pages(ecs, "list_services", "serviceArns", cluster=cluster, resourceManagementType="ECS"):
            found = ecs.describe_express_gateway_service(serviceArn=arn, include=["TAGS"])["service"]
            paths = [path for one in found["activeConfigurations"] for path in one["ingressPaths"]]
            if any(path["endpoint"].removeprefix("https://").lower() == host for path in paths):
                return tags.lab(found.get("tags")) is not None
    return False
