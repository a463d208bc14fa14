"""What a decision on reachability looks at: plain copies of EC2's state."""

from dataclasses import dataclass, field
from typing import Literal

DefaultRoute = Literal["internet-gateway", "nat", "none"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One inbound rule: a protocol, a range of ports, and either a CIDR block or a security group as the source.

    Parameters
    ----------
    protocol : str
        ``tcp``, ``udp``, ``icmp``, a number, or ``-1`` for all.
    from_port, to_port : int or None
        None means all ports.
    cidr : str or None
        The block of IPv4 addresses that may send.
    group : str or None
        The id of the security group whose members may send.
    """

    protocol: str
    from_port: int | None = None
    to_port: int | None = None
    cidr: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A security group with its inbound rules."""

    id: str
    name: str
    vpc_id: str
    inbound: tuple[Rule, ...] = ()
    default: bool = False


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet and where its packets for the internet go.

    Parameters
    ----------
    id, vpc_id, zone, cidr : str
        As EC2 describes them; `zone` is the Availability Zone's name.
    default_route : str
        Where 0.0.0.0/0 leads: ``internet-gateway``, ``nat`` (any device that translates addresses), or ``none``.
    endpoints : frozenset of str
        Services with a VPC endpoint that this subnet can use, such as ``ecr.dkr``, ``ecr.api``, ``s3``, ``logs``.
    """

    id: str
    vpc_id: str
    zone: str
    cidr: str
    default_route: DefaultRoute = "none"
    endpoints: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Eni:
    """A network interface."""

    id: str
    subnet_id: str
    private_ip: str
    mac: str
    private_dns: str
    groups: tuple[str, ...] = ()
    public_ip: str | None = None


@dataclass(frozen=True)
class Network:
    """Of one region, what the load balancers need.

    Parameters
    ----------
    groups : dict
        Its security groups by id.
    members : dict
        The groups of each private address, and of each instance.
    instances : dict
        The private address of each instance.
    states : dict
        The state of each instance, in EC2's words.
    """

    groups: dict[str, SecurityGroup] = field(default_factory=dict)
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    instances: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
