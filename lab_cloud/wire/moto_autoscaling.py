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
    """

    name: str
    arn: str


def group(region: str, name_or_arn: str) -> Group | None:
    """An Auto Scaling group by its name or ARN, or None."""
    models = sys.modules.get("moto.autoscaling.models")
    if models is None:
        return None
    for found in models.autoscaling_backends[ACCOUNT][region].autoscaling_groups.values():
        if name_or_arn in (found.name, found.arn):
            return Group(found.name, found.arn)
    return None
