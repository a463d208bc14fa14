"""What IAM and other services of moto's hold of policies; every function under the world's lock."""

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from . import moto_load
from .call import ACCOUNT, PARTITION


@dataclass(frozen=True)
class Grants:
    """What a user or role has.

    Parameters
    ----------
    arn : str
        Its ARN, with its path.
    id : str
        Its unique id.
    identity : tuple of str
        Its policies, inline and attached, and those of a user's groups, as JSON texts.
    boundary : str or None
        Its permissions boundary.
    trust : str
        A role's trust policy; empty for a user.
    tags : dict
        Its tags.
    """

    arn: str
    id: str
    identity: tuple[str, ...]
    boundary: str | None
    trust: str = ""
    tags: dict[str, str] = field(default_factory=dict)


def grants_of(arn: str) -> Grants | None:
    """What a user or role has; None when IAM knows no such user or role."""
    if arn.endswith(":root") or not moto_load.loaded():
        return None
    iam = _iam()
    for user in iam.users.values():
        if user.arn == arn:
            groups = [group for group in iam.groups.values() if user in group.users]
            texts = tuple(text for one in (user, *groups) for text in _texts(one))
            boundary = _boundary(iam, getattr(user, "permissions_boundary_arn", None))
            return Grants(arn, str(user.id), texts, boundary, tags=_tags(iam.tagger.list_tags_for_resource(arn)))
    for role in iam.roles.values():
        if role.arn == arn:
            boundary = _boundary(iam, role.permissions_boundary_arn)
            trust = str(role.assume_role_policy_document or "")
            return Grants(arn, str(role.id), tuple(_texts(role)), boundary, trust, _tags({"Tags": _listed(role.tags)}))
    return None


def _iam() -> Any:
    return importlib.import_module("moto.iam.models").iam_backends[ACCOUNT][PARTITION]


def _texts(owner: Any) -> Iterator[str]:
    yield from owner.policies.values()
    for policy in owner.managed_policies.values():
        yield _document(policy)


def _document(policy: Any) -> str:
    return next(
        (str(version.document) for version in policy.versions if version.version_id == policy.default_version_id), ""
    )


def _boundary(iam: Any, arn: str | None) -> str | None:
    if not arn:
        return None
    policy = iam.managed_policies.get(arn)
    return _document(policy) if policy is not None else "{}"  # a boundary that is gone allows nothing


def _listed(tags: Any) -> list[dict[str, str]]:
    return list(tags.values()) if isinstance(tags, dict) else list(tags or ())


def _tags(found: dict[str, Any]) -> dict[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in found.get("Tags", ())}


def resource_policy(arn: str) -> str | None:
    """The policy of a bucket, a queue, a topic or a secret; None when it has none, or is none of these."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return None
    models = sys.modules.get(f"moto.{parts[2]}.models")  # a service that nobody has used holds nothing
    reader = _READERS.get(parts[2])
    if models is None or reader is None:
        return None
    found = reader(models, parts[3], parts[5], arn)
    return found.decode() if isinstance(found, bytes) else found or None


def _of_bucket(models: Any, _region: str, rest: str, _arn: str) -> Any:
    buckets = models.s3_backends[ACCOUNT][PARTITION].buckets
    bucket = buckets.get(rest.partition("/")[0])
    return bucket.policy if bucket is not None else None


def _of_queue(models: Any, region: str, rest: str, _arn: str) -> Any:
    queue = models.sqs_backends[ACCOUNT][region].queues.get(rest)
    return queue.policy if queue is not None else None


def _of_topic(models: Any, region: str, _rest: str, arn: str) -> Any:
    topic = models.sns_backends[ACCOUNT][region].topics.get(arn)
    return topic.policy if topic is not None else None


def _of_secret(models: Any, region: str, _rest: str, arn: str) -> Any:
    found = (one for one in models.secretsmanager_backends[ACCOUNT][region].secrets.values() if one.arn == arn)
    secret = next(found, None)
    return getattr(secret, "policy", None)


_READERS = {"s3": _of_bucket, "sqs": _of_queue, "sns": _of_topic, "secretsmanager": _of_secret}


def secret_arn(region: str, name: str) -> str:
    """The whole ARN of a secret by its name or a part of its ARN; what was given when there is no such secret."""
    models: Any = sys.modules.get("moto.secretsmanager.models")
    if models is not None:
        for secret in models.secretsmanager_backends[ACCOUNT][region].secrets.values():
            if name in (secret.name, secret.arn, secret.arn.rpartition("-")[0]):
                return str(secret.arn)
    return name


def longest_session(role: str) -> int:
    """How many seconds a session of a role lasts at most."""
    found = next((one for one in _iam().roles.values() if one.arn == role), None)
    return int(found.max_session_duration or 3600) if found is not None else 3600
