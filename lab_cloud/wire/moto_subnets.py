"""The subnets of a VPC, with their tags, and what moto leaves behind of subnets and NAT gateways.

See https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html: a NAT gateway that is deleted gives
its address back, and its network interface goes with it.
"""

import importlib
from typing import Any

from ..network.model import Subnet
from . import moto_ec2, moto_load
from .call import ACCOUNT


def of_vpc(region: str, vpc_id: str) -> list[tuple[Subnet, dict[str, str]]]:
    """The subnets of a VPC and the tags of each, by id; under the world's lock."""
    if not moto_load.loaded():
        return []
    found = []
    for zone in _backend(region).subnets.values():
        for each in zone.values():
            place = moto_ec2.subnet(region, each.id) if each.vpc_id == vpc_id else None
            if place is not None:
                found.append((place, {tag["key"]: tag["value"] for tag in each.get_tags()}))
    return sorted(found, key=lambda one: one[0].id)


def leave_acl(region: str, subnet: str) -> None:
    """Let a subnet that is about to go leave its network ACL."""
    for acl in _backend(region).network_acls.values():
        for name in [name for name, one in acl._associations.items() if one.subnet_id == subnet]:
            del acl._associations[name]


def free_nat_gateway(region: str, name: str) -> None:
    """Delete the network interface of a NAT gateway that is about to go, and give its address back."""
    backend = _backend(region)
    found = backend.nat_gateways.get(name)
    if found is None:
        return
    for address in backend.addresses:
        if address.eni is found._eni:
            backend.disassociate_address(association_id=address.association_id)
    moto_ec2.delete_eni(region, found._eni.id)


def _backend(region: str) -> Any:
    moto_load.load()
    return importlib.import_module("moto.ec2.models").ec2_backends[ACCOUNT][region]
