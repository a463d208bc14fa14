"""Which port and protocol a listener may have, and which target groups fit it.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import AwsError
from ..wire import moto_elb
from .model import LoadBalancer

PROTOCOLS = {"application": ("HTTP", "HTTPS"), "network": ("UDP", "TCP", "TLS", "TCP_UDP")}
FITTING = {
    "TCP": ("TCP", "TCP_UDP"),
    "TLS": ("TCP", "TLS"),
    "UDP": ("UDP", "TCP_UDP"),
    "TCP_UDP": ("TCP_UDP",),
}
"""Of a Network Load Balancer's listener: the protocols of target groups."""


def check_listener(balancer: LoadBalancer, port: int | None, protocol: str | None, own: str = "") -> None:
    """Refuse what a listener of this load balancer cannot be.

    Parameters
    ----------
    balancer : LoadBalancer
        Whose listener it is.
    port, protocol : int and str, or None
        What is asked for.
    own : str
        The ARN of the listener that is changed; empty for a new one.
    """
    if balancer.kind == "gateway":
        for noun, value in (("port", port), ("protocol", protocol)):
            if value is not None:
                raise AwsError("ValidationError", f"A {noun} cannot be specified for gateway listeners")
        return
    if port is None:
        raise AwsError("ValidationError", "A listener port must be specified")
    if protocol is None:
        raise AwsError("ValidationError", "A listener protocol must be specified")
    if "QUIC" in protocol:
        raise AwsError("UnsupportedProtocol", "The embedded cloud does not speak QUIC.")
    allowed = PROTOCOLS[balancer.kind]
    if protocol not in allowed:
        text = f"Listener protocol '{protocol}' must be one of '{', '.join(allowed)}'"
        raise AwsError("ValidationError", text)
    if any(one.port == port and one.arn != own for one in balancer.listeners):
        text = f"A listener already exists on port {port} for this load balancer '{balancer.arn}'"
        raise AwsError("DuplicateListener", text)


def check_groups_fit(region: str, protocol: str, actions: Iterable[Mapping[str, Any]]) -> None:
    """Refuse target groups whose protocol a Network Load Balancer's listener cannot be forwarded to."""
    fitting = FITTING.get(protocol)
    for action in actions:
        config = action.get("ForwardConfig") or {}
        arns = [one["TargetGroupArn"] for one in config.get("TargetGroups") or ()]
        for arn in {action.get("TargetGroupArn"), *arns} - {None}:
            group = moto_elb.target_group(region, str(arn))
            if group is not None and fitting is not None and group.protocol not in fitting:
                text = f"The target group '{arn}' with the protocol {group.protocol} does not fit a {protocol} listener"
                raise AwsError("IncompatibleProtocols", text)
