"""Load balancers, listeners and target groups as the Describe operations show them.

Every function must be called under the world's lock.
"""

import importlib
from typing import Any

from . import moto_elb, moto_load
from .call import ACCOUNT


def balancers(region: str) -> list[dict[str, Any]]:
    """All load balancers; one that was still being provisioned is active from now on."""
    found = list(_backend(region).load_balancers.values())
    for one in found:
        one.activate()
    return [moto_elb.describe_balancer(one) for one in found]


def listeners(region: str) -> list[dict[str, Any]]:
    """All listeners."""
    return [
        describe_listener(one)
        for balancer in _backend(region).load_balancers.values()
        for one in balancer.listeners.values()
    ]


def target_groups(region: str) -> list[dict[str, Any]]:
    """All target groups, by name."""
    users = moto_elb.users(region)
    found = sorted(_backend(region).target_groups.values(), key=lambda one: str(one.name))
    return [moto_elb.describe_group(one, users.get(one.arn, [])) for one in found]


def ssl_policies() -> list[dict[str, Any]]:
    """All security policies of TLS."""
    moto_load.load()
    policies = importlib.import_module("moto.elbv2.ssl_policies")
    return [policies.build_policy(name, data) for name, data in policies.SSL_POLICIES.items()]


def describe_listener(found: Any) -> dict[str, Any]:
    """A listener as AWS shows it."""
    secure = found.protocol in ("HTTPS", "TLS")
    shown: dict[str, Any] = {
        "ListenerArn": found.arn,
        "LoadBalancerArn": found.load_balancer_arn,
        "Port": int(found.port) if found.port else None,
        "Protocol": found.protocol or None,
        "DefaultActions": [action.data for action in found.default_actions],
        "SslPolicy": found.ssl_policy if secure else None,
        "Certificates": [{"CertificateArn": found.certificate}] if found.certificate else None,
        "AlpnPolicy": found.alpn_policy or None,
        "MutualAuthentication": {"Mode": "off"} if found.protocol == "HTTPS" else None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _backend(region: str) -> Any:
    moto_load.load()
    return importlib.import_module("moto.elbv2.models").elbv2_backends[ACCOUNT][region]
