"""Read Auto Scaling groups from moto into plain dataclasses.

Every function must be called under the world's lock.
"""

import importlib
from dataclasses import dataclass

from . import moto_load
from .call import ACCOUNT


@dataclass(frozen=True)
class Group:
    """What decisions on an Auto Scaling group look at.

    Parameters
    ----------
    name : str
        Its name, unique in a region.
    min_size, max_size, desired : int
        Numbers of instances.
    instances : tuple of str
        Ids of the instances that it has now.
    """

    name: str
    min_size: int
    max_size: int
    desired: int
    instances: tuple[str, ...] = ()


def group(region: str, name: str) -> Group | None:
    """A group by its name, or None."""
    moto_load.load()
    backend = importlib.import_module("moto.autoscaling.models").autoscaling_backends[ACCOUNT][region]
    found = backend.autoscaling_groups.get(name)
    if found is None:
        return None
    return Group(
        name=found.name,
        min_size=int(found.min_size),
        max_size=int(found.max_size),
        desired=int(found.desired_capacity),
        instances=tuple(state.instance.id for state in found.active_instances()),
    )
