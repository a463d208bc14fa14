"""What has been created through the ELBv2 API: plain copies, read from the control plane at each tick."""

from dataclasses import dataclass, field
from typing import Literal

ActionKind = Literal["forward", "fixed-response", "redirect", "authenticate-cognito", "authenticate-oidc"]


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How a target group checks its targets.

    Parameters
    ----------
    protocol : str
        ``HTTP``, ``HTTPS`` or ``TCP``.
    port : str
        ``traffic-port``, or a number.
    path : str
        What is asked for.
    matcher : str
        The HTTP codes that count as success, such as ``200``, ``200-299`` or ``200,302``.
    interval, timeout : float
        AWS seconds; the interval is divided by the speed, the timeout is not.
    healthy_threshold, unhealthy_threshold : int
        How many checks in a row change the state.
    """

    enabled: bool = True
    protocol: str = "HTTP"
    port: str = "traffic-port"
    path: str = "/"
    matcher: str = "200"
    interval: float = 30.0
    timeout: float = 5.0
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group; `deregistration_delay` is in AWS seconds."""

    arn: str
    name: str
    region: str = "us-east-1"
    vpc_id: str = ""
    protocol: str = "HTTP"
    port: int = 80
    target_type: str = "ip"
    check: HealthCheck = HealthCheck()
    deregistration_delay: float = 300.0


@dataclass(frozen=True, slots=True)
class Action:
    """What a listener does with a request; `groups` are pairs of a target group's ARN and its weight."""

    kind: str
    groups: tuple[tuple[str, int], ...] = ()
    status: int = 200
    content_type: str = "text/plain"
    body: str = ""


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener; `targets` are the target groups that any of its rules names."""

    arn: str
    protocol: str
    port: int
    action: Action
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A load balancer with its listeners.

    Parameters
    ----------
    kind : str
        ``application``, ``network`` or ``gateway``.
    internal : bool
        Whether its scheme is internal.
    subnets : tuple of str
        Subnet ids.
    groups : tuple of str
        Security group ids.
    addresses : tuple of str
        Private addresses of its network interfaces.
    idle_timeout : float
        Real seconds without a byte after which a connection is given up.
    """

    arn: str
    name: str
    dns_name: str
    region: str = "us-east-1"
    kind: str = "application"
    internal: bool = False
    vpc_id: str = ""
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    listeners: tuple[Listener, ...] = ()
    idle_timeout: float = 60.0
    preserve_host: bool = False
    forwarded_for: str = "append"
    forwarded_for_port: bool = False


@dataclass(frozen=True)
class Balancing:
    """All load balancers and target groups of the account."""

    load_balancers: tuple[LoadBalancer, ...] = ()
    target_groups: dict[str, TargetGroup] = field(default_factory=dict)
