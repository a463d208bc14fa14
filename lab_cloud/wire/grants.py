"""What IAM's own policies say of a user or role: their documents, inline, attached, and those of a user's groups."""

import importlib
from collections.abc import Iterator
from typing import Any

from . import moto_load


def documents_of(arn: str) -> list[str] | None:
    """The identity policies of a user or role as JSON texts; under the world's lock.

    Parameters
    ----------
    arn : str
        Of the user or role.

    Returns
    -------
    list of str or None
        None when IAM knows no such user or role: the account's root user, or a name that nobody has made.
    """
    if arn.endswith(":root") or not moto_load.loaded():
        return None
    iam = importlib.import_module("moto.iam.models").iam_backends
    for _account, _partition, backend in list(iam.iter_backends()):
        for user in backend.users.values():
            if user.arn == arn:
                groups = [group for group in backend.groups.values() if user in group.users]
                return [text for one in (user, *groups) for text in _texts(one)]
        for role in backend.roles.values():
            if role.arn == arn:
                return list(_texts(role))
    return None


def _texts(owner: Any) -> Iterator[str]:
    yield from owner.policies.values()
    for policy in owner.managed_policies.values():
        yield from (version.document for version in policy.versions if version.version_id == policy.default_version_id)
