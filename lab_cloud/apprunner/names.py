"""ARNs, ids and times as App Runner writes them."""

import datetime
import secrets
import uuid

from ..wire import ACCOUNT, PARTITION

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def arn(region: str, resource: str) -> str:
    """The ARN of a resource, for example ``service/DemoHTTP/0123…``."""
    return f"arn:{PARTITION}:apprunner:{region}:{ACCOUNT}:{resource}"


def hex_id() -> str:
    """An id in an ARN: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def operation_id() -> str:
    """An operation's id."""
    return str(uuid.uuid4())


def url(region: str) -> str:
    """A service's address in AWS's shape, without ``https://``."""
    return f"{''.join(secrets.choice(ALPHABET) for _ in range(10))}.{region}.awsapprunner.com"


def moment(seconds: float | None) -> datetime.datetime | None:
    """Epoch seconds as the timestamp that answers carry."""
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(round(seconds, 3), datetime.UTC)
