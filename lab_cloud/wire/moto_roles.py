"""IAM's roles, as other services look at them; under the world's lock."""

import importlib
from typing import Any

from . import moto_load
from .call import ACCOUNT, PARTITION


def exists(arn: str) -> bool:
    """Whether there is a role of this ARN."""
    moto_load.load()
    backend: Any = importlib.import_module("moto.iam.models").iam_backends[ACCOUNT][PARTITION]
    return any(each.arn == arn for each in backend.roles.values())
