"""ARNs, digests and times as ECR writes them."""

import datetime
import hashlib
import re

from ..wire import ACCOUNT, PARTITION

NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,299}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def arn(region: str, resource: str) -> str:
    """The ARN of something of ECR, for example ``repository/web``."""
    return f"arn:{PARTITION}:ecr:{region}:{ACCOUNT}:{resource}"


def digest_of(data: bytes) -> str:
    """``sha256:…`` of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def moment(seconds: float | None) -> datetime.datetime | None:
    """Epoch seconds as the timestamp that answers carry."""
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(round(seconds, 3), datetime.UTC)


def image_id(digest: str | None, tag: str | None) -> str:
    """An image as ECR's error messages name it."""
    return f"{{imageDigest:'{digest or 'null'}', imageTag:'{tag or 'null'}'}}"


def identifier(digest: str | None, tag: str | None) -> dict[str, str]:
    """An ``imageId`` with what is known of it."""
    return {**({"imageDigest": digest} if digest else {}), **({"imageTag": tag} if tag else {})}
