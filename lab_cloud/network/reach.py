"""May this traffic pass? Security groups and routes, decided as AWS decides, and explained.

Pure functions of plain dataclasses. A refusal is one sentence that names the rule that is missing, because that is
what a learner has to add.

The learner's own client comes from 127.0.0.1, which stands for an address on the internet: a rule lets it in when its
block holds 127.0.0.1 itself or any public address (so the usual "my IP" rule works, whatever that IP is). Blocks of
private addresses and of the documentation ranges (such as 203.0.113.0/24) are somebody else's.

References
----------
https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

from .model import Rule, SecurityGroup, Subnet

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8")
SOMEBODY_ELSE = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "169.254.0.0/16")
NOT_THE_LEARNER = tuple(IPv4Network(block) for block in PRIVATE + SOMEBODY_ELSE)
LEARNER = IPv4Address("127.0.0.1")
PULL_ENDPOINTS = frozenset({"ecr.api", "ecr.dkr", "s3"})


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether traffic passes; if not, which rule or route is missing."""

    allowed: bool
    reason: str = ""


ALLOWED = Admission(True)


@dataclass(frozen=True, slots=True)
class Source:
    """Where traffic comes from.

    Parameters
    ----------
    name : str
        How a sentence names it: "your address", "the load balancer DemoALB".
    addresses : tuple of str
        Its private addresses; none for a client on the internet.
    groups : tuple of str
        Ids of its security groups.
    """

    name: str
    addresses: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


INTERNET = Source("your address")


def admits(
    groups: Sequence[str], source: Source, port: int, known: Mapping[str, SecurityGroup], protocol: str = "tcp"
) -> Admission:
    """May `source` open a connection to something with these security groups?

    Parameters
    ----------
    groups : sequence of str
        Ids of the destination's groups; a rule of any of them is enough. No group at all means that nothing filters.
    source : Source
        Who connects.
    port : int
        The destination's port.
    known : mapping
        Security groups by id.
    protocol : str
        ``tcp`` or ``udp``.

    Returns
    -------
    Admission
        With a reason when refused.
    """
    if not groups:
        return ALLOWED
    members = [known[group] for group in groups if group in known]
    if any(rule_admits(rule, source, port, protocol) for group in members for rule in group.inbound):
        return ALLOWED
    return Admission(False, _refusal(members, source, port, protocol, known))


def rule_admits(rule: Rule, source: Source, port: int, protocol: str = "tcp") -> bool:
    """Does this one inbound rule let the source in?"""
    return rule_covers(rule, port, protocol) and _from_source(rule, source)


def rule_covers(rule: Rule, port: int, protocol: str = "tcp") -> bool:
    """Does this rule speak of the port at all?"""
    if rule.protocol == "-1":
        return True
    if rule.protocol != protocol:
        return False
    low = 0 if rule.from_port in (None, -1) else rule.from_port
    high = 65535 if rule.to_port in (None, -1) else rule.to_port
    assert low is not None and high is not None
    return low <= port <= high


def listener_open(
    groups: Sequence[str], port: int, known: Mapping[str, SecurityGroup], *, internal: bool = False, name: str = ""
) -> Admission:
    """May a client on this machine, which stands for the internet, reach a load balancer's listener?"""
    if internal:
        return Admission(
            False,
            f"The load balancer {name} is internal: only clients inside its VPC reach it, and your address is outside. "
            "Create it with the scheme internet-facing.",
        )
    return admits(groups, INTERNET, port, known)


def can_pull(subnet: Subnet, assign_public_ip: bool) -> Admission:
    """Can a Fargate task in this subnet reach the registry that holds its image?

    Parameters
    ----------
    subnet : Subnet
        Where the task's network interface is.
    assign_public_ip : bool
        Whether the interface has a public address.
    """
    if subnet.default_route == "nat" or subnet.endpoints >= PULL_ENDPOINTS:
        return ALLOWED
    if subnet.default_route == "internet-gateway":
        if assign_public_ip:
            return ALLOWED
        return Admission(
            False,
            f"subnet {subnet.id} is public, but the task has no public address, so nothing on the internet can answer "
            "it: set assignPublicIp to ENABLED, or use a private subnet that has a route to a NAT gateway, or VPC "
            "endpoints for ECR and S3.",
        )
    return Admission(
        False,
        f"subnet {subnet.id} has no route to the internet: add a route for 0.0.0.0/0 to a NAT gateway, or VPC "
        "endpoints for ECR (ecr.api and ecr.dkr) and S3.",
    )


def _from_source(rule: Rule, source: Source) -> bool:
    if rule.group is not None:
        return rule.group in source.groups
    if rule.cidr is None:
        return False
    block = network(rule.cidr)
    if block is None:
        return False
    if not source.addresses:
        return holds_learner(rule.cidr)
    return any(IPv4Address(address) in block for address in source.addresses)


@lru_cache(maxsize=1024)
def network(cidr: str) -> IPv4Network | None:
    """The IPv4 block of a CIDR notation, or None for anything else."""
    try:
        return IPv4Network(cidr, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def holds_learner(cidr: str) -> bool:
    """Does this block stand for the learner's own address, as this module's docstring says?"""
    block = network(cidr)
    if block is None:
        return False
    if LEARNER in block:
        return True
    return not any(block.subnet_of(other) for other in NOT_THE_LEARNER)


def _refusal(
    groups: Sequence[SecurityGroup], source: Source, port: int, protocol: str, known: Mapping[str, SecurityGroup]
) -> str:
    names = _listed(f"{group.id} ({group.name})" for group in groups) or "that is attached"
    noun = "Security group" if len(groups) <= 1 else "None of the security groups"
    verb = "has no inbound rule" if len(groups) <= 1 else "has an inbound rule"
    who = source.name
    if source.groups:
        who += " (" + _listed(f"security group {_named(group, known)}" for group in source.groups) + ")"
    text = f"{noun} {names} {verb} that lets {protocol.upper()} port {port} in from {who}."
    near = [rule for group in groups for rule in group.inbound if rule_covers(rule, port, protocol)]
    if near:
        text += f" It lets that port in only from {_listed(dict.fromkeys(_origin(rule, known) for rule in near))}."
    return text


def _origin(rule: Rule, known: Mapping[str, SecurityGroup]) -> str:
    return _named(rule.group, known) if rule.group else rule.cidr or "a prefix list"


def _named(group: str, known: Mapping[str, SecurityGroup]) -> str:
    return f"{group} ({known[group].name})" if group in known else group


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
