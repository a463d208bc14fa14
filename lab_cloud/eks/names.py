"""Names, ids and ARNs of EKS."""

import datetime
import secrets
import string
import uuid as _uuid

from ..wire import ACCOUNT, PARTITION

LETTERS = string.ascii_lowercase + string.digits


def arn(region: str, resource: str) -> str:
    """The ARN of a resource of EKS, for example of ``cluster/DemoEKS``."""
    return f"arn:{PARTITION}:eks:{region}:{ACCOUNT}:{resource}"


def cluster_arn(region: str, cluster: str) -> str:
    """The ARN of a cluster."""
    return arn(region, f"cluster/{cluster}")


def uuid() -> str:
    """A random id."""
    return str(_uuid.uuid4())


def short_id(length: int = 17) -> str:
    """A random id of small letters and digits."""
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def moment(now: float) -> datetime.datetime:
    """A time (epoch seconds) as answers have it."""
    return datetime.datetime.fromtimestamp(now, datetime.UTC)
