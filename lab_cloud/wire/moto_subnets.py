"""The subnets of a VPC, with their tags."""

import importlib
from typing import Any

from ..network.model import Subnet
from . import moto_ec2, moto_load
from .call import ACCOUNT


def of_vpc(region: str, vpc_id: str) -> list[tuple[Subnet, dict[str, str]]]:
    """The subnets of a VPC and the tags of each, by id; under the world's lock."""
    if not moto_load.loaded():
        return []
    backend: Any = importlib.import_module("moto.ec2.models").ec2_backends[ACCOUNT][region]
    found = []
    for zone in backend.subnets.values():
        for each in zone.values():
            place = moto_ec2.subnet(region, each.id) if each.vpc_id == vpc_id else None
            if place is not None:
                found.append((place, {tag["key"]: tag["value"] for tag in each.get_tags()}))
    return sorted(found, key=lambda one: one[0].id)
