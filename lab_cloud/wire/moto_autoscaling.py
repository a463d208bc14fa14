"""Read Auto Scaling groups from moto.

Every function must be called under the world's lock. As long as nobody has used Amazon EC2 Auto Scaling there is no
group: then nothing is found, and nothing is loaded.
"""

import sys
from dataclasses import dataclass

from .call import ACCOUNT


@dataclass(frozen=True)
class Group:
    """An Auto Scaling group.

    Parameters
    ----------
    name, arn : str
        Its name and ARN.
    min_size, max_size : int
        Its bounds, in instances.
    instances : tuple of str
        Ids of the instances that it has now.
    """

    name: str
    arn: str
    min_size: int
    max_size: int
    instances: tuple[str, ...]


def group(region: str, name_or_arn: str) -> Group | None:
    """An Auto Scaling group by its name or ARN, or None."""
    models = sys.modules.get("moto.autoscaling.models")
    if models is None:
        return None
    for found in models.autoscaling_backends[ACCOUNT][region].autoscaling_groups.values():
        if name_or_arn in (found.name, found.arn):
            instances = tuple(state.instance.id for state in found.active_instances())
            return Group(found.name, found.arn, int(found.min_size), int(found.max_size), instances)
    return None
