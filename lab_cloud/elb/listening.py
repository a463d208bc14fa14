"""What a listener does, as the data plane needs it: replaced as a whole when anything changes."""

from dataclasses import dataclass, field

from .counters import Counters, FlowCounters
from .model import NO_CHANGES, HeaderChanges, Redirect, Rewrite
from .redirects import Neighbours
from .rules import Test
from .targets import Group


@dataclass(frozen=True, slots=True)
class Fixed:
    """Answer without a target."""

    status: int
    content_type: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Forward:
    """Pass the request to a target of one of these groups; each has a weight.

    `sticky` is for how many seconds a client stays with its group; 0 when it need not. `limit` is how many requests a
    single group answers at once, 0 for any number: App Runner's, which refuses the next one. `credits` is what each
    group has saved up for its next request.
    """

    groups: tuple[tuple[Group, int], ...]
    sticky: int = 0
    limit: int = 0
    credits: dict[int, int] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Refer:
    """Send the client elsewhere."""

    redirect: Redirect


Deed = Fixed | Forward | Refer


@dataclass(frozen=True, slots=True)
class Route:
    """What a rule does with a request, and how it changes it on the way to the target."""

    deed: Deed
    rewrites: tuple[Rewrite, ...] = ()


@dataclass(frozen=True, slots=True)
class Listening:
    """All that the data plane has to know of one listener.

    Parameters
    ----------
    balancer : str
        The load balancer's name.
    dns_name : bytes
        Its DNS name, for the Host header.
    port : int
        The listener's port on AWS.
    refusal : str
        Why nobody gets in; empty when the listener is open.
    action : Fixed, Forward or Refer
        What happens with a request that meets no rule.
    scheme : bytes
        ``http`` or ``https``.
    rules : tuple
        Tests, in the order of their priority, and what happens with a request that meets one.
    neighbours : tuple
        All listeners of the load balancer, for redirects.
    idle_timeout : float
        Real seconds.
    keep_alive : float
        Real seconds after which a client's connection takes one more request and is closed.
    desync : str
        The desync mitigation mode, in AWS's words.
    drop_invalid : bool
        Whether headers with odd names are left out.
    tls_headers : bool
        Whether the target is told which TLS version and cipher suite the client speaks.
    headers : HeaderChanges
        What the listener's attributes change in heads.
    flows : FlowCounters or None
        The counters of a load balancer that carries bytes and looks into no request; None for an application one.
    """

    balancer: str
    dns_name: bytes
    port: int
    action: Deed
    counters: Counters
    refusal: str = ""
    scheme: bytes = b"http"
    rules: tuple[tuple[Test, Route], ...] = ()
    neighbours: Neighbours = ()
    idle_timeout: float = 60.0
    keep_alive: float = 3600.0
    flows: FlowCounters | None = None
    preserve_host: bool = False
    forwarded_for: str = "append"
    forwarded_for_port: bool = False
    desync: str = "defensive"
    drop_invalid: bool = False
    tls_headers: bool = False
    headers: HeaderChanges = NO_CHANGES
