"""What should listen, for whom, and which targets can be reached: decided from plain copies, without any I/O."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ..network import reach
from ..network.model import Network
from ..network.reach import Source
from .model import Balancing, Listener, LoadBalancer, TargetGroup

CARRIED = ("TCP", "TLS")
"""Protocols of a Network Load Balancer's listeners that are carried."""
GIVEN = re.compile(r"[a-z0-9-]+\.ecs\.[a-z0-9-]+\.on\.aws")
"""Host names that AWS itself gives to services behind a load balancer that they share: those of ECS Express Mode."""
Barriers = dict[tuple[str, str, int], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class DoorPlan:
    """A listener that should have a port, and why nobody gets in, if so.

    A listener of an Application Load Balancer that is a target of a network one has a second port, `inside` its VPC.
    A name that AWS gives to one of its services has a port of its own, where it is the `host`: plain HTTP, since no
    client here would trust the certificate of a name that leads to AWS.
    """

    balancer: LoadBalancer
    listener: Listener
    refusal: str = ""
    inside: bool = False
    host: str = ""

    @property
    def scheme(self) -> str:
        """What clients speak here."""
        return "https" if self.listener.protocol in ("HTTPS", "TLS") and not self.host else "http"

    @property
    def key(self) -> str:
        """What stands for this listener across restarts."""
        if self.host:
            return f"name/{self.host}"
        place = f"{self.balancer.region}/{self.balancer.name}/{self.listener.port}"
        return f"inside/{place}" if self.inside else place


@dataclass(frozen=True)
class Plan:
    """All that the data plane should do.

    Parameters
    ----------
    doors : dict
        What should listen, by key.
    in_use : frozenset of str
        ARNs of the target groups that some listener forwards to.
    barriers : dict
        Targets that a security group keeps the load balancer from, as `TargetRegistry.set_barriers` takes them.
    """

    doors: dict[str, DoorPlan] = field(default_factory=dict)
    in_use: frozenset[str] = frozenset()
    barriers: Barriers = field(default_factory=dict)


def decide(balancing: Balancing, networks: Mapping[str, Network], places: Iterable[tuple[str, str, int, int]]) -> Plan:
    """Work out the plan.

    Parameters
    ----------
    balancing : Balancing
        What exists.
    networks : mapping
        Each region's security groups and who is in them.
    places : iterable
        The registered targets: their group's ARN, address, port, and port of health checks.
    """
    doors: dict[str, DoorPlan] = {}
    users: dict[str, list[LoadBalancer]] = {}
    for balancer in balancing.load_balancers:
        for listener in balancer.listeners:
            known = networks.get(balancer.region, Network())
            plan = DoorPlan(balancer, listener, _refusal(balancer, listener, known))
            doors[plan.key] = plan
            for host in _given(listener):
                named = replace(plan, host=host)
                doors[named.key] = named
            for arn in listener.targets:
                if balancer not in users.setdefault(arn, []):
                    users[arn].append(balancer)
    places = list(places)
    for plan in _inside(balancing, users, networks, places):
        doors[plan.key] = plan
    return Plan(doors, frozenset(users), _barriers(balancing.target_groups, users, networks, places))


def _refusal(balancer: LoadBalancer, listener: Listener, network: Network) -> str:
    if balancer.kind == "gateway":
        return f"{balancer.name} is a Gateway Load Balancer; the embedded cloud has no appliances that it could serve."
    if balancer.kind == "network" and listener.protocol not in CARRIED:
        return (
            f"The listener on port {listener.port} of {balancer.name} speaks {listener.protocol}; the embedded cloud "
            "carries TCP and TLS only, so nobody gets in here."
        )
    if balancer.kind == "application" and listener.protocol not in ("HTTP", "HTTPS"):
        return f"The embedded cloud serves HTTP and HTTPS only, and this listener speaks {listener.protocol}."
    return reach.listener_open(
        balancer.groups, listener.port, network.groups, internal=balancer.internal, name=balancer.name
    ).reason


def _given(listener: Listener) -> Iterator[str]:
    for rule in listener.rules:
        for condition in rule.conditions:
            if condition.field == "host-header":
                yield from (value for value in condition.values if GIVEN.fullmatch(value))


def _inside(
    balancing: Balancing,
    users: Mapping[str, list[LoadBalancer]],
    networks: Mapping[str, Network],
    places: Iterable[tuple[str, str, int, int]],
) -> Iterator[DoorPlan]:
    balancers = {one.arn: one for one in balancing.load_balancers}
    for arn, address, port, _check_port in places:
        target, group = balancers.get(address), balancing.target_groups.get(arn)
        if target is None or group is None or group.target_type != "alb":
            continue
        known = networks.get(target.region, Network()).groups
        for user in users.get(arn, ()):
            refusal = reach.admits(target.groups, client_of(user), port, known).reason
            yield from (DoorPlan(target, one, refusal, True) for one in target.listeners if one.port == port)


def _barriers(
    target_groups: Mapping[str, TargetGroup],
    users: Mapping[str, list[LoadBalancer]],
    networks: Mapping[str, Network],
    places: Iterable[tuple[str, str, int, int]],
) -> Barriers:
    found: Barriers = {}
    for arn, address, port, check_port in places:
        for balancer in users.get(arn, ()):
            network = networks.get(balancer.region, Network())
            groups = network.members.get(address)
            if groups is None:
                continue  # not an address of ours: nothing is known of its groups
            source = source_of(balancer)
            client = client_of(balancer) if _preserves(balancer, target_groups.get(arn)) else source
            traffic = reach.admits(groups, client, port, network.groups).reason
            check = reach.admits(groups, source, check_port, network.groups).reason
            if traffic or check:
                found[arn, address, port] = (traffic, check)
    return found


def _preserves(balancer: LoadBalancer, group: TargetGroup | None) -> bool:
    return balancer.kind == "network" and group is not None and group.preserve_client_ip


def client_of(balancer: LoadBalancer) -> Source:
    """A client whose address the load balancer preserves; the balancer's own security groups stand for it, too."""
    return Source("your address", (), balancer.groups)


def source_of(balancer: LoadBalancer) -> Source:
    """A load balancer as the source of traffic to its targets."""
    return Source(f"the load balancer {balancer.name}", balancer.addresses, balancer.groups)
