"""What a listener does, as the data plane needs it: replaced as a whole when anything changes."""

from dataclasses import dataclass

from .counters import Counters
from .targets import Group


@dataclass(frozen=True, slots=True)
class Fixed:
    """Answer without a target."""

    status: int
    content_type: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Forward:
    """Pass the request to a target of one of these groups; each has a weight."""

    groups: tuple[tuple[Group, int], ...]


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
    action : Fixed or Forward
        What happens with a request.
    idle_timeout : float
        Real seconds.
    """

    balancer: str
    dns_name: bytes
    port: int
    action: Fixed | Forward
    counters: Counters
    refusal: str = ""
    idle_timeout: float = 60.0
    preserve_host: bool = False
    forwarded_for: str = "append"
    forwarded_for_port: bool = False
