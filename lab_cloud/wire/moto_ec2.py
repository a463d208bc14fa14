"""Read EC2's network from moto into plain dataclasses, and make network interfaces in it.

Every function must be called under the world's lock. As long as moto has not been loaded there is no network yet: then
nothing is found, and nothing is loaded.

moto leaves out two things that AWS has in every account: the default VPC has no internet gateway, and a default
security group does not let its members reach each other. `complete` adds them, once; what a learner removes later stays
removed.
"""

import importlib
import random
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ..errors import AwsError
from ..network.model import DefaultRoute, Eni, Network, Rule, SecurityGroup, Subnet
from . import moto_load
from .call import ACCOUNT

RESERVED = 4
"""AWS keeps the first four addresses of a subnet, and the last."""


def subnet(region: str, subnet_id: str) -> Subnet | None:
    """A subnet with its routes, or None."""
    backend = _backend(region)
    found = _subnet(backend, subnet_id)
    if found is None:
        return None
    return Subnet(
        id=found.id,
        vpc_id=found.vpc_id,
        zone=found.availability_zone,
        cidr=found.cidr_block,
        default_route=_default_route(backend, found),
        endpoints=_endpoints(backend, found),
    )


def has_ipv6(region: str, subnet_id: str) -> bool:
    """Whether a subnet has a block of IPv6 addresses."""
    found = _subnet(_backend(region), subnet_id)
    return found is not None and bool(found.ipv6_cidr_block_associations)


def assigns_public(region: str, subnet_id: str) -> bool:
    """Whether instances in a subnet get public addresses by themselves."""
    found = _subnet(_backend(region), subnet_id)
    return found is not None and str(found.map_public_ip_on_launch).lower() == "true"


def security_groups(region: str) -> dict[str, SecurityGroup]:
    """All security groups of a region by id."""
    return {group.id: _security_group(group) for group in _groups(_backend(region))}


def network(region: str) -> Network:
    """The security groups of a region, and which groups each address (or instance) has."""
    backend = _backend(region)
    if backend is None:
        return Network()
    members: dict[str, tuple[str, ...]] = {}
    instances: dict[str, str] = {}
    for eni in backend.enis.values():
        groups = tuple(group.id for group in eni.group_set)
        members[eni.private_ip_address] = groups
        if eni.instance is not None:
            members[eni.instance.id] = groups
            if eni.device_index in (0, "0"):
                instances[eni.instance.id] = eni.private_ip_address
    states = {one.id: str(one.state) for one in backend.all_instances()}
    return Network({group.id: _security_group(group) for group in _groups(backend)}, members, instances, states)


def default_group(region: str, vpc_id: str) -> str | None:
    """The id of a VPC's default security group."""
    backend = _backend(region)
    found = [group.id for group in _groups(backend) if group.is_default and group.vpc_id == vpc_id]
    return found[0] if found else None


def has_internet_gateway(region: str, vpc_id: str) -> bool:
    """Whether an internet gateway is attached to this VPC."""
    backend = _backend(region)
    return backend is not None and any(
        gateway.vpc is not None and gateway.vpc.id == vpc_id for gateway in backend.internet_gateways.values()
    )


def vpc_blocks(region: str, vpc_id: str) -> list[IPv4Network]:
    """The IPv4 blocks of a VPC."""
    backend = _backend(region)
    vpc = backend.vpcs.get(vpc_id) if backend is not None else None
    if vpc is None:
        return []
    return [IPv4Network(one["cidr_block"], strict=False) for one in vpc.get_cidr_block_association_set(ipv6=False)]


def instance_state(region: str, instance_id: str) -> tuple[str, str] | None:
    """An instance's state and VPC, or None."""
    backend = _backend(region)
    found = backend.get_instance_by_id(instance_id) if backend is not None else None
    return (str(found.state), str(found.vpc_id)) if found is not None else None


def create_eni(
    region: str,
    subnet_id: str,
    groups: Sequence[str],
    *,
    public_ip: bool = False,
    description: str = "",
    address: str = "",
) -> Eni:
    """Make a network interface with a free address of the subnet.

    Parameters
    ----------
    region, subnet_id : str
        Where.
    groups : sequence of str
        Ids of security groups; none means the VPC's default group, as on AWS.
    public_ip : bool
        Whether it gets a public address too.
    description : str
        What DescribeNetworkInterfaces shows.
    address : str
        The address that it must have, which is free; empty for any.

    Raises
    ------
    AwsError
        ``InvalidSubnetID.NotFound``, ``InvalidGroup.NotFound``, ``InsufficientFreeAddressesInSubnet``.
    """
    backend = _backend(region)
    place = _subnet(backend, subnet_id)
    if backend is None or place is None:
        raise AwsError("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")
    known = {group.id for group in _groups(backend)}
    for group in groups:
        if group not in known:
            raise AwsError("InvalidGroup.NotFound", f"The security group '{group}' does not exist")
    address = address or _free_address(backend, place)
    made = backend.create_network_interface(
        place, address, group_ids=list(groups), description=description, public_ip_auto_assign=public_ip
    )
    place.request_ip(address, made)
    made.status = "in-use"
    made.requester_managed = True
    return Eni(
        id=made.id,
        subnet_id=place.id,
        private_ip=address,
        mac=made.mac_address,
        private_dns=_dns_name(region, address),
        groups=tuple(group.id for group in made.group_set),
        public_ip=made.public_ip,
    )


def set_eni_groups(region: str, eni_id: str, groups: Sequence[str]) -> None:
    """Put an interface into other security groups; one that is gone is left alone."""
    backend = _backend(region)
    eni = backend.enis.get(eni_id) if backend is not None else None
    if eni is not None:
        eni._group_set = [group for group in _groups(backend) if group.id in groups]


def delete_eni(region: str, eni_id: str) -> None:
    """Delete an interface and free its address; deleting twice changes nothing."""
    backend = _backend(region)
    eni = backend.enis.get(eni_id) if backend is not None else None
    if eni is not None:
        eni.delete()


def group_users(region: str, group_id: str) -> list[str]:
    """Ids of what still uses a security group: interfaces, and other groups whose rules name it."""
    backend = _backend(region)
    if backend is None:
        return []
    used = [
        eni.id
        for eni in backend.enis.values()
        # moto leaves the interface of a terminated instance behind; on AWS it goes with the instance
        if any(group.id == group_id for group in eni.group_set)
        and (eni.instance is None or eni.instance.state != "terminated")
    ]
    used += [
        group.id
        for group in _groups(backend)
        if group.id != group_id and any(_names(rule, group_id) for rule in (*group.ingress_rules, *group.egress_rules))
    ]
    return used


def subnet_users(region: str, subnet_id: str) -> list[str]:
    """Ids of the network interfaces in a subnet; that of a terminated instance is gone on AWS."""
    backend = _backend(region)
    return [
        eni.id
        for eni in (backend.enis.values() if backend is not None else ())
        if eni.subnet.id == subnet_id and (eni.instance is None or eni.instance.state != "terminated")
    ]


def create_group(region: str, vpc_id: str, name: str, description: str) -> str:
    """Make a security group that admits its own members, as services make them; its id."""
    backend = _backend(region)
    group = backend.create_security_group(name, description, vpc_id)
    members = {"GroupId": group.id, "UserId": backend.account_id}
    backend.authorize_security_group_ingress(group.id, "-1", None, None, [], source_groups=[members], vpc_id=vpc_id)
    return str(group.id)


def delete_group(region: str, group_id: str) -> None:
    """Delete a security group that a service made; one that is still used stays."""
    backend = _backend(region)
    if backend is not None and not group_users(region, group_id):
        backend.delete_security_group(group_id=group_id)


def is_default_group(region: str, group_id: str) -> bool:
    """Whether this is a VPC's default security group."""
    return any(group.id == group_id and group.is_default for group in _groups(_backend(region)))


def complete(region: str) -> None:
    """Add what moto leaves out of a new VPC; see this module's docstring."""
    _backend(region)


def _backend(region: str) -> Any:
    if not moto_load.loaded():
        return None
    backend = importlib.import_module("moto.ec2.models").ec2_backends[ACCOUNT][region]
    _complete(backend)
    return backend


def _complete(backend: Any) -> None:
    # what was completed is kept on the backend itself, so that it is forgotten with it
    done: set[str] = backend.__dict__.setdefault("lab_completed", set())
    if len(done) == len(backend.vpcs):
        return
    for vpc_id, vpc in backend.vpcs.items():
        if vpc_id in done:
            continue
        done.add(vpc_id)
        for group in backend.groups[vpc_id].values():
            if group.is_default and not group.ingress_rules:
                members = {"GroupId": group.id, "UserId": backend.account_id}
                backend.authorize_security_group_ingress(
                    group.id, "-1", None, None, [], source_groups=[members], vpc_id=vpc_id
                )
        if vpc.is_default and not backend.internet_gateways:
            gateway = backend.create_internet_gateway()
            backend.attach_internet_gateway(gateway.id, vpc_id)
            main = [one for one in backend.route_tables.values() if one.vpc_id == vpc_id and one.main_association_id]
            backend.create_route(main[0].id, "0.0.0.0/0", gateway_id=gateway.id)
    done.intersection_update(backend.vpcs)


def _groups(backend: Any) -> Iterable[Any]:
    if backend is None:
        return ()
    return [group for of_vpc in backend.groups.values() for group in of_vpc.values()]


def _subnet(backend: Any, subnet_id: str) -> Any:
    if backend is None:
        return None
    for of_zone in backend.subnets.values():
        if subnet_id in of_zone:
            return of_zone[subnet_id]
    return None


def _security_group(group: Any) -> SecurityGroup:
    rules = tuple(
        Rule(rule.ip_protocol, rule.from_port, rule.to_port, rule.cidr_ipv4, rule.source_group.get("GroupId"))
        for rule in group.ingress_rules
    )
    return SecurityGroup(group.id, group.name, group.vpc_id, rules, group.is_default)


def _names(rule: Any, group_id: str) -> bool:
    return bool(rule.source_group.get("GroupId") == group_id)


def _route_table(backend: Any, place: Any) -> Any:
    tables = [table for table in backend.route_tables.values() if table.vpc_id == place.vpc_id]
    own = [table for table in tables if place.id in table._associations.values()]
    return (own or [table for table in tables if table.main_association_id] or [None])[0]


def _default_route(backend: Any, place: Any) -> DefaultRoute:
    table = _route_table(backend, place)
    for route in table.routes if table is not None else ():
        if route.destination_cidr_block != "0.0.0.0/0" or route.local:
            continue
        gateway = route.gateway
        if gateway is None:
            return "nat"
        if not gateway.id.startswith("igw-"):
            return "nat"
        attached = backend.internet_gateways.get(gateway.id)
        return "internet-gateway" if attached is not None and attached.vpc is not None else "none"
    return "none"


def _endpoints(backend: Any, place: Any) -> frozenset[str]:
    table = _route_table(backend, place)
    found = set()
    for endpoint in backend.vpc_end_points.values():
        if endpoint.vpc_id != place.vpc_id:
            continue
        here = table is not None and table.id in (endpoint.route_table_ids or ())
        if endpoint.vpc_endpoint_type == "Interface" or here:
            found.add(endpoint.service_name.removeprefix(f"com.amazonaws.{backend.region_name}."))
    return frozenset(found)


def _free_address(backend: Any, place: Any) -> str:
    block: IPv4Network = place.cidr
    taken = {eni.private_ip_address for eni in backend.enis.values() if eni.subnet.id == place.id}
    taken |= set(place._subnet_ips)
    low, high = int(block.network_address) + RESERVED, int(block.broadcast_address) - 1
    for _ in range(64):
        address = str(IPv4Address(random.randint(low, high)))  # noqa: S311 - an address is no secret
        if address not in taken:
            return address
    for number in range(low, high + 1):
        if str(IPv4Address(number)) not in taken:
            return str(IPv4Address(number))
    raise AwsError("InsufficientFreeAddressesInSubnet", f"The subnet '{place.id}' does not have enough free addresses.")


def _dns_name(region: str, address: str) -> str:
    zone = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{address.replace('.', '-')}.{zone}"
