"""The tags of EC2's things end with them, which moto leaves out; under the world's lock.

See https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html: tags are part of a thing. An instance that was
terminated keeps its own as long as it is shown.
"""

import importlib
from typing import Any

from . import moto_load
from .call import ACCOUNT

KEPT_IN = {
    "acl": "network_acls",
    "eni": "enis",
    "igw": "internet_gateways",
    "lt": "launch_templates",
    "nat": "nat_gateways",
    "rtb": "route_tables",
    "sg": "groups",
    "snap": "snapshots",
    "subnet": "subnets",
    "vol": "volumes",
    "vpc": "vpcs",
}
"""By the first part of an id: where moto keeps such things."""
BY_PLACE = ("groups", "subnets")
"""Kept by the VPC or the zone in which they are."""


def forget_gone(region: str) -> None:
    """Forget the tags of what has gone."""
    moto_load.load()
    backend = importlib.import_module("moto.ec2.models").ec2_backends[ACCOUNT][region]
    for name in [name for name in backend.tags if not _there(backend, name)]:
        del backend.tags[name]


def _there(backend: Any, name: str) -> bool:
    prefix = name.partition("-")[0]
    if prefix == "eipalloc":
        return any(address.allocation_id == name for address in backend.addresses)
    where = KEPT_IN.get(prefix)
    if where is None:
        return True
    kept = getattr(backend, where)
    return any(name in things for things in kept.values()) if where in BY_PLACE else name in kept
