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
class Stickiness:
    """How a target group keeps a client with its target.

    Parameters
    ----------
    kind : str
        ``lb_cookie``, ``app_cookie`` or, for TCP, ``source_ip``.
    seconds : int
        Real seconds, since the client's own clock also counts them.
    cookie : str
        The application's cookie, for ``app_cookie``.
    """

    kind: str
    seconds: int
    cookie: str = ""


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group.

    Parameters
    ----------
    deregistration_delay : float
        AWS seconds.
    algorithm : str
        AWS's word.
    preserve_client_ip : bool
        For TCP: whether a target's security group has to admit the client, rather than the load balancer.
    proxy_protocol : bool
        For TCP: whether a header with the client's address goes before its bytes.
    terminate_on_deregistration, terminate_on_unhealthy : bool
        For TCP: whether flows end with the deregistration delay, and when their target becomes unhealthy.
    """

    arn: str
    name: str
    region: str = "us-east-1"
    vpc_id: str = ""
    protocol: str = "HTTP"
    port: int = 80
    target_type: str = "ip"
    check: HealthCheck = HealthCheck()
    deregistration_delay: float = 300.0
    algorithm: str = "round_robin"
    stickiness: Stickiness | None = None
    preserve_client_ip: bool = False
    proxy_protocol: bool = False
    terminate_on_deregistration: bool = False
    terminate_on_unhealthy: bool = True


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where a redirect leads; each part may hold the placeholders of the request's own parts."""

    status: int = 302
    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"


@dataclass(frozen=True, slots=True)
class Action:
    """What a listener does with a request.

    Parameters
    ----------
    groups : tuple
        Pairs of a target group's ARN and its weight.
    sticky : int
        Real seconds for which a client stays with its target group; 0 when it need not.
    """

    kind: str
    groups: tuple[tuple[str, int], ...] = ()
    status: int = 200
    content_type: str = "text/plain"
    body: str = ""
    sticky: int = 0
    redirect: Redirect = Redirect()


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a rule.

    Parameters
    ----------
    field : str
        ``host-header``, ``path-pattern``, ``http-header``, ``http-request-method``, ``query-string`` or ``source-ip``.
    values : tuple of str
        With the wildcards ``*`` and ``?``, where AWS has them; any of them will do.
    regexes : tuple of str
        Regular expressions; any of them will do.
    header : str
        The header's name, for ``http-header``.
    pairs : tuple
        Keys and values, for ``query-string``; None is a key that may be any.
    """

    field: str
    values: tuple[str, ...] = ()
    regexes: tuple[str, ...] = ()
    header: str = ""
    pairs: tuple[tuple[str | None, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A change of the request on its way to the target: of its host (``host-header-rewrite``) or its URL."""

    kind: str
    regex: str
    replace: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a listener: all conditions must hold."""

    arn: str
    priority: int
    conditions: tuple[Condition, ...]
    action: Action
    rewrites: tuple[Rewrite, ...] = ()


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate of ACM or IAM.

    Parameters
    ----------
    names : tuple of str
        The host names that it is for.
    pem : str
        Private key, certificate and chain, when it was imported; empty when it was requested.
    issued : bool
        False as long as ACM waits for the proof that the domain is the caller's.
    """

    arn: str
    names: tuple[str, ...] = ()
    pem: str = field(default="", repr=False)
    issued: bool = True


@dataclass(frozen=True, slots=True)
class HeaderChanges:
    """What a listener's attributes change in heads.

    Parameters
    ----------
    added : tuple
        Names and values that every answer carries, in place of what the target says under the same names.
    server : bool
        Whether answers of the load balancer's own carry its Server header.
    tls_version, tls_cipher : str
        The names of the request's headers that tell the target of TLS.
    """

    added: tuple[tuple[str, str], ...] = ()
    server: bool = True
    tls_version: str = "X-Amzn-Tls-Version"
    tls_cipher: str = "X-Amzn-Tls-Cipher-Suite"


NO_CHANGES = HeaderChanges()


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener.

    Parameters
    ----------
    action : Action
        That of the default rule.
    targets : tuple of str
        The target groups that any of its rules names.
    rules : tuple of Rule
        The others, by priority.
    idle_timeout : float
        Of a TCP listener: real seconds without a byte after which a flow is given up.
    certificates : tuple of Certificate
        The default one first.
    protocols : tuple of str
        The TLS versions of its security policy.
    headers : HeaderChanges
        What its attributes change in heads.
    """

    arn: str
    protocol: str
    port: int
    action: Action
    targets: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    idle_timeout: float = 350.0
    certificates: tuple[Certificate, ...] = ()
    protocols: tuple[str, ...] = ()
    headers: HeaderChanges = NO_CHANGES


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
    keep_alive : float
        Real seconds after which a client's connection takes one more request and is closed.
    desync, drop_invalid, tls_headers
        As `Listening` has them.
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
    keep_alive: float = 3600.0
    preserve_host: bool = False
    forwarded_for: str = "append"
    forwarded_for_port: bool = False
    desync: str = "defensive"
    drop_invalid: bool = False
    tls_headers: bool = False


@dataclass(frozen=True)
class Balancing:
    """All load balancers and target groups of the account."""

    load_balancers: tuple[LoadBalancer, ...] = ()
    target_groups: dict[str, TargetGroup] = field(default_factory=dict)
