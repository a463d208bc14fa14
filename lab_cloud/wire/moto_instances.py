"""Say of EC2 instances what they are here: records that count CPU and memory, with no virtual machine behind them.

Must be called under the world's lock.
"""

import importlib

from . import moto_load
from .call import ACCOUNT

LABEL = ("embedded-cloud", "capacity record: there is no virtual machine")


def label(region: str) -> None:
    """Put the label on every instance of a region that has none yet."""
    moto_load.load()
    backend = importlib.import_module("moto.ec2.models").ec2_backends[ACCOUNT][region]
    key, value = LABEL
    for instance in backend.all_instances():
        if key not in backend.tags.get(instance.id, {}):
            backend.tags[instance.id][key] = value
