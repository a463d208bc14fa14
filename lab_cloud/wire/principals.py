"""Whose an access key is: the account's root, a user of IAM, or the session of a role."""

import importlib
from dataclasses import dataclass

from . import moto_load
from .call import ACCOUNT, PARTITION

ROOT_ARN = f"arn:{PARTITION}:iam::{ACCOUNT}:root"


@dataclass(frozen=True)
class Caller:
    """Who calls.

    Parameters
    ----------
    arn : str
        Of the user or session.
    role : str
        The role's ARN, for a session; else empty.
    """

    arn: str
    role: str = ""


def caller_of(access_key: str) -> Caller:
    """Whose key this is; under the world's lock.

    A key that neither IAM nor STS has handed out is the cloud's own, which is the account's root user.
    """
    if not moto_load.loaded():
        return Caller(ROOT_ARN)
    iam = importlib.import_module("moto.iam.models").iam_backends
    for _account, _partition, backend in list(iam.iter_backends()):
        for user in backend.users.values():
            if any(key.access_key_id == access_key for key in user.access_keys):
                return Caller(str(user.arn))
    sts = importlib.import_module("moto.sts.models").sts_backends
    for _account, _partition, backend in list(sts.iter_backends()):
        for session in backend.assumed_roles:
            if session.access_key_id == access_key:
                return Caller(str(session.arn), str(session.role_arn))
    return Caller(ROOT_ARN)
