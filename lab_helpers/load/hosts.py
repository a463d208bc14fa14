"""Whose server a load may go to: only the learner's own. A load generator must not be a weapon."""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from lab_helpers import tagging
from lab_helpers.backends import Backend, Endpoint
from lab_helpers.errors import LoadRefused
from lab_helpers.load.plan import split


def address(url: object, backend: Backend, elbv2: Callable[[], Any], learner: str) -> str:
    """Where a load on this URL connects.

    Parameters
    ----------
    url : str
        The page to ask for.
    backend : Backend
        The cloud that the lab talks to.
    elbv2 : callable
        Gives the client that finds the account's load balancers; only asked on the backend `aws`.
    learner : str
        Whose load balancers count.

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
        if not _made_by_the_lab(host, elbv2(), learner):
            raise LoadRefused(
                f"{host} is not a load balancer that a lab made in this account.",
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


def _made_by_the_lab(host: str, elbv2: Any, learner: str) -> bool:
    name = host.removeprefix("dualstack.")
    for page in elbv2.get_paginator("describe_load_balancers").paginate():
        for balancer in page["LoadBalancers"]:
            if balancer.get("DNSName", "").lower() != name:
                continue
            told = elbv2.describe_tags(ResourceArns=[balancer["LoadBalancerArn"]])["TagDescriptions"]
            tags = {tag["Key"]: tag.get("Value", "") for one in told for tag in one["Tags"]}
            key, value = tagging.COURSE_TAG
            return tags.get(key) == value and tags.get(tagging.LEARNER_KEY) == learner
    return False
