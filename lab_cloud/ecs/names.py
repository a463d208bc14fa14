"""ARNs, ids and times as ECS writes them."""

import datetime
import re
import secrets
import string
import uuid as uuids

from ..errors import AwsError
from ..wire import ACCOUNT, PARTITION

NAME = re.compile(r"^[a-zA-Z0-9_-]{1,255}$")
ID_DIGITS = string.digits


def arn(region: str, resource: str) -> str:
    """The ARN of an ECS resource, for example ``task/DemoCluster/0123…``."""
    return f"arn:{PARTITION}:ecs:{region}:{ACCOUNT}:{resource}"


def hex_id() -> str:
    """A task's or container's id: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def uuid() -> str:
    """An attachment's id."""
    return str(uuids.uuid4())


def deployment_id() -> str:
    """A deployment's id, for example ``ecs-svc/1234567890123456789``."""
    return "ecs-svc/" + "".join(secrets.choice(ID_DIGITS) for _ in range(19))


def short_id(length: int = 21) -> str:
    """The random tail of a service deployment's or revision's ARN."""
    alphabet = string.ascii_letters + string.digits + "-_"
    return "".join(secrets.choice(alphabet) for _ in range(length))


def moment(seconds: float | None) -> datetime.datetime | None:
    """Epoch seconds as the timestamp that answers carry."""
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(round(seconds, 3), datetime.UTC)


def epoch_of(value: object) -> float | None:
    """Epoch seconds of a timestamp as the AWS JSON protocol sends it; None when there is none.

    Raises
    ------
    AwsError
        ``SerializationException`` for anything else.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise AwsError("SerializationException", f"A timestamp must be a number of seconds, not {value!r}.")
    return float(value)


def last_part(name_or_arn: str) -> str:
    """The name at the end of an ARN; a plain name stays as it is."""
    return name_or_arn.rsplit("/", 1)[-1]


def check_name(kind: str, name: str) -> None:
    """Refuse a cluster's or service's name that AWS would refuse.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    if not NAME.match(name):
        raise AwsError(
            "InvalidParameterException",
            f"Invalid {kind} name '{name}'. Use up to 255 letters (uppercase and lowercase), "
            "numbers, underscores, and hyphens.",
        )
